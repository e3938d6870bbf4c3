package compute

// CreateServerGroup makes a group without members.
type CreateServerGroup struct {
	ID, ProjectID, UserID, Name, Policy string
	MaxPerHost                          int
}

// DeleteServerGroup removes a group; its members stay.
type DeleteServerGroup struct{ ID string }

// CommandType is the wire name.
func (CreateServerGroup) CommandType() string { return "compute.server_group.create" }

// CommandType is the wire name.
func (DeleteServerGroup) CommandType() string { return "compute.server_group.delete" }
