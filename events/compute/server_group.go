package compute

// ServerGroupCreated says that servers may be made as members of a group, which
// are placed with regard to each other.
type ServerGroupCreated struct {
	ID, ProjectID, UserID, Name string
	// Policy is affinity, anti-affinity, soft-affinity or soft-anti-affinity.
	Policy string
	// MaxPerHost is how many members anti-affinity lets be on one host; zero: one.
	MaxPerHost int `json:",omitempty"`
}

// ServerGroupDeleted says that a group is gone; its members stay where they are.
type ServerGroupDeleted struct{ ID string }

// EventType is the wire name.
func (ServerGroupCreated) EventType() string { return "compute.server_group.created" }

// EventType is the wire name.
func (ServerGroupDeleted) EventType() string { return "compute.server_group.deleted" }
