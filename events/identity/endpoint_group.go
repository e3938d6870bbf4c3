package identity

// EndpointGroupCreated says that the endpoints which are alike in what is named have a name
// together. An empty ServiceID, RegionID or Interface asks nothing.
type EndpointGroupCreated struct {
	ID, Name, Description          string
	ServiceID, RegionID, Interface string
}

// EndpointGroupRevised says how an endpoint group reads from now on.
type EndpointGroupRevised struct {
	ID, Name, Description          string
	ServiceID, RegionID, Interface string
}

// EndpointGroupDeleted says that an endpoint group is gone, from all projects.
type EndpointGroupDeleted struct{ ID string }

// EndpointAssociated says that a project's catalog has an endpoint, or a group of them:
// Kind is "endpoint" or "endpoint_group". A project with any has no others.
type EndpointAssociated struct{ ProjectID, Kind, ID string }

// EndpointDissociated takes that back.
type EndpointDissociated struct{ ProjectID, Kind, ID string }

// EventType is the wire name.
func (EndpointGroupCreated) EventType() string { return "identity.endpoint_group.created" }

// EventType is the wire name.
func (EndpointGroupRevised) EventType() string { return "identity.endpoint_group.revised" }

// EventType is the wire name.
func (EndpointGroupDeleted) EventType() string { return "identity.endpoint_group.deleted" }

// EventType is the wire name.
func (EndpointAssociated) EventType() string { return "identity.endpoint.associated" }

// EventType is the wire name.
func (EndpointDissociated) EventType() string { return "identity.endpoint.dissociated" }
