package identity

// CreateEndpointGroup gives the endpoints that are alike in what is named a name together.
type CreateEndpointGroup struct {
	ID, Name, Description          string
	ServiceID, RegionID, Interface string
}

// ChangeEndpointGroup revises an endpoint group.
type ChangeEndpointGroup struct {
	ID                             string
	Name, Description              *string
	ServiceID, RegionID, Interface *string
}

// DeleteEndpointGroup deletes an endpoint group; the endpoints stay.
type DeleteEndpointGroup struct{ ID string }

// AssociateEndpoint puts an endpoint ("endpoint") or a group ("endpoint_group") into a
// project's catalog. It may be asked again.
type AssociateEndpoint struct{ ProjectID, Kind, ID string }

// DissociateEndpoint takes it out.
type DissociateEndpoint struct{ ProjectID, Kind, ID string }

// CommandType is the wire name.
func (CreateEndpointGroup) CommandType() string { return "identity.endpoint_group.create" }

// CommandType is the wire name.
func (ChangeEndpointGroup) CommandType() string { return "identity.endpoint_group.change" }

// CommandType is the wire name.
func (DeleteEndpointGroup) CommandType() string { return "identity.endpoint_group.delete" }

// CommandType is the wire name.
func (AssociateEndpoint) CommandType() string { return "identity.endpoint.associate" }

// CommandType is the wire name.
func (DissociateEndpoint) CommandType() string { return "identity.endpoint.dissociate" }
