package identity

// AccessRule is what an application credential is bound to. One that is in the user's list
// already is not made again; ID is for one that isn't, or names one that is where the rest is
// empty.
type AccessRule struct{ ID, Service, Method, Path string }

// DeleteAccessRule deletes a rule that binds no credential.
type DeleteAccessRule struct{ UserID, ID string }

// CommandType is the wire name.
func (DeleteAccessRule) CommandType() string { return "identity.access_rule.delete" }
