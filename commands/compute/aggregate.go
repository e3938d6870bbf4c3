package compute

// CreateAggregate makes an aggregate without hosts.
type CreateAggregate struct{ ID, Name, Zone string }

// ChangeAggregate changes what is named: nil leaves a thing as it is. Of
// metadata, an empty value takes the key away.
type ChangeAggregate struct {
	ID         string
	Name, Zone *string
	Metadata   map[string]string
}

// DeleteAggregate removes an aggregate that has no host.
type DeleteAggregate struct{ ID string }

// AddAggregateHost puts a host into an aggregate.
type AddAggregateHost struct{ ID, Host string }

// RemoveAggregateHost takes a host out of an aggregate.
type RemoveAggregateHost struct{ ID, Host string }

// CacheImages has the hosts of an aggregate bring images before a server needs them.
type CacheImages struct {
	ID     string
	Images []string
}

// CommandType is the wire name.
func (CacheImages) CommandType() string { return "compute.aggregate.cache_images" }

// CommandType is the wire name.
func (CreateAggregate) CommandType() string { return "compute.aggregate.create" }

// CommandType is the wire name.
func (ChangeAggregate) CommandType() string { return "compute.aggregate.change" }

// CommandType is the wire name.
func (DeleteAggregate) CommandType() string { return "compute.aggregate.delete" }

// CommandType is the wire name.
func (AddAggregateHost) CommandType() string { return "compute.aggregate.add_host" }

// CommandType is the wire name.
func (RemoveAggregateHost) CommandType() string { return "compute.aggregate.remove_host" }
