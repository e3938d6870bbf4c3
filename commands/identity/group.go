package identity

// CreateGroup makes a group of users.
type CreateGroup struct{ ID, DomainID, Name, Description, Extra string }

// ChangeGroup renames or describes a group.
type ChangeGroup struct {
	ID                string
	Name, Description *string
	Extra             string
}

// DeleteGroup deletes a group; its users stay.
type DeleteGroup struct{ ID string }

// JoinGroup puts a user into a group. It may be asked again.
type JoinGroup struct{ UserID, GroupID string }

// LeaveGroup takes a user out of a group.
type LeaveGroup struct{ UserID, GroupID string }

// CommandType is the wire name.
func (CreateGroup) CommandType() string { return "identity.group.create" }

// CommandType is the wire name.
func (ChangeGroup) CommandType() string { return "identity.group.change" }

// CommandType is the wire name.
func (DeleteGroup) CommandType() string { return "identity.group.delete" }

// CommandType is the wire name.
func (JoinGroup) CommandType() string { return "identity.group.join" }

// CommandType is the wire name.
func (LeaveGroup) CommandType() string { return "identity.group.leave" }
