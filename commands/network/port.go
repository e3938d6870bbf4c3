package network

import "net/netip"

// CreatePort makes a port on a network and gives it its addresses.
type CreatePort struct {
	ID, ProjectID, NetworkID string
	Trusted                  bool
	Name, Description        string
	MAC                      string           // empty: derived from the ID, unique to the network
	FixedIPs                 []FixedIPRequest // nil: one address of each family the network has; empty: none
	SecurityGroupIDs         []string         // nil: the project's default
	DeviceID, DeviceOwner    string
	AdminStateUp             bool
	PortSecurity             *bool // nil: as the network has it
	AllowedPairs             []AddressPair
	Host                     string // where it is plugged, if that is known
}

// FixedIPRequest asks for an address: for this one, or for any of a subnet, or both.
type FixedIPRequest struct {
	SubnetID string
	Address  netip.Addr
}

// AddressPair is a further sender that a port may use. An empty MAC is the port's own.
type AddressPair struct {
	MAC     string
	Address netip.Prefix
}

// UpdatePort changes what may be changed about a port.
type UpdatePort struct {
	ID                    string
	Revision              int
	Trusted               bool
	Name, Description     *string
	MAC                   *string // empty: derived anew
	FixedIPs              *[]FixedIPRequest
	SecurityGroupIDs      *[]string
	DeviceID, DeviceOwner *string
	AdminStateUp          *bool
	PortSecurity          *bool
	AllowedPairs          *[]AddressPair
	Host                  *string // empty: unbound
	// IfFree refuses the change of a port that another device has.
	IfFree bool
}

// DeletePort removes a port and frees its addresses.
type DeletePort struct {
	ID       string
	Revision int
}

// BindPort says on which host a port is to be plugged.
type BindPort struct{ ID, Host string }

// ReportPortUp tells that the host has plugged a port that is bound to it.
type ReportPortUp struct{ ID, Host, VIFType string }

// ReportPortDown tells that nothing passes the port on this host any more.
type ReportPortDown struct{ ID, Host string }

// ReportedBy is the host that says so.
func (r ReportPortUp) ReportedBy() string { return r.Host }

// ReportedBy is the host that says so.
func (r ReportPortDown) ReportedBy() string { return r.Host }

// CommandType is the wire name.
func (CreatePort) CommandType() string { return "network.port.create" }

// CommandType is the wire name.
func (UpdatePort) CommandType() string { return "network.port.update" }

// CommandType is the wire name.
func (DeletePort) CommandType() string { return "network.port.delete" }

// CommandType is the wire name.
func (BindPort) CommandType() string { return "network.port.bind" }

// CommandType is the wire name.
func (ReportPortUp) CommandType() string { return "network.port.report_up" }

// CommandType is the wire name.
func (ReportPortDown) CommandType() string { return "network.port.report_down" }
