package identity

// RegisteredLimitCreated says how much of a service's resource a project may have where no
// limit says otherwise, in one region or, without one, in all.
type RegisteredLimitCreated struct {
	ID, ServiceID, RegionID, ResourceName, Description string
	Default                                            int
}

// RegisteredLimitRevised says how a registered limit reads from now on.
type RegisteredLimitRevised struct {
	ID, ServiceID, RegionID, ResourceName, Description string
	Default                                            int
}

// RegisteredLimitDeleted says that a registered limit is gone.
type RegisteredLimitDeleted struct{ ID string }

// LimitCreated says that a project or a domain has a limit of its own in the place of a
// registered one.
type LimitCreated struct {
	ID, ProjectID, DomainID                        string
	ServiceID, RegionID, ResourceName, Description string
	Limit                                          int
}

// LimitRevised says how much a limit is from now on.
type LimitRevised struct {
	ID          string
	Limit       int
	Description string
}

// LimitDeleted says that the registered limit counts again.
type LimitDeleted struct{ ID string }

// EventType is the wire name.
func (RegisteredLimitCreated) EventType() string { return "identity.registered_limit.created" }

// EventType is the wire name.
func (RegisteredLimitRevised) EventType() string { return "identity.registered_limit.revised" }

// EventType is the wire name.
func (RegisteredLimitDeleted) EventType() string { return "identity.registered_limit.deleted" }

// EventType is the wire name.
func (LimitCreated) EventType() string { return "identity.limit.created" }

// EventType is the wire name.
func (LimitRevised) EventType() string { return "identity.limit.revised" }

// EventType is the wire name.
func (LimitDeleted) EventType() string { return "identity.limit.deleted" }
