package identity

// GroupCreated says that a group of users is there.
type GroupCreated struct{ ID, DomainID, Name, Description, Extra string }

// GroupDescribed says how a group is called and described from now on.
type GroupDescribed struct{ ID, Name, Description, Extra string }

// GroupDeleted says that a group is gone, and with it its memberships and assignments.
type GroupDeleted struct{ ID string }

// UserJoinedGroup says that a user has a group's roles from now on.
type UserJoinedGroup struct{ UserID, GroupID string }

// UserLeftGroup says that a user has a group's roles no more.
type UserLeftGroup struct{ UserID, GroupID string }

// EventType is the wire name.
func (GroupCreated) EventType() string { return "identity.group.created" }

// EventType is the wire name.
func (GroupDescribed) EventType() string { return "identity.group.described" }

// EventType is the wire name.
func (GroupDeleted) EventType() string { return "identity.group.deleted" }

// EventType is the wire name.
func (UserJoinedGroup) EventType() string { return "identity.group.joined" }

// EventType is the wire name.
func (UserLeftGroup) EventType() string { return "identity.group.left" }
