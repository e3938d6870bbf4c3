package identity

// CreateRegisteredLimit says how much of a resource a project may have by default.
type CreateRegisteredLimit struct {
	ID, ServiceID, RegionID, ResourceName, Description string
	Default                                            int
}

// ChangeRegisteredLimit revises a registered limit that no limit takes the place of.
type ChangeRegisteredLimit struct {
	ID                                             string
	ServiceID, RegionID, ResourceName, Description *string
	Default                                        *int
}

// DeleteRegisteredLimit deletes a registered limit that no limit takes the place of.
type DeleteRegisteredLimit struct{ ID string }

// CreateLimit gives a project or a domain a limit of its own.
type CreateLimit struct {
	ID, ProjectID, DomainID                        string
	ServiceID, RegionID, ResourceName, Description string
	Limit                                          int
}

// ChangeLimit changes how much a limit is.
type ChangeLimit struct {
	ID          string
	Limit       *int
	Description *string
}

// DeleteLimit lets the registered limit count again.
type DeleteLimit struct{ ID string }

// CommandType is the wire name.
func (CreateRegisteredLimit) CommandType() string { return "identity.registered_limit.create" }

// CommandType is the wire name.
func (ChangeRegisteredLimit) CommandType() string { return "identity.registered_limit.change" }

// CommandType is the wire name.
func (DeleteRegisteredLimit) CommandType() string { return "identity.registered_limit.delete" }

// CommandType is the wire name.
func (CreateLimit) CommandType() string { return "identity.limit.create" }

// CommandType is the wire name.
func (ChangeLimit) CommandType() string { return "identity.limit.change" }

// CommandType is the wire name.
func (DeleteLimit) CommandType() string { return "identity.limit.delete" }
