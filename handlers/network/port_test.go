package network

import (
	"net/netip"
	"testing"

	"skylog/commands"
	cmd "skylog/commands/network"
	evt "skylog/events/network"
	"skylog/handlers/given"
)

func ip(s string) netip.Addr       { return netip.MustParseAddr(s) }
func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }
func to[T any](v T) *T             { return &v }

// The network of most cases: ada's, with one subnet of six usable addresses, of
// which the gateway is one. Group g is ada's default.
var (
	group   = evt.SecurityGroupCreated{ID: "g", ProjectID: "ada", Name: "default", Default: true}
	network = evt.NetworkCreated{ID: "n", ProjectID: "ada", VNI: 1, Settings: evt.NetworkSettings{Name: "net", AdminStateUp: true, PortSecurity: true, MTU: 1450}}
	subnet  = evt.SubnetCreated{ID: "s", ProjectID: "ada", NetworkID: "n", CIDR: prefix("10.0.0.0/29"),
		Settings: evt.SubnetSettings{Gateway: ip("10.0.0.1"), Pools: []evt.Pool{{First: ip("10.0.0.2"), Last: ip("10.0.0.6")}}}}
	served = func() evt.SubnetCreated { s := subnet; s.Settings.EnableDHCP = true; return s }()
	slaac  = evt.SubnetCreated{ID: "s6", ProjectID: "ada", NetworkID: "n", CIDR: prefix("fd00::/64"), AddressMode: "slaac", RAMode: "slaac",
		Settings: evt.SubnetSettings{EnableDHCP: true, Gateway: ip("fd00::1"), Pools: []evt.Pool{{First: ip("fd00::2"), Last: ip("fd00::ffff:ffff:ffff:ffff")}}}}
	laid = given.Events{group, network, subnet}
)

func port(id, mac string, owner string, groups []string, addresses ...string) evt.PortCreated {
	p := evt.PortCreated{ID: id, ProjectID: "ada", NetworkID: "n", Settings: evt.PortSettings{MAC: mac, DeviceOwner: owner,
		AdminStateUp: true, PortSecurity: true, SecurityGroupIDs: groups}}
	for _, a := range addresses {
		p.Settings.FixedIPs = append(p.Settings.FixedIPs, evt.FixedIP{SubnetID: "s", Address: ip(a)})
	}
	return p
}

func after(base given.Events, more ...given.Events) given.Events {
	all := append(given.Events{}, base...)
	for _, m := range more {
		all = append(all, m...)
	}
	return all
}

const (
	macA = "fa:16:3e:00:00:0a"
	macB = "fa:16:3e:00:00:0b"
	macC = "fa:16:3e:00:00:0c"
)

func TestCreatePort(t *testing.T) {
	ask := func(change func(*cmd.CreatePort)) cmd.CreatePort {
		c := cmd.CreatePort{ID: "p", ProjectID: "ada", NetworkID: "n", MAC: macA, AdminStateUp: true}
		if change != nil {
			change(&c)
		}
		return c
	}
	inG := []string{"g"}
	full := after(laid, given.Events{port("q", macB, "", inG, "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6")})
	given.Run(t, Register, []given.Case{
		{Name: "a port gets the lowest free address and the default group",
			Given: laid, When: ask(nil), Then: given.Events{port("p", macA, "", inG, "10.0.0.2")}},
		{Name: "a gap that was left is filled first",
			Given: after(laid, given.Events{port("q", macB, "", inG, "10.0.0.2"), port("r", macC, "", inG, "10.0.0.3"), evt.PortDeleted{ID: "q", NetworkID: "n"}}),
			When:  ask(nil), Then: given.Events{port("p", macA, "", inG, "10.0.0.2")}},
		{Name: "a full subnet has no more addresses",
			Given: full, When: ask(nil), Refused: commands.Conflict},
		{Name: "without addresses a port can be made on a full subnet",
			Given: full, When: ask(func(c *cmd.CreatePort) { c.FixedIPs = []cmd.FixedIPRequest{} }),
			Then: given.Events{port("p", macA, "", inG)}},
		{Name: "an address can be asked for, outside the pools too",
			Given: laid, When: ask(func(c *cmd.CreatePort) { c.FixedIPs = []cmd.FixedIPRequest{{Address: ip("10.0.0.1")}, {SubnetID: "s"}} }),
			Then: given.Events{port("p", macA, "", inG, "10.0.0.1", "10.0.0.2")}},
		{Name: "an address in use is refused",
			Given: full, When: ask(func(c *cmd.CreatePort) { c.FixedIPs = []cmd.FixedIPRequest{{Address: ip("10.0.0.4")}} }), Refused: commands.Conflict},
		{Name: "the same address twice is refused",
			Given: laid, When: ask(func(c *cmd.CreatePort) {
				c.FixedIPs = []cmd.FixedIPRequest{{Address: ip("10.0.0.4")}, {Address: ip("10.0.0.4")}}
			}), Refused: commands.Conflict},
		{Name: "a broadcast address is refused",
			Given: laid, When: ask(func(c *cmd.CreatePort) { c.FixedIPs = []cmd.FixedIPRequest{{Address: ip("10.0.0.7")}} }), Refused: commands.Invalid},
		{Name: "an address outside the subnet is refused",
			Given: laid, When: ask(func(c *cmd.CreatePort) { c.FixedIPs = []cmd.FixedIPRequest{{SubnetID: "s", Address: ip("10.0.1.4")}} }), Refused: commands.Invalid},
		{Name: "a MAC in use on the network is refused",
			Given: full, When: ask(func(c *cmd.CreatePort) { c.MAC, c.FixedIPs = macB, []cmd.FixedIPRequest{} }), Refused: commands.Conflict},
		{Name: "another project's network isn't there",
			Given: laid, When: ask(func(c *cmd.CreatePort) { c.ProjectID = "eve" }), Refused: commands.NotFound},
		{Name: "another project's group isn't there",
			Given: after(laid, given.Events{evt.SecurityGroupCreated{ID: "e", ProjectID: "eve"}}),
			When:  ask(func(c *cmd.CreatePort) { c.SecurityGroupIDs = []string{"e"} }), Refused: commands.NotFound},
		{Name: "more ports than the quota allows are refused",
			Given: after(laid, given.Events{evt.QuotaSet{ProjectID: "ada", Limits: map[string]int{"port": 0}}}), When: ask(nil), Refused: commands.OverLimit},
		{Name: "groups without port security are refused",
			Given: laid, When: ask(func(c *cmd.CreatePort) { c.PortSecurity, c.SecurityGroupIDs = to(false), []string{"g"} }), Refused: commands.Invalid},
		{Name: "address pairs without port security are refused",
			Given: laid, When: ask(func(c *cmd.CreatePort) {
				c.PortSecurity, c.AllowedPairs = to(false), []cmd.AddressPair{{Address: prefix("10.0.0.9/32")}}
			}), Refused: commands.Conflict},
		{Name: "a SLAAC subnet gives its address besides",
			Given: after(laid, given.Events{slaac}), When: ask(nil),
			Then: given.Events{func() evt.PortCreated {
				p := port("p", macA, "", inG, "10.0.0.2")
				p.Settings.FixedIPs = append(p.Settings.FixedIPs, evt.FixedIP{SubnetID: "s6", Address: ip("fd00::f816:3eff:fe00:a")})
				return p
			}()}},
		{Name: "no other address of a SLAAC subnet can be asked for",
			Given: after(laid, given.Events{slaac}), When: ask(func(c *cmd.CreatePort) { c.FixedIPs = []cmd.FixedIPRequest{{Address: ip("fd00::9")}} }), Refused: commands.Invalid},
		{Name: "the first server port brings the network's DHCP port, which its network's owner has",
			Given: given.Events{group, network, served}, When: ask(func(c *cmd.CreatePort) { c.DeviceOwner, c.Host = "compute:nova", "h1" }),
			Then: given.Events{port("p", macA, "compute:nova", inG, "10.0.0.2"), evt.PortBound{ID: "p", Host: "h1"}, dhcpPort("p", "10.0.0.3")}},
		{Name: "the second server port brings none",
			Given: given.Events{group, network, served, port("q", macB, "compute:nova", inG, "10.0.0.2"), dhcpPort("q", "10.0.0.3")},
			When:  ask(func(c *cmd.CreatePort) { c.DeviceOwner = "compute:nova" }),
			Then:  given.Events{port("p", macA, "compute:nova", inG, "10.0.0.4")}},
	})
}

func dhcpPort(seed string, address string) evt.PortCreated {
	w := given.World(&testing.T{}, nil)
	m, _ := mac(w, "n", seed+"/dhcp")
	return evt.PortCreated{ID: derived(seed, "dhcp"), ProjectID: "ada", NetworkID: "n", Settings: evt.PortSettings{
		DeviceID: "dhcp-n", DeviceOwner: "network:dhcp", MAC: m, AdminStateUp: true, FixedIPs: []evt.FixedIP{{SubnetID: "s", Address: ip(address)}}}}
}

func TestTheFirstPortOfAProjectBringsItsDefaultGroup(t *testing.T) {
	shared := network
	shared.ProjectID, shared.Settings.Shared = "bob", true
	id := derived("p", "default")
	rule := func(what string, in, v6 bool, remote string) evt.SecurityGroupRuleAdded {
		return evt.SecurityGroupRuleAdded{Rule: evt.SecurityGroupRule{ID: derived(id, what), ProjectID: "ada", GroupID: id, Ingress: in, IPv6: v6, RemoteGroupID: remote}}
	}
	given.Run(t, Register, []given.Case{{Name: "with four rules",
		Given: given.Events{shared}, When: cmd.CreatePort{ID: "p", ProjectID: "ada", NetworkID: "n", MAC: macA, AdminStateUp: true},
		Then: given.Events{
			evt.SecurityGroupCreated{ID: id, ProjectID: "ada", Name: "default", Description: "Default security group", Default: true},
			rule("egressIPv4", false, false, ""), rule("egressIPv6", false, true, ""),
			rule("ingressIPv4", true, false, id), rule("ingressIPv6", true, true, id),
			port("p", macA, "", []string{id}),
		}}})
}

func TestUpdatePort(t *testing.T) {
	inG := []string{"g"}
	was := port("p", macA, "", inG, "10.0.0.2")
	base := after(laid, given.Events{evt.SecurityGroupCreated{ID: "h", ProjectID: "ada", Name: "web"}, evt.SecurityGroupCreated{ID: "e", ProjectID: "eve"}, was,
		port("q", macB, "", inG, "10.0.0.3")})
	changed := func(change func(*evt.PortReconfigured)) given.Events {
		e := evt.PortReconfigured{ID: "p", NetworkID: "n", Settings: was.Settings}
		e.Settings.FixedIPs = append([]evt.FixedIP{}, was.Settings.FixedIPs...)
		change(&e)
		return given.Events{e}
	}
	given.Run(t, Register, []given.Case{
		{Name: "a name is changed, and nobody else's view with it",
			Given: base, When: cmd.UpdatePort{ID: "p", Name: to("x")}, Then: changed(func(e *evt.PortReconfigured) { e.Settings.Name = "x" })},
		{Name: "what changes nothing is no event",
			Given: base, When: cmd.UpdatePort{ID: "p", Name: to(""), FixedIPs: to([]cmd.FixedIPRequest{{SubnetID: "s"}})}},
		{Name: "an old revision is stale",
			Given: base, When: cmd.UpdatePort{ID: "p", Revision: 7, Name: to("x")}, Refused: commands.Stale},
		{Name: "a port moves to another group",
			Given: base, When: cmd.UpdatePort{ID: "p", SecurityGroupIDs: to([]string{"h", "h"})},
			Then: changed(func(e *evt.PortReconfigured) {
				e.Settings.SecurityGroupIDs, e.LeftGroups, e.SendersChanged = []string{"h"}, inG, true
			})},
		{Name: "another project's group isn't there",
			Given: base, When: cmd.UpdatePort{ID: "p", SecurityGroupIDs: to([]string{"e"})}, Refused: commands.NotFound},
		{Name: "another address is taken in place of the old one",
			Given: base, When: cmd.UpdatePort{ID: "p", FixedIPs: to([]cmd.FixedIPRequest{{Address: ip("10.0.0.5")}})},
			Then: changed(func(e *evt.PortReconfigured) { e.Settings.FixedIPs[0].Address, e.SendersChanged = ip("10.0.0.5"), true })},
		{Name: "another port's address is refused",
			Given: base, When: cmd.UpdatePort{ID: "p", FixedIPs: to([]cmd.FixedIPRequest{{Address: ip("10.0.0.3")}})}, Refused: commands.Conflict},
		{Name: "port security can't go while groups stay",
			Given: base, When: cmd.UpdatePort{ID: "p", PortSecurity: to(false)}, Refused: commands.Conflict},
		{Name: "port security goes together with the groups",
			Given: base, When: cmd.UpdatePort{ID: "p", PortSecurity: to(false), SecurityGroupIDs: to([]string{})},
			Then: changed(func(e *evt.PortReconfigured) {
				e.Settings.PortSecurity, e.Settings.SecurityGroupIDs, e.LeftGroups, e.SendersChanged = false, nil, inG, true
			})},
		{Name: "a bound port keeps its MAC",
			Given: after(base, given.Events{evt.PortBound{ID: "p", Host: "h1"}}), When: cmd.UpdatePort{ID: "p", MAC: to(macC)}, Refused: commands.Conflict},
		{Name: "an attached port can't be attached again",
			Given: after(base, given.Events{evt.PortReconfigured{ID: "p", NetworkID: "n", Settings: evt.PortSettings{DeviceID: "one", MAC: macA}}}),
			When:  cmd.UpdatePort{ID: "p", IfFree: true, DeviceID: to("two")}, Refused: commands.Conflict},
		{Name: "a port that isn't there can't be changed",
			Given: base, When: cmd.UpdatePort{ID: "x", Name: to("x")}, Refused: commands.NotFound},
	})
}

func TestDeletePort(t *testing.T) {
	given.Run(t, Register, []given.Case{
		{Name: "a port goes", Given: after(laid, given.Events{port("p", macA, "", []string{"g"})}), When: cmd.DeletePort{ID: "p"},
			Then: given.Events{evt.PortDeleted{ID: "p", NetworkID: "n", SecurityGroupIDs: []string{"g"}}}},
		{Name: "a port that is plugged names the server that lost it",
			Given: after(laid, given.Events{port("p", macA, "compute:nova", nil), evt.PortReconfigured{ID: "p", NetworkID: "n",
				Settings: evt.PortSettings{DeviceID: "one", DeviceOwner: "compute:nova", MAC: macA}}, evt.PortBound{ID: "p", Host: "h"}}),
			When: cmd.DeletePort{ID: "p"}, Then: given.Events{evt.PortDeleted{ID: "p", NetworkID: "n", LeftDevice: "one"}}},
		{Name: "a router's port stays", Given: after(laid, given.Events{port("p", macA, "network:router_interface", nil)}), When: cmd.DeletePort{ID: "p"},
			Refused: commands.Conflict},
		{Name: "what isn't there can't go", When: cmd.DeletePort{ID: "p"}, Refused: commands.NotFound},
	})
}

func TestHostsSpeakOfTheirOwnPortsOnly(t *testing.T) {
	bound := after(laid, given.Events{port("p", macA, "", nil), evt.PortBound{ID: "p", Host: "h1"}})
	up := cmd.ReportPortUp{ID: "p", Host: "h1", VIFType: "bridge"}
	given.Run(t, Register, []given.Case{
		{Name: "a port is bound", Given: after(laid, given.Events{port("p", macA, "", nil)}), When: cmd.BindPort{ID: "p", Host: "h1"},
			Then: given.Events{evt.PortBound{ID: "p", Host: "h1"}}},
		{Name: "its host reports it up", Given: bound, When: up, Origin: "host.h1", Then: given.Events{evt.PortWentUp{ID: "p", VIFType: "bridge"}}},
		{Name: "what was reported before is no event", Given: after(bound, given.Events{evt.PortWentUp{ID: "p", VIFType: "bridge"}}), When: up, Origin: "host.h1"},
		{Name: "another host's word counts for nothing", Given: bound, When: cmd.ReportPortUp{ID: "p", Host: "h2", VIFType: "bridge"}, Origin: "host.h2", Refused: commands.Forbidden},
		{Name: "a host can't speak as another", Given: bound, When: up, Origin: "host.h2", Refused: commands.Forbidden},
		{Name: "an unbound port is nobody's to speak of", Given: after(bound, given.Events{evt.PortUnbound{ID: "p"}}), When: up, Origin: "host.h1", Refused: commands.Forbidden},
		{Name: "its host reports it down", Given: after(bound, given.Events{evt.PortWentUp{ID: "p", VIFType: "bridge"}}),
			When: cmd.ReportPortDown{ID: "p", Host: "h1"}, Then: given.Events{evt.PortWentDown{ID: "p"}}},
	})
}
