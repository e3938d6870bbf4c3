package network

// CreateNetwork makes a network on a segment of its own.
type CreateNetwork struct {
	ID, ProjectID     string
	Name, Description string
	AdminStateUp      bool
	Shared, External  bool
	PortSecurity      bool
	MTU               int    // 0: the default
	VNI               uint32 // 0: the lowest that is free
	ZoneHints         []string
}

// UpdateNetwork changes what may be changed about a network.
type UpdateNetwork struct {
	ID                string
	Revision          int
	Name, Description *string
	AdminStateUp      *bool
	Shared, External  *bool
	PortSecurity      *bool
	MTU               *int
}

// DeleteNetwork removes a network on which nobody's ports are left, with its subnets.
type DeleteNetwork struct {
	ID       string
	Revision int
}

// CommandType is the wire name.
func (CreateNetwork) CommandType() string { return "network.network.create" }

// CommandType is the wire name.
func (UpdateNetwork) CommandType() string { return "network.network.update" }

// CommandType is the wire name.
func (DeleteNetwork) CommandType() string { return "network.network.delete" }
