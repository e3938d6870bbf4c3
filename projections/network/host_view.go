package network

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	evt "skylog/events/network"
)

// HostPort is all that a host must know about a port.
type HostPort struct {
	ID, MAC, NetworkID string
	ProjectID          string
	VNI                uint32
	MTU                int
	AdminUp            bool
	PortSecurity       bool
	FixedIPs           []HostIP
	AllowedPairs       []evt.AddressPair
	// Rules is what may pass where port security is on; all else is dropped.
	Rules []HostRule
	// GroupNames are the names of its security groups, for the guest's metadata.
	GroupNames []string
}

// HostIP is an address of a port with what DHCP tells about its subnet.
type HostIP struct {
	Address     netip.Addr
	SubnetID    string
	Subnet      netip.Prefix
	Gateway     netip.Addr // zero: none
	ServiceAddr netip.Addr // of the network's DHCP port in this subnet; zero: it has none
	DHCP        bool
	RAMode      string
	DNS         []netip.Addr
	HostRoutes  []evt.Route
}

// HostRule is a rule as hosts know it. Whom it lets pass are Remotes, or those
// of RemoteGroup: its members are told once for all ports (MembersOf).
type HostRule struct {
	Ingress, IPv6    bool
	Protocol         string // "", "tcp", "udp", "icmp", "ipv6-icmp" or an IP protocol number
	PortMin, PortMax *int
	Remotes          []netip.Prefix // nil: any, unless there is a group
	RemoteGroup      string
}

// HostView is what the host of a port must be told about it.
func (t *Tables) HostView(portID string) (view HostPort, ok bool) {
	p, ok := t.Ports.Get(portID)
	if !ok {
		return HostPort{}, false
	}
	n, ok := t.Networks.Get(p.NetworkID)
	if !ok {
		return HostPort{}, false
	}
	view = HostPort{ID: p.ID, MAC: p.MAC, NetworkID: p.NetworkID, ProjectID: p.ProjectID, VNI: n.VNI, MTU: n.MTU,
		AdminUp: p.AdminStateUp && n.AdminStateUp, PortSecurity: p.PortSecurity, AllowedPairs: p.AllowedPairs}
	dhcp, _ := t.Ports.DHCPOf(p.NetworkID)
	for _, f := range p.FixedIPs {
		view.FixedIPs = append(view.FixedIPs, t.hostIP(f, dhcp))
	}
	if !p.PortSecurity {
		return view, true
	}
	for _, id := range p.SecurityGroupIDs {
		g, _ := t.Groups.Get(id)
		view.GroupNames = append(view.GroupNames, g.Name)
		for _, r := range t.Rules.OfGroup(id, "") {
			view.Rules = append(view.Rules, hostRule(r))
		}
	}
	view.Rules = distinct(view.Rules)
	return view, true
}

func (t *Tables) hostIP(f evt.FixedIP, dhcp Port) HostIP {
	s, _ := t.Subnets.Get(f.SubnetID)
	ip := HostIP{Address: f.Address, SubnetID: s.ID, Subnet: s.CIDR, Gateway: s.Gateway, DHCP: s.EnableDHCP,
		RAMode: s.RAMode, DNS: s.DNS, HostRoutes: s.HostRoutes}
	if s.EnableDHCP {
		for _, service := range dhcp.FixedIPs {
			if service.SubnetID == s.ID {
				ip.ServiceAddr = service.Address
			}
		}
	}
	return ip
}

func hostRule(r Rule) HostRule {
	rule := HostRule{Ingress: r.Ingress, IPv6: r.IPv6, Protocol: plain(r.Protocol), PortMin: r.PortMin, PortMax: r.PortMax, RemoteGroup: r.RemoteGroupID}
	if r.RemoteGroupID == "" && r.RemotePrefix.IsValid() && r.RemotePrefix.Bits() > 0 {
		rule.Remotes = []netip.Prefix{r.RemotePrefix.Masked()}
	}
	return rule
}

// plain is a protocol in the form that hosts know.
func plain(protocol string) string {
	switch n := ProtocolNumber(protocol); n {
	case -1:
		return ""
	case ICMP:
		return "icmp"
	case ICMPv6:
		return "ipv6-icmp"
	case TCP:
		return "tcp"
	case UDP:
		return "udp"
	default:
		return strconv.Itoa(n)
	}
}

// MembersOf are the addresses from which members of a group send, in order.
func (t *Tables) MembersOf(groupID string) []netip.Prefix {
	var members []netip.Prefix
	for _, p := range t.Ports.OfGroup(groupID, "") {
		for _, f := range p.FixedIPs {
			members = append(members, netip.PrefixFrom(f.Address, f.Address.BitLen()))
		}
		for _, pair := range p.AllowedPairs {
			members = append(members, pair.Address.Masked())
		}
	}
	slices.SortFunc(members, comparePrefixes)
	return slices.Compact(members)
}

func comparePrefixes(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// distinct sorts rules and leaves out repeated ones, so that the same rights
// give the same view whatever groups they come from.
func distinct(rules []HostRule) []HostRule {
	slices.SortFunc(rules, compareRules)
	return slices.CompactFunc(rules, func(a, b HostRule) bool { return compareRules(a, b) == 0 })
}

func compareRules(a, b HostRule) int {
	return cmp.Or(compareBools(a.Ingress, b.Ingress), compareBools(a.IPv6, b.IPv6), strings.Compare(a.Protocol, b.Protocol),
		cmp.Compare(bound(a.PortMin), bound(b.PortMin)), cmp.Compare(bound(a.PortMax), bound(b.PortMax)),
		strings.Compare(a.RemoteGroup, b.RemoteGroup), slices.CompareFunc(a.Remotes, b.Remotes, comparePrefixes))
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
