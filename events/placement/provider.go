package placement

// ProviderCreated says that something else than a compute host has resources to
// give. Hosts are providers by having joined.
type ProviderCreated struct {
	ID, Name string
	ParentID string `json:",omitempty"`
}

// ProviderRenamed says what the provider is called from now on.
type ProviderRenamed struct{ ID, Name string }

// ProviderMoved says below which provider this one stands, with all below it.
// Without a parent it is the root of its own tree.
type ProviderMoved struct {
	ID       string
	ParentID string `json:",omitempty"`
}

// ProviderDeleted says that the provider is no more.
type ProviderDeleted struct{ ID string }

// EventType is the wire name.
func (ProviderCreated) EventType() string { return "placement.provider.created" }

// EventType is the wire name.
func (ProviderRenamed) EventType() string { return "placement.provider.renamed" }

// EventType is the wire name.
func (ProviderMoved) EventType() string { return "placement.provider.moved" }

// EventType is the wire name.
func (ProviderDeleted) EventType() string { return "placement.provider.deleted" }
