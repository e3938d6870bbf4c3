package compute

// AggregateCreated says that hosts may be grouped under a name. Zone is the
// availability zone that its hosts are in; empty: it makes none.
type AggregateCreated struct{ ID, Name, Zone string }

// AggregateChanged says under what name an aggregate goes from now on, what
// zone its hosts are in, and with what metadata.
type AggregateChanged struct {
	ID, Name, Zone string
	Metadata       map[string]string `json:",omitempty"`
}

// AggregateHostAdded says that a host belongs to an aggregate.
type AggregateHostAdded struct{ ID, Host string }

// AggregateHostRemoved says that a host belongs to an aggregate no more.
type AggregateHostRemoved struct{ ID, Host string }

// AggregateDeleted says that an aggregate, empty of hosts, is gone.
type AggregateDeleted struct{ ID string }

// AggregateImagesWanted says that the hosts of an aggregate that were there should
// have these images before a server needs them. Each brings them as it can.
type AggregateImagesWanted struct {
	ID              string
	Images, OnHosts []string
}

// EventType is the wire name.
func (AggregateImagesWanted) EventType() string { return "compute.aggregate.images_wanted" }

// EventType is the wire name.
func (AggregateCreated) EventType() string { return "compute.aggregate.created" }

// EventType is the wire name.
func (AggregateChanged) EventType() string { return "compute.aggregate.changed" }

// EventType is the wire name.
func (AggregateHostAdded) EventType() string { return "compute.aggregate.host_added" }

// EventType is the wire name.
func (AggregateHostRemoved) EventType() string { return "compute.aggregate.host_removed" }

// EventType is the wire name.
func (AggregateDeleted) EventType() string { return "compute.aggregate.deleted" }
