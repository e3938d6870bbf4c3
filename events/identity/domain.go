package identity

// DomainCreated says that a domain, the border of users', groups' and projects' names, is there.
type DomainCreated struct {
	ID, Name, Description string
	Enabled, Immutable    bool
	Extra                 string // see Extra in the package comment
}

// DomainDescribed says how a domain is called and described from now on.
type DomainDescribed struct {
	ID, Name, Description string
	Immutable             bool
	Extra                 string
}

// DomainEnabled says that a domain's users may log in again and its projects be used.
type DomainEnabled struct{ ID string }

// DomainDisabled says that nobody of this domain may do anything, and that all tokens of it are void for ever.
type DomainDisabled struct{ ID string }

// DomainDeleted says that a domain is gone. What it held is deleted by events of its own before it.
type DomainDeleted struct{ ID string }

// EventType is the wire name.
func (DomainCreated) EventType() string { return "identity.domain.created" }

// EventType is the wire name.
func (DomainDescribed) EventType() string { return "identity.domain.described" }

// EventType is the wire name.
func (DomainEnabled) EventType() string { return "identity.domain.enabled" }

// EventType is the wire name.
func (DomainDisabled) EventType() string { return "identity.domain.disabled" }

// EventType is the wire name.
func (DomainDeleted) EventType() string { return "identity.domain.deleted" }
