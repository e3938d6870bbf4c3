package network

import (
	"iter"
	"net/netip"
	"slices"
	"strings"
	"unique"

	"skylog/events"
	evt "skylog/events/network"
	"skylog/projections/table"
)

// The states of a port.
const (
	Active = "ACTIVE"
	Down   = "DOWN"
)

// DHCPOwner is the device owner of a network's own port, from whose addresses
// DHCP and metadata answer.
const DHCPOwner = "network:dhcp"

// Port is what is known of one port. The zero Port doesn't exist.
type Port struct {
	ID, ProjectID, NetworkID string
	NetworkOwner             string // the network's project, which sees the port too
	Host                     string // empty: bound nowhere
	VIFType                  string // as the host reported it
	Status                   string
	evt.PortSettings
	Standard
}

// DHCP says that this is its network's own port.
func (p *Port) DHCP() bool { return p.DeviceOwner == DHCPOwner }

// Routes says that the port is a router's: addresses are chosen for it, never derived.
func (p *Port) Routes() bool { return RouterOwner(p.DeviceOwner) }

// RouterOwner says whether a device owner is a router.
func RouterOwner(owner string) bool { return strings.HasPrefix(owner, "network:router_") }

// Serves says that the port is a server's.
func (p *Port) Serves() bool { return strings.HasPrefix(p.DeviceOwner, "compute:") }

// Deleted is the event by which the port goes.
func (p *Port) Deleted() evt.PortDeleted {
	e := evt.PortDeleted{ID: p.ID, NetworkID: p.NetworkID, DHCP: p.DHCP(), SecurityGroupIDs: p.SecurityGroupIDs}
	if p.Host != "" {
		e.LeftDevice = p.DeviceID
	}
	return e
}

// Detached are the events by which a port that outlives its server is left.
func (p *Port) Detached() []events.Event {
	s := p.PortSettings
	s.DeviceID, s.DeviceOwner = "", ""
	left := events.List(evt.PortReconfigured{ID: p.ID, NetworkID: p.NetworkID, Settings: s})
	if p.Host != "" {
		left = append(left, evt.PortUnbound{ID: p.ID})
	}
	return left
}

// Ports is the table of ports, in the order of their ids.
type Ports struct {
	table.Of[string, Port]
	byViewer   table.Index[string, string, Port]
	byName     table.Index[Pair, string, Port]
	byNetwork  table.Index[string, string, Port]
	byDevice   table.Index[string, string, Port]
	byOwner    table.Index[Pair, string, Port]
	onNetwork  table.Index[Pair, string, Port] // those of an owner on one network
	byMAC      table.Index[Pair, string, Port]
	byAddress  table.Index[AddressIn, string, Port]
	byGroup    table.Index[string, string, Port]
	byHost     table.Index[string, string, Port]
	perProject table.Tally[string, int, string, Port]
}

func newPorts() Ports {
	t := Ports{Of: table.New[string, Port](compareStrings)}
	t.byViewer = table.By(&t.Of, compareStrings, func(p *Port, emit func(string)) {
		emit(p.ProjectID)
		if p.NetworkOwner != p.ProjectID {
			emit(p.NetworkOwner)
		}
	})
	t.byName = table.By(&t.Of, comparePairs, func(p *Port, emit func(Pair)) { both(emit, p.ProjectID, p.Name) })
	t.byNetwork = table.By(&t.Of, compareStrings, func(p *Port, emit func(string)) { emit(p.NetworkID) })
	t.byDevice = table.Pin(&t.Of, compareStrings, func(p *Port, emit func(string)) {
		if p.DeviceID != "" {
			emit(p.DeviceID)
		}
	})
	t.byOwner = table.By(&t.Of, comparePairs, func(p *Port, emit func(Pair)) { both(emit, p.ProjectID, p.DeviceOwner) })
	t.onNetwork = table.By(&t.Of, comparePairs, func(p *Port, emit func(Pair)) {
		if !p.Serves() { // servers' ports are many and never asked for so
			emit(Pair{p.NetworkID, p.DeviceOwner})
		}
	})
	t.byMAC = table.By(&t.Of, comparePairs, func(p *Port, emit func(Pair)) { both(emit, p.NetworkID, p.MAC) })
	t.byAddress = table.By(&t.Of, compareAddresses, func(p *Port, emit func(AddressIn)) {
		for _, f := range p.FixedIPs {
			emit(AddressIn{f.SubnetID, f.Address})
			emit(AddressIn{p.ProjectID, f.Address})
			emit(AddressIn{Everywhere, f.Address})
		}
	})
	t.byGroup = table.By(&t.Of, compareStrings, func(p *Port, emit func(string)) {
		for _, g := range p.SecurityGroupIDs {
			emit(g)
		}
	})
	t.byHost = table.By(&t.Of, compareStrings, func(p *Port, emit func(string)) {
		if p.Host != "" {
			emit(p.Host)
		}
	})
	t.perProject = table.Count(&t.Of, compareStrings, func(p *Port) (string, bool) { return p.ProjectID, true })
	return t
}

// SeenBy goes through the ports of a project and those on its networks by id, from the id given on.
func (t *Ports) SeenBy(projectID, from string) iter.Seq2[string, Port] {
	return within(t.byViewer, &t.Of, projectID, from)
}

// Named goes through the ports of a name within a scope.
func (t *Ports) Named(scope, name, from string) iter.Seq2[string, Port] {
	return within(t.byName, &t.Of, Pair{scope, name}, from)
}

// OfNetwork goes through a network's ports by id, from the id given on.
func (t *Ports) OfNetwork(networkID, from string) iter.Seq2[string, Port] {
	return within(t.byNetwork, &t.Of, networkID, from)
}

// OfDevice goes through a device's ports by id, from the id given on.
func (t *Ports) OfDevice(deviceID, from string) iter.Seq2[string, Port] {
	return within(t.byDevice, &t.Of, deviceID, from)
}

// Plugged goes through a device's ports by id. They are the table's own and must
// not be written.
func (t *Ports) Plugged(deviceID string) iter.Seq[*Port] {
	return func(yield func(*Port) bool) {
		for at, p := range table.RowsBehind(t.byDevice, &t.Of, deviceID, "") {
			if at.Value != deviceID || !yield(p) {
				return
			}
		}
	}
}

// OfOwner goes through the ports of a device owner within a scope.
func (t *Ports) OfOwner(scope, owner, from string) iter.Seq2[string, Port] {
	return within(t.byOwner, &t.Of, Pair{scope, owner}, from)
}

// WithMAC goes through the ports of a MAC on a network, or everywhere.
func (t *Ports) WithMAC(networkID, mac, from string) iter.Seq2[string, Port] {
	return within(t.byMAC, &t.Of, Pair{networkID, mac}, from)
}

// WithAddress goes through the ports that have an address within a subnet, a project, or everywhere.
func (t *Ports) WithAddress(scope string, a netip.Addr, from string) iter.Seq2[string, Port] {
	return within(t.byAddress, &t.Of, AddressIn{scope, a}, from)
}

// OfGroup goes through a security group's members by id, from the id given on.
func (t *Ports) OfGroup(groupID, from string) iter.Seq2[string, Port] {
	return within(t.byGroup, &t.Of, groupID, from)
}

// OfHost goes through the ports bound to a host by id, from the id given on.
func (t *Ports) OfHost(host, from string) iter.Seq2[string, Port] {
	return within(t.byHost, &t.Of, host, from)
}

// OfSubnet goes through the ports that have addresses of a subnet, by address.
func (t *Ports) OfSubnet(subnetID string) iter.Seq2[string, Port] {
	return func(yield func(string, Port) bool) {
		for at, p := range table.From(t.byAddress, &t.Of, AddressIn{Scope: subnetID}) {
			if at.Value.Scope != subnetID || !yield(at.Key, p) {
				return
			}
		}
	}
}

// DHCPOf is a network's own port, if it has one yet.
func (t *Ports) DHCPOf(networkID string) (Port, bool) {
	return table.First(t.onNetwork, &t.Of, Pair{networkID, DHCPOwner})
}

// ServicesOf goes through those of a network's ports that aren't a server's and
// not the network's own.
func (t *Ports) ServicesOf(networkID string) iter.Seq2[string, Port] {
	return func(yield func(string, Port) bool) {
		for at, p := range table.From(t.onNetwork, &t.Of, Pair{Scope: networkID}) {
			if at.Value.Scope != networkID {
				return
			}
			if !p.DHCP() && !yield(at.Key, p) {
				return
			}
		}
	}
}

// CountOf is how many ports a project has.
func (t *Ports) CountOf(projectID string) int { return table.Total(t.perProject, &t.Of, projectID) }

func (t *Tables) applyPort(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.PortCreated:
		n, _ := t.Networks.Get(e.NetworkID)
		e.ProjectID, e.NetworkID, n.ProjectID = shared(e.ProjectID), shared(e.NetworkID), shared(n.ProjectID)
		e.Settings = slim(e.Settings)
		p := Port{ID: e.ID, ProjectID: e.ProjectID, NetworkID: e.NetworkID, NetworkOwner: n.ProjectID,
			Status: Down, PortSettings: e.Settings, Standard: made(m)}
		if p.DHCP() {
			p.Status = Active
		}
		t.Ports.Put(e.ID, p)
		t.moveAddresses(nil, e.Settings.FixedIPs)
	case evt.PortReconfigured:
		if p, ok := t.Ports.Get(e.ID); ok {
			t.moveAddresses(p.FixedIPs, e.Settings.FixedIPs)
		}
		t.changePort(e.ID, m, func(p *Port) { p.PortSettings = slim(e.Settings) })
	case evt.PortBound:
		e.Host = shared(e.Host)
		t.changePort(e.ID, m, func(p *Port) { p.Host, p.VIFType, p.Status = e.Host, "", Down })
	case evt.PortUnbound:
		t.changePort(e.ID, m, func(p *Port) { p.Host, p.VIFType, p.Status = "", "", Down })
	case evt.PortWentUp:
		t.changePort(e.ID, m, func(p *Port) { p.VIFType, p.Status = e.VIFType, Active })
	case evt.PortWentDown:
		t.changePort(e.ID, m, func(p *Port) { p.Status = Down })
	case evt.PortDeleted:
		if p, ok := t.Ports.Get(e.ID); ok {
			t.moveAddresses(p.FixedIPs, nil)
			t.Ports.Delete(e.ID)
		}
	}
}

// shared returns the one copy of a string that many rows hold.
func shared(s string) string { return unique.Make(s).Value() }

// slim is a port's settings without room that they don't need: there are many ports.
func slim(s evt.PortSettings) evt.PortSettings {
	s.DeviceOwner = shared(s.DeviceOwner)
	s.SecurityGroupIDs = slices.Clip(slices.Clone(s.SecurityGroupIDs))
	for i, id := range s.SecurityGroupIDs {
		s.SecurityGroupIDs[i] = shared(id)
	}
	s.FixedIPs = slices.Clip(slices.Clone(s.FixedIPs))
	for i := range s.FixedIPs {
		s.FixedIPs[i].SubnetID = shared(s.FixedIPs[i].SubnetID)
	}
	return s
}

func (t *Tables) changePort(id string, m events.Meta, change func(*Port)) {
	t.Ports.Update(id, func(p *Port) {
		change(p)
		p.touch(m)
	})
}

// moveAddresses frees and takes what differs between two lists.
func (t *Tables) moveAddresses(was, is []evt.FixedIP) {
	for _, f := range was {
		if !slices.Contains(is, f) {
			t.Addresses.free(f.SubnetID, f.Address)
		}
	}
	for _, f := range is {
		if !slices.Contains(was, f) {
			t.Addresses.take(f.SubnetID, f.Address)
		}
	}
}
