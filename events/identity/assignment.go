package identity

// Assignment is that an actor has a role on a target. ActorKind is "user" or "group";
// TargetKind "project", "domain" or "system" (whose id is "all"). An inherited one counts on
// the projects below its target, not on the target itself.
type Assignment struct {
	ActorKind, ActorID   string
	TargetKind, TargetID string
	RoleID               string
	Inherited            bool
}

// RoleGranted says that the actor has the role from now on.
type RoleGranted struct{ Assignment }

// RoleRevoked says that the actor has the role no more.
type RoleRevoked struct{ Assignment }

// EventType is the wire name.
func (RoleGranted) EventType() string { return "identity.assignment.granted" }

// EventType is the wire name.
func (RoleRevoked) EventType() string { return "identity.assignment.revoked" }
