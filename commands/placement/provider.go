package placement

// CreateProvider adds a provider of resources.
type CreateProvider struct{ ID, Name, ParentID string }

// ChangeProvider renames a provider, and puts it below another one where Parented
// is set. Once it has a parent, only a caller of newer times may move it again.
type ChangeProvider struct {
	ID, Name, ParentID string
	Parented, Again    bool
}

// DeleteProvider removes a provider that nobody uses.
type DeleteProvider struct{ ID string }

// CommandType is the wire name.
func (CreateProvider) CommandType() string { return "placement.provider.create" }

// CommandType is the wire name.
func (ChangeProvider) CommandType() string { return "placement.provider.change" }

// CommandType is the wire name.
func (DeleteProvider) CommandType() string { return "placement.provider.delete" }
