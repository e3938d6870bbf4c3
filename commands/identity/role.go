package identity

// CreateRole makes a role, a domain's own if one is named.
type CreateRole struct {
	ID, DomainID, Name, Description string
	Immutable                       bool
	Extra                           string
}

// ChangeRole renames or describes a role.
type ChangeRole struct {
	ID                string
	Name, Description *string
	Immutable         *bool
	Extra             string
}

// DeleteRole deletes a role and takes it from whomever has it.
type DeleteRole struct{ ID string }

// ImplyRole lets a role bring another. It may be asked again.
type ImplyRole struct{ PriorID, ImpliedID string }

// StopImplyingRole lets a role no more bring another.
type StopImplyingRole struct{ PriorID, ImpliedID string }

// CommandType is the wire name.
func (CreateRole) CommandType() string { return "identity.role.create" }

// CommandType is the wire name.
func (ChangeRole) CommandType() string { return "identity.role.change" }

// CommandType is the wire name.
func (DeleteRole) CommandType() string { return "identity.role.delete" }

// CommandType is the wire name.
func (ImplyRole) CommandType() string { return "identity.role.imply" }

// CommandType is the wire name.
func (StopImplyingRole) CommandType() string { return "identity.role.stop_implying" }
