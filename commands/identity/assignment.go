package identity

// Assignment is that an actor ("user" or "group") has a role on a target ("project", "domain"
// or "system", whose id is "all"). An inherited one counts on the projects below.
type Assignment struct {
	ActorKind, ActorID   string
	TargetKind, TargetID string
	RoleID               string
	Inherited            bool
}

// GrantRole gives an actor a role on a target. It may be asked again.
type GrantRole struct{ Assignment }

// RevokeRole takes it back.
type RevokeRole struct{ Assignment }

// CommandType is the wire name.
func (GrantRole) CommandType() string { return "identity.assignment.grant" }

// CommandType is the wire name.
func (RevokeRole) CommandType() string { return "identity.assignment.revoke" }
