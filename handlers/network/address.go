package network

import (
	"net/netip"
	"slices"

	"skylog/commands"
	cmd "skylog/commands/network"
	evt "skylog/events/network"
	"skylog/projections"
	view "skylog/projections/network"
)

// maxFixedIPs is how many addresses a port may have.
const maxFixedIPs = 30

// allocation gives one port its addresses. What it gave is taken for whatever
// else is decided with it.
type allocation struct {
	w       *projections.World
	network view.Network
	mac     string
	router  bool // addresses are never derived for it
	held    []evt.FixedIP
	subnets []view.Subnet
	taken   map[netip.Addr]bool
}

func newAllocation(w *projections.World, n view.Network, mac, owner string, held []evt.FixedIP) *allocation {
	return &allocation{w: w, network: n, mac: mac, router: view.RouterOwner(owner), held: held,
		subnets: w.Network.Subnets.Eldest(n.ID), taken: map[netip.Addr]bool{}}
}

// give answers requests for addresses. Nil asks for one of each family that the
// network has; subnets whose addresses derive from MACs give theirs besides.
func (a *allocation) give(asked []cmd.FixedIPRequest) ([]evt.FixedIP, error) {
	if len(asked) > maxFixedIPs {
		return nil, invalid("a port can have at most %d fixed IPs", maxFixedIPs)
	}
	given, err := a.some(asked)
	if asked == nil {
		given, err = a.any()
	}
	if err != nil {
		return nil, err
	}
	for _, s := range a.subnets {
		if !s.Auto() || a.router || slices.ContainsFunc(given, func(f evt.FixedIP) bool { return f.SubnetID == s.ID }) {
			continue
		}
		if address, ok := view.AutoAddress(s.CIDR, a.mac); ok {
			given = append(given, evt.FixedIP{SubnetID: s.ID, Address: address})
		}
	}
	for _, f := range given {
		a.taken[f.Address] = true
	}
	return given, nil
}

// any gives one address of each family for which the network has a subnet.
func (a *allocation) any() ([]evt.FixedIP, error) {
	var given []evt.FixedIP
	for _, v6 := range []bool{false, true} {
		wanted, found := false, false
		for _, s := range a.subnets {
			if s.IPv6() != v6 || s.Auto() && !a.router {
				continue
			}
			wanted = true
			if f, ok := a.free(s); ok {
				given, found = append(given, f), true
				break
			}
		}
		if wanted && !found {
			return nil, a.full()
		}
	}
	return given, nil
}

func (a *allocation) full() error {
	return commands.RefuseAs(commands.Conflict, "IpAddressGenerationFailure", "No more IP addresses available on network %s.", a.network.ID)
}

// free finds the lowest free address of a subnet's pools.
func (a *allocation) free(s view.Subnet) (evt.FixedIP, bool) {
	for _, p := range s.Pools {
		if address, ok := a.w.Network.Addresses.FirstFree(s.ID, p.First, p.Last, a.taken); ok {
			a.taken[address] = true
			return evt.FixedIP{SubnetID: s.ID, Address: address}, true
		}
	}
	return evt.FixedIP{}, false
}

// some gives what is asked for: first the addresses asked for by name, then any
// of the subnets, of which those are kept that the port has.
func (a *allocation) some(asked []cmd.FixedIPRequest) ([]evt.FixedIP, error) {
	given := make([]evt.FixedIP, len(asked))
	for i, r := range asked {
		if !r.Address.IsValid() {
			continue
		}
		s, err := a.subnetOf(r)
		if err != nil {
			return nil, err
		}
		if err := a.claim(s, r.Address); err != nil {
			return nil, err
		}
		given[i] = evt.FixedIP{SubnetID: s.ID, Address: r.Address}
	}
	for i, r := range asked {
		if r.Address.IsValid() {
			continue
		}
		s, err := a.subnetOf(r)
		if err != nil {
			return nil, err
		}
		if given[i], err = a.anyOf(s); err != nil {
			return nil, err
		}
	}
	// A derived address may be named more than once; it is given once.
	var once []evt.FixedIP
	for _, f := range given {
		if !slices.Contains(once, f) {
			once = append(once, f)
		}
	}
	return once, nil
}

// anyOf gives an address of a subnet: one that the port has, the derived one, or the lowest free.
func (a *allocation) anyOf(s view.Subnet) (evt.FixedIP, error) {
	if s.Auto() && !a.router {
		address, ok := view.AutoAddress(s.CIDR, a.mac)
		if !ok {
			return evt.FixedIP{}, invalid("no address of subnet %s derives from %s", s.ID, a.mac)
		}
		return evt.FixedIP{SubnetID: s.ID, Address: address}, nil
	}
	for _, f := range a.held {
		if f.SubnetID == s.ID && !a.taken[f.Address] {
			a.taken[f.Address] = true
			return f, nil
		}
	}
	f, ok := a.free(s)
	if !ok {
		return f, a.full()
	}
	return f, nil
}

// subnetOf finds the subnet that a request is about.
func (a *allocation) subnetOf(r cmd.FixedIPRequest) (view.Subnet, error) {
	var none view.Subnet
	switch {
	case len(a.subnets) == 0:
		return none, invalid("IP allocation requires subnets for network")
	case r.SubnetID == "" && !r.Address.IsValid():
		return none, invalid("IP allocation requires subnet_id or ip_address")
	}
	for _, s := range a.subnets {
		switch {
		case r.SubnetID == "" && valid(s, r.Address):
			return s, nil
		case r.SubnetID != s.ID:
		case r.Address.IsValid() && !valid(s, r.Address):
			return none, commands.RefuseAs(commands.Invalid, "InvalidIpForSubnet", "IP address %s is not a valid IP for the specified subnet.", r.Address)
		default:
			return s, nil
		}
	}
	if r.SubnetID == "" {
		return none, commands.RefuseAs(commands.Invalid, "InvalidIpForNetwork", "IP address %s is not a valid IP for any of the subnets on the specified network.", r.Address)
	}
	if _, err := findSubnet(a.w, r.SubnetID); err != nil {
		return none, err
	}
	return none, invalid("Failed to create port on network %s, because fixed_ips included invalid subnet %s", a.network.ID, r.SubnetID)
}

// valid says whether a port may have this address in this subnet.
func valid(s view.Subnet, a netip.Addr) bool {
	if !s.CIDR.Contains(a) {
		return false
	}
	return s.IPv6() || s.CIDR.Bits() > 30 || a != s.CIDR.Addr() && a != last(s.CIDR)
}

// claim takes an address asked for by name.
func (a *allocation) claim(s view.Subnet, address netip.Addr) error {
	if s.Auto() && !a.router {
		if derived, _ := view.AutoAddress(s.CIDR, a.mac); derived != address {
			return commands.RefuseAs(commands.Invalid, "AllocationOnAutoAddressSubnet",
				"IPv6 address %s cannot be directly assigned to a port on subnet %s as the subnet is configured for automatic addresses", address, s.ID)
		}
		return nil
	}
	held := slices.Contains(a.held, evt.FixedIP{SubnetID: s.ID, Address: address})
	if a.taken[address] || !held && a.w.Network.Addresses.InUse(s.ID, address) {
		return commands.RefuseAs(commands.Conflict, "IpAddressAlreadyAllocated", "IP address %s already allocated in subnet %s", address, s.ID)
	}
	a.taken[address] = true
	return nil
}
