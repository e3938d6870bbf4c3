package identity

// RegionCreated says that a region of the catalog is there.
type RegionCreated struct{ ID, ParentID, Description, Extra string }

// RegionRevised says how a region's entry reads from now on.
type RegionRevised struct{ ID, ParentID, Description, Extra string }

// RegionDeleted says that a region is no longer in the catalog.
type RegionDeleted struct{ ID string }

// ServiceCreated says that a service is in the catalog. It is seen there once it has endpoints.
type ServiceCreated struct {
	ID, Type, Name, Description string
	Enabled                     bool
	Extra                       string
}

// ServiceRevised says how a service's entry reads from now on.
type ServiceRevised struct {
	ID, Type, Name, Description string
	Enabled                     bool
	Extra                       string
}

// ServiceDeleted says that a service is no longer in the catalog, nor are its endpoints.
type ServiceDeleted struct{ ID string }

// EndpointCreated says where a service can be reached. In its URL, {public} stands for where
// the gateway is and $(project_id)s, like %(tenant_id)s, for the project of the token.
type EndpointCreated struct {
	ID, ServiceID, Interface, RegionID, URL string
	Enabled                                 bool
	Extra                                   string
}

// EndpointRevised says how an endpoint's entry reads from now on.
type EndpointRevised struct {
	ID, ServiceID, Interface, RegionID, URL string
	Enabled                                 bool
	Extra                                   string
}

// EndpointDeleted says that a service can't be reached here any more.
type EndpointDeleted struct{ ID string }

// EventType is the wire name.
func (RegionCreated) EventType() string { return "identity.region.created" }

// EventType is the wire name.
func (RegionRevised) EventType() string { return "identity.region.revised" }

// EventType is the wire name.
func (RegionDeleted) EventType() string { return "identity.region.deleted" }

// EventType is the wire name.
func (ServiceCreated) EventType() string { return "identity.service.created" }

// EventType is the wire name.
func (ServiceRevised) EventType() string { return "identity.service.revised" }

// EventType is the wire name.
func (ServiceDeleted) EventType() string { return "identity.service.deleted" }

// EventType is the wire name.
func (EndpointCreated) EventType() string { return "identity.endpoint.created" }

// EventType is the wire name.
func (EndpointRevised) EventType() string { return "identity.endpoint.revised" }

// EventType is the wire name.
func (EndpointDeleted) EventType() string { return "identity.endpoint.deleted" }
