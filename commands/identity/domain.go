package identity

// CreateDomain makes a domain.
type CreateDomain struct {
	ID, Name, Description string
	Enabled, Immutable    bool
	Extra                 string
}

// ChangeDomain renames, describes, enables or disables a domain.
type ChangeDomain struct {
	ID                 string
	Name, Description  *string
	Enabled, Immutable *bool
	Extra              string
}

// DeleteDomain deletes a disabled domain with all that is in it.
type DeleteDomain struct{ ID string }

// CommandType is the wire name.
func (CreateDomain) CommandType() string { return "identity.domain.create" }

// CommandType is the wire name.
func (ChangeDomain) CommandType() string { return "identity.domain.change" }

// CommandType is the wire name.
func (DeleteDomain) CommandType() string { return "identity.domain.delete" }
