package identity

// CreatePolicy keeps a policy document.
type CreatePolicy struct{ ID, Type, Blob, Extra string }

// ChangePolicy revises a policy document.
type ChangePolicy struct {
	ID         string
	Type, Blob *string
	Extra      string
}

// DeletePolicy deletes a policy document.
type DeletePolicy struct{ ID string }

// PolicyPlace is what a policy document is for: an endpoint, a service, or a service in a region.
type PolicyPlace struct{ EndpointID, ServiceID, RegionID string }

// AssociatePolicy makes a policy document the one of a place. It may be asked again.
type AssociatePolicy struct {
	PolicyPlace
	PolicyID string
}

// DissociatePolicy lets a place have no policy document.
type DissociatePolicy struct {
	PolicyPlace
	PolicyID string
}

// CommandType is the wire name.
func (CreatePolicy) CommandType() string { return "identity.policy.create" }

// CommandType is the wire name.
func (ChangePolicy) CommandType() string { return "identity.policy.change" }

// CommandType is the wire name.
func (DeletePolicy) CommandType() string { return "identity.policy.delete" }

// CommandType is the wire name.
func (AssociatePolicy) CommandType() string { return "identity.policy.associate" }

// CommandType is the wire name.
func (DissociatePolicy) CommandType() string { return "identity.policy.dissociate" }
