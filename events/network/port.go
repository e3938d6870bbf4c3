package network

import "net/netip"

// PortSettings is what may be set about a port after it was made.
type PortSettings struct {
	Name, Description     string
	DeviceID, DeviceOwner string // the server, and what for: "compute:nova", "network:dhcp", …
	MAC                   string
	AdminStateUp          bool
	PortSecurity          bool // off: neither anti-spoofing nor security groups
	FixedIPs              []FixedIP
	SecurityGroupIDs      []string
	AllowedPairs          []AddressPair
}

// FixedIP is an address that a port has from a subnet.
type FixedIP struct {
	SubnetID string
	Address  netip.Addr
}

// AddressPair is a further sender that a port may use. An empty MAC is the port's own.
type AddressPair struct {
	MAC     string
	Address netip.Prefix
}

// PortCreated says that a port is there, with its addresses.
type PortCreated struct {
	ID, ProjectID, NetworkID string
	Settings                 PortSettings
}

// PortReconfigured says how a port is set from now on.
type PortReconfigured struct {
	ID, NetworkID string
	Settings      PortSettings
	// SendersChanged says that what a security group's members resolve to may be
	// another: the port's addresses, allowed pairs, port security or groups. LeftGroups are the
	// groups it is no longer in.
	SendersChanged bool
	LeftGroups     []string
	// LeftDevice is the device whose port it is no longer.
	LeftDevice string `json:",omitempty"`
}

// PortBound says on which host a port is to be plugged.
type PortBound struct{ ID, Host string }

// PortUnbound says that a port is to be plugged nowhere.
type PortUnbound struct{ ID string }

// PortWentUp says that the host has plugged the port, as what kind of interface.
type PortWentUp struct{ ID, VIFType string }

// PortWentDown says that nothing passes a bound port any more.
type PortWentDown struct{ ID string }

// PortDeleted says that a port is gone and its addresses are free. It names what
// else depended on it.
type PortDeleted struct {
	ID, NetworkID    string
	DHCP             bool // it was its network's DHCP port
	SecurityGroupIDs []string
	// LeftDevice is the device whose port it was on a host.
	LeftDevice string `json:",omitempty"`
}

// EventType is the wire name.
func (PortCreated) EventType() string { return "network.port.created" }

// EventType is the wire name.
func (PortReconfigured) EventType() string { return "network.port.reconfigured" }

// EventType is the wire name.
func (PortBound) EventType() string { return "network.port.bound" }

// EventType is the wire name.
func (PortUnbound) EventType() string { return "network.port.unbound" }

// EventType is the wire name.
func (PortWentUp) EventType() string { return "network.port.up" }

// EventType is the wire name.
func (PortWentDown) EventType() string { return "network.port.down" }

// EventType is the wire name.
func (PortDeleted) EventType() string { return "network.port.deleted" }
