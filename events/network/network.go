package network

// NetworkSettings is what may be set about a network after it was made.
type NetworkSettings struct {
	Name, Description string
	AdminStateUp      bool
	Shared            bool // every project may use it
	External          bool // floating addresses and router gateways come from it
	PortSecurity      bool // what its new ports get
	MTU               int
}

// NetworkCreated says that a network is there, on a segment of its own.
type NetworkCreated struct {
	ID, ProjectID string
	VNI           uint32 // its VXLAN segment, unique in the cell
	ZoneHints     []string
	Settings      NetworkSettings
}

// NetworkReconfigured says how a network is set from now on.
type NetworkReconfigured struct {
	ID       string
	Settings NetworkSettings
}

// NetworkDeleted says that a network is gone and its segment free. Its subnets
// and ports went before it.
type NetworkDeleted struct{ ID string }

// EventType is the wire name.
func (NetworkCreated) EventType() string { return "network.network.created" }

// EventType is the wire name.
func (NetworkReconfigured) EventType() string { return "network.network.reconfigured" }

// EventType is the wire name.
func (NetworkDeleted) EventType() string { return "network.network.deleted" }
