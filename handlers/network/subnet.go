package network

import (
	"net/netip"
	"slices"

	"skylog/commands"
	cmd "skylog/commands/network"
	"skylog/events"
	evt "skylog/events/network"
	"skylog/projections"
	view "skylog/projections/network"
)

// Neutron's limits of what a subnet may hand out.
const (
	maxDNS    = 5
	maxRoutes = 20
)

// maxPools is how many allocation pools a subnet may have. Neutron has no limit;
// every allocation looks through all that are full.
const maxPools = 100

// maxSubnets is how many subnets one network may have. Neutron has no limit; here
// a network's DHCP port has an address in each, and ports choose among them.
const maxSubnets = 256

// CreateSubnet gives a network a range of addresses that none of its others overlaps.
func CreateSubnet(w *projections.World, c cmd.CreateSubnet) ([]events.Event, error) {
	n, err := findNetwork(w, c.NetworkID)
	if err != nil {
		return nil, err
	}
	if err := within(w, c.ProjectID, "subnet", 1); err != nil {
		return nil, err
	}
	cidr, count := c.CIDR.Masked(), 0
	for _, s := range w.Network.Subnets.OfNetwork(n.ID, "") {
		if count++; count == maxSubnets {
			return nil, commands.RefuseAs(commands.Conflict, "OverQuota", "Network %s has %d subnets, more are not possible.", n.ID, maxSubnets)
		}
		if s.CIDR.Overlaps(cidr) {
			return nil, invalid("Requested subnet with cidr: %s for network: %s overlaps with another subnet", cidr, n.ID)
		}
	}
	if cidr.Addr().Is6() && n.MTU < minMTUv6 {
		return nil, commands.RefuseAs(commands.Invalid, "NetworkMTUSubnetConflict", "Minimum MTU of %d is not met by network %s.", minMTUv6, n.ID)
	}
	s := view.Subnet{ID: c.ID, ProjectID: c.ProjectID, NetworkID: n.ID, CIDR: cidr, RAMode: c.RAMode, AddressMode: c.AddressMode}
	s.SubnetSettings = evt.SubnetSettings{Name: c.Name, Description: c.Description, EnableDHCP: c.EnableDHCP, Gateway: c.Gateway,
		Pools: poolsOf(c.Pools), DNS: c.DNS, HostRoutes: routesOf(c.HostRoutes)}
	if first := cidr.Addr().Next(); !c.NoGateway && !c.Gateway.IsValid() && cidr.Contains(first) {
		s.Gateway = first
	}
	if err := checkSubnet(s, true); err != nil {
		return nil, err
	}
	if c.Pools == nil {
		s.Pools = defaultPools(cidr, s.Gateway)
	} else if err := checkPools(s); err != nil {
		return nil, err
	}
	made := append(ensureDefault(w, c.ProjectID, c.ID), evt.SubnetCreated{ID: c.ID, ProjectID: c.ProjectID, NetworkID: n.ID, CIDR: cidr,
		RAMode: c.RAMode, AddressMode: c.AddressMode, Settings: s.SubnetSettings})
	return append(made, firstServed(w, n, s)...), nil
}

func poolsOf(asked []cmd.Pool) []evt.Pool {
	var pools []evt.Pool
	for _, p := range asked {
		pools = append(pools, evt.Pool(p))
	}
	return pools
}

func routesOf(asked []cmd.Route) []evt.Route {
	var routes []evt.Route
	for _, r := range asked {
		routes = append(routes, evt.Route(r))
	}
	return routes
}

// checkSubnet refuses what Neutron refuses of a subnet, but for its pools.
func checkSubnet(s view.Subnet, newDHCP bool) error {
	if err := checkCIDR(s, newDHCP); err != nil {
		return err
	}
	if s.Gateway.IsValid() {
		switch {
		case s.Gateway.Is6() != s.IPv6():
			return invalid("gateway_ip '%s' does not match the ip_version '%d'", s.Gateway, version(s))
		case !s.IPv6() && s.CIDR.Bits() < 31 && (s.Gateway == s.CIDR.Addr() || s.Gateway == last(s.CIDR)):
			return invalid("Gateway is not valid on subnet")
		}
	}
	switch {
	case len(s.DNS) > maxDNS:
		return commands.RefuseAs(commands.Invalid, "DNSNameServersExhausted",
			"Unable to complete operation for %s. The number of DNS nameservers exceeds the limit %d.", s.ID, maxDNS)
	case len(s.HostRoutes) > maxRoutes:
		return commands.RefuseAs(commands.Invalid, "HostRoutesExhausted",
			"Unable to complete operation for %s. The number of host routes exceeds the limit %d.", s.ID, maxRoutes)
	}
	for _, dns := range s.DNS {
		if dns.Is6() != s.IPv6() {
			return invalid("dns_nameserver '%s' does not match the ip_version '%d'", dns, version(s))
		}
	}
	for _, r := range s.HostRoutes {
		if r.Destination.Addr().Is6() != s.IPv6() || r.NextHop.Is6() != s.IPv6() {
			return invalid("host route '%s via %s' does not match the ip_version '%d'", r.Destination, r.NextHop, version(s))
		}
	}
	return checkModes(s)
}

func checkCIDR(s view.Subnet, newDHCP bool) error {
	switch a := s.CIDR.Addr(); {
	case !s.CIDR.IsValid():
		return invalid("a subnet needs a cidr")
	case s.CIDR.Bits() == 0:
		return invalid("0 is not allowed as CIDR prefix length")
	case s.IPv6() && a.IsUnspecified():
		return invalid("IPv6 subnet '::' is not supported")
	case !s.EnableDHCP || !newDHCP:
		return nil
	case s.CIDR.Bits() > a.BitLen()-2:
		return invalid("Subnet has a prefix length that is incompatible with DHCP service enabled")
	case a.IsMulticast():
		return invalid("Multicast IP subnet is not supported if enable_dhcp is True")
	case a.IsLoopback():
		return invalid("Loopback IP subnet is not supported if enable_dhcp is True")
	case a.IsUnspecified():
		return invalid("First IP '0.0.0.0' of network is not supported if enable_dhcp is True.")
	}
	return nil
}

func checkModes(s view.Subnet) error {
	switch {
	case s.RAMode == "" && s.AddressMode == "":
		return nil
	case !s.IPv6() && s.RAMode != "":
		return invalid("ipv6_ra_mode is not valid when ip_version is 4")
	case !s.IPv6():
		return invalid("ipv6_address_mode is not valid when ip_version is 4")
	case !s.EnableDHCP:
		return invalid("ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False")
	case s.RAMode != "" && s.AddressMode != "" && s.RAMode != s.AddressMode:
		return invalid("ipv6_ra_mode set to '%s' with ipv6_address_mode set to '%s' is not valid. If both attributes are set, they must be the same value", s.RAMode, s.AddressMode)
	case s.Auto() && s.CIDR.Bits() != 64:
		return invalid("Invalid CIDR %s for IPv6 address mode. OpenStack uses the EUI-64 address format, which requires the prefix to be /64", s.CIDR)
	}
	return nil
}

func version(s view.Subnet) int {
	if s.IPv6() {
		return 6
	}
	return 4
}

func findSubnet(w *projections.World, id string) (view.Subnet, error) {
	s, ok := w.Network.Subnets.Get(id)
	if !ok {
		return s, commands.RefuseAs(commands.NotFound, "SubnetNotFound", "Subnet %s could not be found.", id)
	}
	return s, nil
}

// UpdateSubnet changes what is asked of a subnet's settings.
func UpdateSubnet(w *projections.World, c cmd.UpdateSubnet) ([]events.Event, error) {
	was, err := findSubnet(w, c.ID)
	if err != nil {
		return nil, err
	}
	if err := current(c.Revision, was.Standard); err != nil {
		return nil, err
	}
	s := was
	set(&s.Name, c.Name)
	set(&s.Description, c.Description)
	set(&s.EnableDHCP, c.EnableDHCP)
	set(&s.Gateway, c.Gateway)
	set(&s.DNS, c.DNS)
	if c.Pools != nil {
		s.Pools = poolsOf(*c.Pools)
	}
	if c.HostRoutes != nil {
		s.HostRoutes = routesOf(*c.HostRoutes)
	}
	if err := checkSubnet(s, !was.EnableDHCP); err != nil {
		return nil, err
	}
	if err := checkGateway(w, was, s.Gateway); err != nil {
		return nil, err
	}
	if c.Pools != nil || s.Gateway != was.Gateway {
		if err := checkPools(s); err != nil {
			return nil, err
		}
	}
	done := events.List(evt.SubnetReconfigured{ID: s.ID, NetworkID: s.NetworkID, Settings: s.SubnetSettings})
	switch {
	case was.EnableDHCP && !s.EnableDHCP:
		return append(done, withoutDHCP(w, s)...), nil
	case s.EnableDHCP && !was.EnableDHCP:
		return append(done, withDHCP(w, s)...), nil
	}
	return done, nil
}

// checkGateway refuses to take away a gateway that a router has.
func checkGateway(w *projections.World, was view.Subnet, gateway netip.Addr) error {
	if !was.Gateway.IsValid() || gateway == was.Gateway {
		return nil
	}
	for id, p := range w.Network.Ports.WithAddress(was.ID, was.Gateway, "") {
		if p.Routes() {
			return commands.RefuseAs(commands.Conflict, "GatewayIpInUse", "Current gateway ip %s already in use by port %s. Unable to update.", was.Gateway, id)
		}
	}
	return nil
}

// DeleteSubnet removes a subnet that only the DHCP port and derived addresses use.
func DeleteSubnet(w *projections.World, c cmd.DeleteSubnet) ([]events.Event, error) {
	s, err := findSubnet(w, c.ID)
	if err != nil {
		return nil, err
	}
	if err := current(c.Revision, s.Standard); err != nil {
		return nil, err
	}
	if inUse(w, s) {
		return nil, commands.RefuseAs(commands.Conflict, "SubnetInUse",
			"Unable to complete operation on subnet %s: One or more ports have an IP allocation from this subnet.", s.ID)
	}
	gone := withoutDHCP(w, s)
	return append(gone, evt.SubnetDeleted{ID: s.ID, NetworkID: s.NetworkID}), nil
}

// inUse says whether a port has an address of the subnet that was asked for.
// Derived ones were not, but a router's are never derived.
func inUse(w *projections.World, s view.Subnet) bool {
	if s.Auto() {
		for _, p := range w.Network.Ports.ServicesOf(s.NetworkID) {
			if p.Routes() && slices.ContainsFunc(p.FixedIPs, func(f evt.FixedIP) bool { return f.SubnetID == s.ID }) {
				return true
			}
		}
		return false
	}
	for _, p := range w.Network.Ports.OfSubnet(s.ID) {
		if !p.DHCP() {
			return true
		}
	}
	return false
}

// last is the last address of a prefix.
func last(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// usable is the range of a subnet's addresses that ports may have.
func usable(cidr netip.Prefix) evt.Pool {
	p := evt.Pool{First: cidr.Addr(), Last: last(cidr)}
	switch {
	case p.First == p.Last:
	case cidr.Addr().Is6():
		p.First = p.First.Next()
	case cidr.Bits() <= 30:
		p.First, p.Last = p.First.Next(), p.Last.Prev()
	}
	return p
}

// defaultPools are all usable addresses but the gateway.
func defaultPools(cidr netip.Prefix, gateway netip.Addr) []evt.Pool {
	all := usable(cidr)
	if !gateway.IsValid() || !in(all, gateway) {
		return []evt.Pool{all}
	}
	var pools []evt.Pool
	if gateway != all.First {
		pools = append(pools, evt.Pool{First: all.First, Last: gateway.Prev()})
	}
	if gateway != all.Last {
		pools = append(pools, evt.Pool{First: gateway.Next(), Last: all.Last})
	}
	return pools
}

func in(p evt.Pool, a netip.Addr) bool { return p.First.Compare(a) <= 0 && a.Compare(p.Last) <= 0 }

func poolName(p evt.Pool) string { return p.First.String() + "-" + p.Last.String() }

// checkPools refuses pools that lie outside the subnet, overlap, or have the gateway in them.
func checkPools(s view.Subnet) error {
	if len(s.Pools) > maxPools {
		return invalid("a subnet can have at most %d allocation pools", maxPools)
	}
	all := usable(s.CIDR)
	sorted := slices.Clone(s.Pools)
	slices.SortFunc(sorted, func(a, b evt.Pool) int { return a.First.Compare(b.First) })
	for i, p := range sorted {
		switch {
		case !p.First.IsValid() || !p.Last.IsValid() || p.First.Is6() != s.IPv6() || p.Last.Is6() != s.IPv6() || p.Last.Less(p.First):
			return commands.RefuseAs(commands.Invalid, "InvalidAllocationPool", "The allocation pool %s is not valid.", poolName(p))
		case p.First.Less(all.First) || all.Last.Less(p.Last):
			return commands.RefuseAs(commands.Invalid, "OutOfBoundsAllocationPool", "The allocation pool %s spans beyond the subnet cidr %s.", poolName(p), s.CIDR)
		case i > 0 && !sorted[i-1].Last.Less(p.First):
			return commands.RefuseAs(commands.Conflict, "OverlappingAllocationPools", "Found overlapping allocation pools: %s %s for subnet %s.",
				poolName(sorted[i-1]), poolName(p), s.CIDR)
		case s.Gateway.IsValid() && in(p, s.Gateway):
			return commands.RefuseAs(commands.Conflict, "GatewayConflictWithAllocationPools", "Gateway ip %s conflicts with allocation pool %s.", s.Gateway, poolName(p))
		}
	}
	return nil
}
