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

// HostRule is a rule with its remote group resolved to the members' addresses.
type HostRule struct {
	Ingress, IPv6    bool
	Protocol         string // "", "tcp", "udp", "icmp", "ipv6-icmp" or an IP protocol number
	PortMin, PortMax *int
	Remotes          []netip.Prefix // nil: any; never empty otherwise
}

// HostView is what the host of a port must be told about it.
func (t *Tables) HostView(portID string) (HostPort, bool) { return t.HostViews().Of(portID) }

// HostViews makes the views of many ports of one and the same world. The members
// of a group are found once for all of them: when one comes, the views of all
// others are made anew, and a group of n would be gone through n times. It is
// not safe for concurrent use.
func (t *Tables) HostViews() *HostViews {
	return &HostViews{tables: t, members: map[family][]netip.Prefix{}}
}

// HostViews has what the views of several ports share.
type HostViews struct {
	tables  *Tables
	members map[family][]netip.Prefix
}

// family is the addresses of a group that are of one kind.
type family struct {
	group string
	ipv6  bool
}

// membersOf is MembersOf, asked once; the views share it.
func (v *HostViews) membersOf(group string, ipv6 bool) []netip.Prefix {
	f := family{group, ipv6}
	members, known := v.members[f]
	if !known {
		members = v.tables.MembersOf(group, ipv6)
		v.members[f] = members
	}
	return members
}

// Of is what the host of a port must be told about it.
func (v *HostViews) Of(portID string) (view HostPort, ok bool) {
	t := v.tables
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
			if rule, matches := v.hostRule(r); matches {
				view.Rules = append(view.Rules, rule)
			}
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

// hostRule resolves a rule. One whose remote group has no member of its family
// matches nothing and is left out: a rule without remotes would match anyone.
func (v *HostViews) hostRule(r Rule) (rule HostRule, matches bool) {
	rule = HostRule{Ingress: r.Ingress, IPv6: r.IPv6, Protocol: plain(r.Protocol), PortMin: r.PortMin, PortMax: r.PortMax}
	switch {
	case r.RemoteGroupID != "":
		rule.Remotes = v.membersOf(r.RemoteGroupID, r.IPv6)
		return rule, len(rule.Remotes) > 0
	case r.RemotePrefix.IsValid() && r.RemotePrefix.Bits() > 0:
		rule.Remotes = []netip.Prefix{r.RemotePrefix.Masked()}
	}
	return rule, true
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

// MembersOf are the addresses from which members of a group send, of one family, in order.
func (t *Tables) MembersOf(groupID string, ipv6 bool) []netip.Prefix {
	var members []netip.Prefix
	add := func(p netip.Prefix) {
		if p.Addr().Is6() == ipv6 {
			members = append(members, p)
		}
	}
	for _, p := range t.Ports.OfGroup(groupID, "") {
		for _, f := range p.FixedIPs {
			add(netip.PrefixFrom(f.Address, f.Address.BitLen()))
		}
		for _, pair := range p.AllowedPairs {
			add(pair.Address.Masked())
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
		slices.CompareFunc(a.Remotes, b.Remotes, comparePrefixes))
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
