package identity

// PolicyCreated says that a policy document is kept for services that ask for it. The
// identity service doesn't read it.
type PolicyCreated struct{ ID, Type, Blob, Extra string }

// PolicyRevised says how a policy document reads from now on.
type PolicyRevised struct{ ID, Type, Blob, Extra string }

// PolicyDeleted says that a policy document is gone, and what it was associated with has none.
type PolicyDeleted struct{ ID string }

// PolicyPlace is what a policy document is for: an endpoint, a service, or a service in a region.
type PolicyPlace struct{ EndpointID, ServiceID, RegionID string }

// PolicyAssociated says that a policy document is the one of a place.
type PolicyAssociated struct {
	PolicyPlace
	PolicyID string
}

// PolicyDissociated says that a place has no policy document any more.
type PolicyDissociated struct{ PolicyPlace }

// EventType is the wire name.
func (PolicyCreated) EventType() string { return "identity.policy.created" }

// EventType is the wire name.
func (PolicyRevised) EventType() string { return "identity.policy.revised" }

// EventType is the wire name.
func (PolicyDeleted) EventType() string { return "identity.policy.deleted" }

// EventType is the wire name.
func (PolicyAssociated) EventType() string { return "identity.policy.associated" }

// EventType is the wire name.
func (PolicyDissociated) EventType() string { return "identity.policy.dissociated" }
