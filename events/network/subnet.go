package network

import "net/netip"

// SubnetSettings is what may be set about a subnet after it was made.
type SubnetSettings struct {
	Name, Description string
	EnableDHCP        bool
	Gateway           netip.Addr // zero: none
	Pools             []Pool
	DNS               []netip.Addr
	HostRoutes        []Route
}

// Pool is a range of addresses, both ends included, from which ports get theirs.
type Pool struct{ First, Last netip.Addr }

// Route is a static route that DHCP hands out.
type Route struct {
	Destination netip.Prefix
	NextHop     netip.Addr
}

// SubnetCreated says that a network has a further range of addresses.
type SubnetCreated struct {
	ID, ProjectID, NetworkID string
	CIDR                     netip.Prefix
	// RAMode and AddressMode are Neutron's ipv6_ra_mode and ipv6_address_mode:
	// slaac, dhcpv6-stateful, dhcpv6-stateless or empty.
	RAMode, AddressMode string
	Settings            SubnetSettings
}

// SubnetReconfigured says how a subnet is set from now on.
type SubnetReconfigured struct {
	ID, NetworkID string
	Settings      SubnetSettings
}

// SubnetDeleted says that a subnet is gone. Ports whose addresses derived from
// it without anybody's asking (SLAAC, the DHCP port) have lost them.
type SubnetDeleted struct{ ID, NetworkID string }

// EventType is the wire name.
func (SubnetCreated) EventType() string { return "network.subnet.created" }

// EventType is the wire name.
func (SubnetReconfigured) EventType() string { return "network.subnet.reconfigured" }

// EventType is the wire name.
func (SubnetDeleted) EventType() string { return "network.subnet.deleted" }
