package identity

// ProjectCreated says that a project is there. ParentID is empty for one right below its domain.
type ProjectCreated struct {
	ID, DomainID, ParentID string
	Name, Description      string
	Enabled, Immutable     bool
	Tags                   []string
	Extra                  string
}

// ProjectDescribed says how a project is called and described from now on.
type ProjectDescribed struct {
	ID, Name, Description string
	Immutable             bool
	Extra                 string
}

// ProjectTagged says which tags a project has from now on, in order.
type ProjectTagged struct {
	ID   string
	Tags []string
}

// ProjectEnabled says that tokens for a project may be had again.
type ProjectEnabled struct{ ID string }

// ProjectDisabled says that a project can't be used, and that all tokens for it are void for ever.
type ProjectDisabled struct{ ID string }

// ProjectDeleted says that a project is gone, and with it the roles assigned on it and the
// application credentials for it.
type ProjectDeleted struct{ ID string }

// EventType is the wire name.
func (ProjectCreated) EventType() string { return "identity.project.created" }

// EventType is the wire name.
func (ProjectDescribed) EventType() string { return "identity.project.described" }

// EventType is the wire name.
func (ProjectTagged) EventType() string { return "identity.project.tagged" }

// EventType is the wire name.
func (ProjectEnabled) EventType() string { return "identity.project.enabled" }

// EventType is the wire name.
func (ProjectDisabled) EventType() string { return "identity.project.disabled" }

// EventType is the wire name.
func (ProjectDeleted) EventType() string { return "identity.project.deleted" }
