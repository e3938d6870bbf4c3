package identity

// AccessRuleCreated says that a user has a rule by which application credentials can be
// bound: to a service's type, a method and a path, in which * stands for one part and ** for
// any.
type AccessRuleCreated struct{ ID, UserID, Service, Method, Path string }

// AccessRuleDeleted says that a rule which binds no credential is gone.
type AccessRuleDeleted struct{ ID string }

// EventType is the wire name.
func (AccessRuleCreated) EventType() string { return "identity.access_rule.created" }

// EventType is the wire name.
func (AccessRuleDeleted) EventType() string { return "identity.access_rule.deleted" }
