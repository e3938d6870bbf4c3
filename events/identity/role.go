package identity

// RoleCreated says that a role, a name that policy rules ask for, is there. One with a domain
// is that domain's own; those without are everybody's.
type RoleCreated struct {
	ID, DomainID, Name, Description string
	Immutable                       bool
	Extra                           string
}

// RoleDescribed says how a role is called and described from now on.
type RoleDescribed struct {
	ID, Name, Description string
	Immutable             bool
	Extra                 string
}

// RoleDeleted says that a role is gone, from whomever had it.
type RoleDeleted struct{ ID string }

// RoleImplied says that who has the prior role has the implied one too.
type RoleImplied struct{ PriorID, ImpliedID string }

// RoleNoLongerImplied says that the prior role no more brings the other.
type RoleNoLongerImplied struct{ PriorID, ImpliedID string }

// EventType is the wire name.
func (RoleCreated) EventType() string { return "identity.role.created" }

// EventType is the wire name.
func (RoleDescribed) EventType() string { return "identity.role.described" }

// EventType is the wire name.
func (RoleDeleted) EventType() string { return "identity.role.deleted" }

// EventType is the wire name.
func (RoleImplied) EventType() string { return "identity.role.implied" }

// EventType is the wire name.
func (RoleNoLongerImplied) EventType() string { return "identity.role.no_longer_implied" }
