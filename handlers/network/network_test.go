package network

import (
	"fmt"
	"testing"

	"skylog/commands"
	cmd "skylog/commands/network"
	evt "skylog/events/network"
	"skylog/handlers/given"
)

func TestNetworks(t *testing.T) {
	ask := cmd.CreateNetwork{ID: "n2", ProjectID: "ada", Name: "two", AdminStateUp: true, PortSecurity: true}
	made := evt.NetworkCreated{ID: "n2", ProjectID: "ada", VNI: 2, Settings: evt.NetworkSettings{Name: "two", AdminStateUp: true, PortSecurity: true, MTU: 1450}}
	first := made
	first.VNI = 1
	withVNI := ask
	withVNI.VNI = 1
	small := ask
	small.MTU = 60
	shared := network
	shared.Settings.Shared = true
	foreign := port("p", macA, "", nil)
	foreign.ProjectID = "eve"
	renamed := network.Settings
	renamed.Name = "x"
	given.Run(t, Register, []given.Case{
		{Name: "a network gets the lowest free segment", Given: laid, When: ask, Then: given.Events{made}},
		{Name: "a deleted network's segment is free again", Given: after(laid, given.Events{evt.NetworkDeleted{ID: "n"}}), When: ask, Then: given.Events{first}},
		{Name: "a segment in use is refused", Given: laid, When: withVNI, Refused: commands.Conflict},
		{Name: "an MTU that IPv4 can't do with is refused", Given: laid, When: small, Refused: commands.Invalid},
		{Name: "one more than the quota allows is refused",
			Given: after(laid, given.Events{evt.QuotaSet{ProjectID: "ada", Limits: map[string]int{"network": 1}}}), When: ask, Refused: commands.OverLimit},
		{Name: "an unlimited quota allows it",
			Given: after(laid, given.Events{evt.QuotaSet{ProjectID: "ada", Limits: map[string]int{"network": -1}}}), When: ask, Then: given.Events{made}},
		{Name: "a network is renamed", Given: laid, When: cmd.UpdateNetwork{ID: "n", Name: to("x")}, Then: given.Events{evt.NetworkReconfigured{ID: "n", Settings: renamed}}},
		{Name: "the newest revision is asked for and it is", Given: laid, When: cmd.UpdateNetwork{ID: "n", Revision: 2, Name: to("x")},
			Then: given.Events{evt.NetworkReconfigured{ID: "n", Settings: renamed}}},
		{Name: "an old revision is stale", Given: laid, When: cmd.UpdateNetwork{ID: "n", Revision: 1, Name: to("x")}, Refused: commands.Stale},
		{Name: "a network that others use stays shared", Given: given.Events{group, shared, foreign}, When: cmd.UpdateNetwork{ID: "n", Shared: to(false)}, Refused: commands.Conflict},
		{Name: "a network with ports stays", Given: after(laid, given.Events{port("p", macA, "", nil)}), When: cmd.DeleteNetwork{ID: "n"}, Refused: commands.Conflict},
		{Name: "a network goes with its subnets and its own port", Given: given.Events{group, network, served, dhcpPort("p", "10.0.0.2")}, When: cmd.DeleteNetwork{ID: "n"},
			Then: given.Events{evt.PortDeleted{ID: derived("p", "dhcp"), NetworkID: "n", DHCP: true}, evt.SubnetDeleted{ID: "s", NetworkID: "n"}, evt.NetworkDeleted{ID: "n"}}},
		{Name: "what isn't there can't go", When: cmd.DeleteNetwork{ID: "n"}, Refused: commands.NotFound},
	})
}

// full is a network with all the subnets it may have.
func full() given.Events {
	all := given.Events{network, evt.QuotaSet{ProjectID: "ada", Limits: map[string]int{"subnet": -1}}}
	for i := range maxSubnets {
		all = append(all, evt.SubnetCreated{ID: fmt.Sprintf("s%d", i), ProjectID: "ada", NetworkID: "n", CIDR: prefix(fmt.Sprintf("10.0.%d.0/24", i))})
	}
	return all
}

func TestSubnets(t *testing.T) {
	ask := func(cidr string, change func(*cmd.CreateSubnet)) cmd.CreateSubnet {
		c := cmd.CreateSubnet{ID: "t", ProjectID: "ada", NetworkID: "n", CIDR: prefix(cidr)}
		if change != nil {
			change(&c)
		}
		return c
	}
	made := func(cidr, gateway string, pools ...evt.Pool) given.Events {
		e := evt.SubnetCreated{ID: "t", ProjectID: "ada", NetworkID: "n", CIDR: prefix(cidr), Settings: evt.SubnetSettings{Pools: pools}}
		if gateway != "" {
			e.Settings.Gateway = ip(gateway)
		}
		return given.Events{e}
	}
	pool := func(a, b string) evt.Pool { return evt.Pool{First: ip(a), Last: ip(b)} }
	pools := func(p ...cmd.Pool) func(*cmd.CreateSubnet) { return func(c *cmd.CreateSubnet) { c.Pools = p } }
	asked := func(a, b string) cmd.Pool { return cmd.Pool{First: ip(a), Last: ip(b)} }
	bare := given.Events{group, network}
	own, withDHCP := dhcpPort("t", "192.168.0.2"), made("192.168.0.0/24", "192.168.0.1", pool("192.168.0.2", "192.168.0.254"))
	own.Settings.FixedIPs[0].SubnetID = "t"
	servedOne := withDHCP[0].(evt.SubnetCreated)
	servedOne.Settings.EnableDHCP = true
	given.Run(t, Register, []given.Case{
		{Name: "the network's own port has the first free address where DHCP is on", Given: bare,
			When: ask("192.168.0.0/24", func(c *cmd.CreateSubnet) { c.EnableDHCP = true }), Then: given.Events{servedOne, own}},
		{Name: "the gateway is the first address and the pool the rest", Given: bare, When: ask("192.168.0.9/24", nil),
			Then: made("192.168.0.0/24", "192.168.0.1", pool("192.168.0.2", "192.168.0.254"))},
		{Name: "a gateway in the middle splits the pool", Given: bare, When: ask("192.168.0.0/29", func(c *cmd.CreateSubnet) { c.Gateway = ip("192.168.0.3") }),
			Then: made("192.168.0.0/29", "192.168.0.3", pool("192.168.0.1", "192.168.0.2"), pool("192.168.0.4", "192.168.0.6"))},
		{Name: "without a gateway the pool is all", Given: bare, When: ask("192.168.0.0/30", func(c *cmd.CreateSubnet) { c.NoGateway = true }),
			Then: made("192.168.0.0/30", "", pool("192.168.0.1", "192.168.0.2"))},
		{Name: "an IPv6 subnet has no broadcast address", Given: bare, When: ask("fd00::/64", nil),
			Then: made("fd00::/64", "fd00::1", pool("fd00::2", "fd00::ffff:ffff:ffff:ffff"))},
		{Name: "an overlap on the same network is refused", Given: laid, When: ask("10.0.0.0/16", nil), Refused: commands.Invalid},
		{Name: "a network has no more subnets than its port can serve", Given: full(), When: ask("10.9.9.0/24", nil), Refused: commands.Conflict},
		{Name: "the broadcast address is no gateway", Given: bare, When: ask("10.1.0.0/24", func(c *cmd.CreateSubnet) { c.Gateway = ip("10.1.0.255") }), Refused: commands.Invalid},
		{Name: "a pool beyond the subnet is refused", Given: bare, When: ask("10.1.0.0/24", pools(asked("10.1.0.250", "10.1.1.2"))), Refused: commands.Invalid},
		{Name: "a pool upside down is refused", Given: bare, When: ask("10.1.0.0/24", pools(asked("10.1.0.9", "10.1.0.2"))), Refused: commands.Invalid},
		{Name: "overlapping pools are refused", Given: bare, When: ask("10.1.0.0/24", pools(asked("10.1.0.2", "10.1.0.9"), asked("10.1.0.9", "10.1.0.12"))), Refused: commands.Conflict},
		{Name: "a pool with the gateway in it is refused", Given: bare, When: ask("10.1.0.0/24", pools(asked("10.1.0.1", "10.1.0.9"))), Refused: commands.Conflict},
		{Name: "DHCP needs room", Given: bare, When: ask("10.1.0.0/31", func(c *cmd.CreateSubnet) { c.EnableDHCP = true }), Refused: commands.Invalid},
		{Name: "IPv4 has no address modes", Given: bare, When: ask("10.1.0.0/24", func(c *cmd.CreateSubnet) { c.EnableDHCP, c.AddressMode = true, "slaac" }), Refused: commands.Invalid},
		{Name: "derived addresses need 64 bits", Given: bare, When: ask("fd00::/72", func(c *cmd.CreateSubnet) { c.EnableDHCP, c.AddressMode = true, "slaac" }), Refused: commands.Invalid},
		{Name: "a DNS server of the other family is refused", Given: bare, When: ask("10.1.0.0/24", func(c *cmd.CreateSubnet) { c.DNS = append(c.DNS, ip("fd00::1")) }), Refused: commands.Invalid},
		{Name: "a subnet in use stays", Given: after(laid, given.Events{port("p", macA, "", nil, "10.0.0.2")}), When: cmd.DeleteSubnet{ID: "s"}, Refused: commands.Conflict},
		{Name: "a subnet of which only DHCP has an address goes", Given: given.Events{group, network, served, dhcpPort("p", "10.0.0.2")}, When: cmd.DeleteSubnet{ID: "s"},
			Then: given.Events{evt.PortDeleted{ID: derived("p", "dhcp"), NetworkID: "n", DHCP: true}, evt.SubnetDeleted{ID: "s", NetworkID: "n"}}},
		{Name: "a subnet of derived addresses goes", Given: after(laid, given.Events{port("p", macA, "", nil), slaac}), When: cmd.DeleteSubnet{ID: "s6"},
			Then: given.Events{evt.SubnetDeleted{ID: "s6", NetworkID: "n"}}},
		{Name: "a subnet of derived addresses stays while a router has one", Refused: commands.Conflict, When: cmd.DeleteSubnet{ID: "s6"},
			Given: after(laid, given.Events{slaac, func() evt.PortCreated {
				p := port("p", macA, "network:router_interface", nil)
				p.Settings.FixedIPs = []evt.FixedIP{{SubnetID: "s6", Address: ip("fd00::1")}}
				return p
			}()})},
		{Name: "a gateway can't move into the pool", Given: laid, When: cmd.UpdateSubnet{ID: "s", Gateway: to(ip("10.0.0.3"))}, Refused: commands.Conflict},
		{Name: "a name changes", Given: laid, When: cmd.UpdateSubnet{ID: "s", Name: to("x")},
			Then: given.Events{func() evt.SubnetReconfigured {
				s := subnet.Settings
				s.Name = "x"
				return evt.SubnetReconfigured{ID: "s", NetworkID: "n", Settings: s}
			}()}},
		{Name: "without DHCP its port goes", Given: given.Events{group, network, served, dhcpPort("p", "10.0.0.2")}, When: cmd.UpdateSubnet{ID: "s", EnableDHCP: to(false)},
			Then: given.Events{evt.SubnetReconfigured{ID: "s", NetworkID: "n", Settings: subnet.Settings}, evt.PortDeleted{ID: derived("p", "dhcp"), NetworkID: "n", DHCP: true}}},
		{Name: "switched on, DHCP serves who is there", Given: after(laid, given.Events{port("p", macA, "", nil, "10.0.0.2")}), When: cmd.UpdateSubnet{ID: "s", EnableDHCP: to(true)},
			Then: given.Events{evt.SubnetReconfigured{ID: "s", NetworkID: "n", Settings: served.Settings}, dhcpPort("p/s", "10.0.0.3")}},
	})
}
