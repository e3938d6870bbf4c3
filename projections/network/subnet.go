package network

import (
	"cmp"
	"iter"
	"net/netip"
	"slices"

	"skylog/events"
	evt "skylog/events/network"
	"skylog/projections/table"
)

// Subnet is what is known of one subnet. The zero Subnet doesn't exist.
type Subnet struct {
	ID, ProjectID, NetworkID string
	CIDR                     netip.Prefix
	RAMode, AddressMode      string
	Shared                   bool // as its network is
	evt.SubnetSettings
	Standard
}

// IPv6 says of which family the subnet is.
func (s *Subnet) IPv6() bool { return s.CIDR.Addr().Is6() }

// Auto says that addresses derive from MACs: nobody allocates them.
func (s *Subnet) Auto() bool {
	return s.AddressMode == "slaac" || s.AddressMode == "dhcpv6-stateless" ||
		s.AddressMode == "" && (s.RAMode == "slaac" || s.RAMode == "dhcpv6-stateless")
}

// Subnets is the table of subnets, in the order of their ids.
type Subnets struct {
	table.Of[string, Subnet]
	byProject  table.Index[string, string, Subnet]
	byName     table.Index[Pair, string, Subnet]
	byNetwork  table.Index[string, string, Subnet]
	shared     table.Index[bool, string, Subnet]
	perProject table.Tally[string, int, string, Subnet]
}

func newSubnets() Subnets {
	t := Subnets{Of: table.New[string, Subnet](compareStrings)}
	t.byProject = table.By(&t.Of, compareStrings, func(s *Subnet, emit func(string)) { emit(s.ProjectID) })
	t.byName = table.By(&t.Of, comparePairs, func(s *Subnet, emit func(Pair)) { both(emit, s.ProjectID, s.Name) })
	t.byNetwork = table.By(&t.Of, compareStrings, func(s *Subnet, emit func(string)) { emit(s.NetworkID) })
	t.shared = table.By(&t.Of, func(bool, bool) int { return 0 }, func(s *Subnet, emit func(bool)) {
		if s.Shared {
			emit(true)
		}
	})
	t.perProject = table.Count(&t.Of, compareStrings, func(s *Subnet) (string, bool) { return s.ProjectID, true })
	return t
}

// OfProject goes through a project's subnets by id, from the id given on.
func (t *Subnets) OfProject(projectID, from string) iter.Seq2[string, Subnet] {
	return within(t.byProject, &t.Of, projectID, from)
}

// Shared goes through the subnets of shared networks by id, from the id given on.
func (t *Subnets) Shared(from string) iter.Seq2[string, Subnet] {
	return within(t.shared, &t.Of, true, from)
}

// Named goes through the subnets of a name within a scope.
func (t *Subnets) Named(scope, name, from string) iter.Seq2[string, Subnet] {
	return within(t.byName, &t.Of, Pair{scope, name}, from)
}

// OfNetwork goes through a network's subnets by id, from the id given on.
func (t *Subnets) OfNetwork(networkID, from string) iter.Seq2[string, Subnet] {
	return within(t.byNetwork, &t.Of, networkID, from)
}

// Eldest are a network's subnets in the order in which they were made.
func (t *Subnets) Eldest(networkID string) []Subnet {
	var all []Subnet
	for _, s := range t.OfNetwork(networkID, "") {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Subnet) int { return cmp.Or(cmp.Compare(a.Number, b.Number), compareStrings(a.ID, b.ID)) })
	return all
}

// CountOf is how many subnets a project has.
func (t *Subnets) CountOf(projectID string) int { return table.Total(t.perProject, &t.Of, projectID) }

// share marks a network's subnets as its sharing is from now on.
func (t *Subnets) share(networkID string, shared bool) {
	for _, s := range t.Eldest(networkID) {
		t.Update(s.ID, func(s *Subnet) { s.Shared = shared })
	}
}

func (t *Tables) applySubnet(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.SubnetCreated:
		n, _ := t.Networks.Get(e.NetworkID)
		s := Subnet{ID: e.ID, ProjectID: e.ProjectID, NetworkID: e.NetworkID, CIDR: e.CIDR, RAMode: e.RAMode, AddressMode: e.AddressMode,
			Shared: n.Shared, SubnetSettings: e.Settings, Standard: made(m)}
		t.Subnets.Put(e.ID, s)
		if s.Auto() && !n.External {
			t.giveAuto(s)
		}
		t.touchNetwork(e.NetworkID, m)
	case evt.SubnetReconfigured:
		t.Subnets.Update(e.ID, func(s *Subnet) {
			s.SubnetSettings = e.Settings
			s.touch(m)
		})
		t.touchNetwork(e.NetworkID, m)
	case evt.SubnetDeleted:
		t.takeAway(e.ID)
		t.Subnets.Delete(e.ID)
		t.touchNetwork(e.NetworkID, m)
	}
}

// touchNetwork counts a change of a network's subnets as one of the network, as
// those expect who watch its revision.
func (t *Tables) touchNetwork(id string, m events.Meta) {
	t.Networks.Update(id, func(n *Network) { n.touch(m) })
}

// giveAuto gives each port of the network its address of a new subnet where
// addresses derive from MACs.
func (t *Tables) giveAuto(s Subnet) {
	var ids []string
	for id := range t.Ports.OfNetwork(s.NetworkID, "") {
		ids = append(ids, id)
	}
	for _, id := range ids {
		t.Ports.Update(id, func(p *Port) {
			if address, ok := AutoAddress(s.CIDR, p.MAC); ok && !p.Routes() {
				p.FixedIPs = append(slices.Clone(p.FixedIPs), evt.FixedIP{SubnetID: s.ID, Address: address})
				t.Addresses.take(s.ID, address)
			}
		})
	}
}

// takeAway takes the addresses of a subnet from those who have one.
func (t *Tables) takeAway(subnetID string) {
	var ids []string
	for id := range t.Ports.OfSubnet(subnetID) {
		ids = append(ids, id)
	}
	for _, id := range ids {
		t.Ports.Update(id, func(p *Port) {
			p.FixedIPs = slices.DeleteFunc(slices.Clone(p.FixedIPs), func(f evt.FixedIP) bool {
				if f.SubnetID == subnetID {
					t.Addresses.free(subnetID, f.Address)
				}
				return f.SubnetID == subnetID
			})
		})
	}
}
