package network

import "net/netip"

// Pool is a range of addresses, both ends included.
type Pool struct{ First, Last netip.Addr }

// Route is a static route that DHCP hands out.
type Route struct {
	Destination netip.Prefix
	NextHop     netip.Addr
}

// CreateSubnet gives a network a range of addresses.
type CreateSubnet struct {
	ID, ProjectID, NetworkID string
	Name, Description        string
	CIDR                     netip.Prefix
	Gateway                  netip.Addr // zero: the first address, unless NoGateway
	NoGateway                bool
	Pools                    []Pool // nil: all but the gateway
	EnableDHCP               bool
	DNS                      []netip.Addr
	HostRoutes               []Route
	RAMode, AddressMode      string
}

// UpdateSubnet changes what may be changed about a subnet.
type UpdateSubnet struct {
	ID                string
	Revision          int
	Name, Description *string
	EnableDHCP        *bool
	Gateway           *netip.Addr // the zero address takes the gateway away
	Pools             *[]Pool
	DNS               *[]netip.Addr
	HostRoutes        *[]Route
}

// DeleteSubnet removes a subnet of which no port has an address that was asked for.
type DeleteSubnet struct {
	ID       string
	Revision int
}

// CommandType is the wire name.
func (CreateSubnet) CommandType() string { return "network.subnet.create" }

// CommandType is the wire name.
func (UpdateSubnet) CommandType() string { return "network.subnet.update" }

// CommandType is the wire name.
func (DeleteSubnet) CommandType() string { return "network.subnet.delete" }
