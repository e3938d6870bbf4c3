package identity

// CreateRegion puts a region into the catalog.
type CreateRegion struct{ ID, ParentID, Description, Extra string }

// ChangeRegion revises a region's entry.
type ChangeRegion struct {
	ID                    string
	ParentID, Description *string
	Extra                 string
}

// DeleteRegion takes a region out that has no endpoints and no regions below.
type DeleteRegion struct{ ID string }

// CreateService puts a service into the catalog.
type CreateService struct {
	ID, Type, Name, Description string
	Enabled                     bool
	Extra                       string
}

// ChangeService revises a service's entry.
type ChangeService struct {
	ID                      string
	Type, Name, Description *string
	Enabled                 *bool
	Extra                   string
}

// DeleteService takes a service out, and its endpoints.
type DeleteService struct{ ID string }

// CreateEndpoint says where a service can be reached.
type CreateEndpoint struct {
	ID, ServiceID, Interface, RegionID, URL string
	Enabled                                 bool
	Extra                                   string
}

// ChangeEndpoint revises an endpoint's entry.
type ChangeEndpoint struct {
	ID                                  string
	ServiceID, Interface, RegionID, URL *string
	Enabled                             *bool
	Extra                               string
}

// DeleteEndpoint takes an endpoint out.
type DeleteEndpoint struct{ ID string }

// CommandType is the wire name.
func (CreateRegion) CommandType() string { return "identity.region.create" }

// CommandType is the wire name.
func (ChangeRegion) CommandType() string { return "identity.region.change" }

// CommandType is the wire name.
func (DeleteRegion) CommandType() string { return "identity.region.delete" }

// CommandType is the wire name.
func (CreateService) CommandType() string { return "identity.service.create" }

// CommandType is the wire name.
func (ChangeService) CommandType() string { return "identity.service.change" }

// CommandType is the wire name.
func (DeleteService) CommandType() string { return "identity.service.delete" }

// CommandType is the wire name.
func (CreateEndpoint) CommandType() string { return "identity.endpoint.create" }

// CommandType is the wire name.
func (ChangeEndpoint) CommandType() string { return "identity.endpoint.change" }

// CommandType is the wire name.
func (DeleteEndpoint) CommandType() string { return "identity.endpoint.delete" }
