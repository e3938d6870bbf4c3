package network

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"skylog/events"
	evt "skylog/events/network"
	"skylog/projections/table"
)

// folded are the tables that these events lead to.
func folded(all ...events.Event) *Tables {
	t, j := New(), &table.Journal{}
	for _, one := range []table.Table{&t.Networks, &t.Subnets, &t.Ports, &t.Groups, &t.Rules, &t.Quotas, &t.Addresses, &t.Segments} {
		one.Attach(j)
	}
	j.Folding(true)
	for i, e := range all {
		t.Apply(e, events.Meta{Number: uint64(i + 1), Time: time.Unix(int64(i), 0)})
	}
	return &t
}

func member(id, mac, group string, address string, pairs ...string) evt.PortCreated {
	p := evt.PortCreated{ID: id, ProjectID: "ada", NetworkID: "n", Settings: evt.PortSettings{MAC: mac, AdminStateUp: true, PortSecurity: true,
		SecurityGroupIDs: []string{group}, FixedIPs: []evt.FixedIP{{SubnetID: "s", Address: netip.MustParseAddr(address)}}}}
	for _, pair := range pairs {
		p.Settings.AllowedPairs = append(p.Settings.AllowedPairs, evt.AddressPair{Address: netip.MustParsePrefix(pair)})
	}
	return p
}

func base(more ...events.Event) []events.Event {
	return append(events.List(
		evt.NetworkCreated{ID: "n", ProjectID: "ada", VNI: 7, Settings: evt.NetworkSettings{AdminStateUp: true, MTU: 1450}},
		evt.SubnetCreated{ID: "s", ProjectID: "ada", NetworkID: "n", CIDR: netip.MustParsePrefix("10.0.0.0/24"),
			Settings: evt.SubnetSettings{EnableDHCP: true, Gateway: netip.MustParseAddr("10.0.0.1")}},
		evt.SecurityGroupCreated{ID: "web", ProjectID: "ada", Name: "web"},
		evt.SecurityGroupCreated{ID: "db", ProjectID: "ada", Name: "db"},
		evt.SecurityGroupRuleAdded{Rule: evt.SecurityGroupRule{ID: "r", ProjectID: "ada", GroupID: "db", Ingress: true, Protocol: "6", RemoteGroupID: "web"}},
	), more...)
}

func TestARemoteGroupIsToldByItsMembersAddresses(t *testing.T) {
	db := member("b", "fa:16:3e:00:00:02", "db", "10.0.0.9")
	tables := folded(base(db, member("a", "fa:16:3e:00:00:01", "web", "10.0.0.8", "10.0.0.8/32", "10.1.0.0/16"),
		member("c", "fa:16:3e:00:00:03", "web", "10.0.0.7"))...)
	view, ok := tables.HostView("b")
	if !ok || len(view.Rules) != 1 || view.VNI != 7 || view.MTU != 1450 || view.Rules[0].Protocol != "tcp" || view.Rules[0].RemoteGroup != "web" {
		t.Fatalf("the view of the port is %+v", view)
	}
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.7/32"), netip.MustParsePrefix("10.0.0.8/32"), netip.MustParsePrefix("10.1.0.0/16")}
	if got := tables.MembersOf("web"); !slices.Equal(got, want) {
		t.Fatalf("the members are %v, want %v", got, want)
	}
}

func TestTheDHCPPortsAddressIsTheSubnetsService(t *testing.T) {
	dhcp := member("d", "fa:16:3e:00:00:0d", "", "10.0.0.2")
	dhcp.Settings.DeviceOwner, dhcp.Settings.SecurityGroupIDs = DHCPOwner, nil
	tables := folded(base(member("b", "fa:16:3e:00:00:02", "db", "10.0.0.9"), dhcp)...)
	view, _ := tables.HostView("b")
	if ip := view.FixedIPs[0]; ip.ServiceAddr != netip.MustParseAddr("10.0.0.2") || ip.Gateway != netip.MustParseAddr("10.0.0.1") || !ip.DHCP {
		t.Fatalf("the address is %+v", ip)
	}
	if got := slices.Sorted(tables.Affected(dhcp)); !slices.Equal(got, []string{"b", "d"}) {
		t.Fatalf("the DHCP port changes the views of %v, want all of its network", got)
	}
}

func TestAnEventAffectsPortsAndTheGroupsThatRulesReferTo(t *testing.T) {
	web, db := member("a", "fa:16:3e:00:00:01", "web", "10.0.0.8"), member("b", "fa:16:3e:00:00:02", "db", "10.0.0.9")
	tables := folded(base(web, db)...)
	moved := web.Settings
	moved.SecurityGroupIDs = nil
	for _, c := range []struct {
		name          string
		event         events.Event
		ports, groups []string
	}{
		{"a new member of the remote group", web, []string{"a"}, []string{"web"}},
		{"a new member of the group that refers to it", db, []string{"b"}, nil},
		{"a renamed port", evt.PortReconfigured{ID: "a", NetworkID: "n", Settings: web.Settings}, []string{"a"}, nil},
		{"a port that left the remote group", evt.PortReconfigured{ID: "a", NetworkID: "n", Settings: moved, SendersChanged: true, LeftGroups: []string{"web"}}, []string{"a"}, []string{"web"}},
		{"a member that is gone", evt.PortDeleted{ID: "a", NetworkID: "n", SecurityGroupIDs: []string{"web"}}, []string{"a"}, []string{"web"}},
		{"a rule of the group", evt.SecurityGroupRuleRemoved{ID: "r", GroupID: "db"}, []string{"b"}, nil},
		{"a rule that refers to a group", evt.SecurityGroupRuleAdded{Rule: evt.SecurityGroupRule{ID: "r2", GroupID: "db", RemoteGroupID: "web"}}, []string{"b"}, []string{"web!"}},
		{"a group that is gone", evt.SecurityGroupDeleted{ID: "web"}, nil, []string{"web"}},
		{"the subnet", evt.SubnetReconfigured{ID: "s", NetworkID: "n"}, []string{"a", "b"}, nil},
		{"a further subnet", evt.SubnetCreated{ID: "s2", NetworkID: "n"}, []string{"a", "b"}, []string{"web"}},
		{"the network", evt.NetworkReconfigured{ID: "n"}, []string{"a", "b"}, nil},
		{"a binding", evt.PortBound{ID: "a", Host: "h"}, []string{"a"}, nil},
		{"a status", evt.PortWentUp{ID: "a"}, nil, nil},
	} {
		if got := slices.Sorted(tables.Affected(c.event)); !slices.Equal(got, c.ports) {
			t.Errorf("%s affects the ports %v, want %v", c.name, got, c.ports)
		}
		var groups []string
		tables.AffectedGroups(c.event, func(id string, awaited bool) {
			if awaited {
				id += "!"
			}
			groups = append(groups, id)
		})
		if !slices.Equal(groups, c.groups) {
			t.Errorf("%s affects the groups %v, want %v", c.name, groups, c.groups)
		}
	}
}

func TestASlaacSubnetGivesAndTakesAddressesByItself(t *testing.T) {
	slaac := evt.SubnetCreated{ID: "s6", ProjectID: "ada", NetworkID: "n", CIDR: netip.MustParsePrefix("fd00::/64"), AddressMode: "slaac"}
	all := base(member("a", "fa:16:3e:00:00:01", "web", "10.0.0.8"), member("b", "fa:16:3e:00:00:02", "db", "10.0.0.9"), slaac)
	tables := folded(all...)
	p, _ := tables.Ports.Get("a")
	want := evt.FixedIP{SubnetID: "s6", Address: netip.MustParseAddr("fd00::f816:3eff:fe00:1")}
	if !slices.Contains(p.FixedIPs, want) || !tables.Addresses.InUse("s6", want.Address) {
		t.Fatalf("the port has %v, want %v too", p.FixedIPs, want)
	}
	tables = folded(append(all, evt.SubnetDeleted{ID: "s6", NetworkID: "n"})...)
	if p, _ := tables.Ports.Get("a"); len(p.FixedIPs) != 1 || tables.Addresses.InUse("s6", want.Address) {
		t.Fatalf("without the subnet the port has %v", p.FixedIPs)
	}
}

func TestASnapshotOfTheTablesReadsAsItWasWritten(t *testing.T) {
	all := base(member("a", "fa:16:3e:00:00:01", "web", "10.0.0.8", "10.1.0.0/16"), evt.QuotaSet{ProjectID: "ada", Limits: map[string]int{"port": -1}},
		evt.TagsReplaced{Kind: evt.Ports, ID: "a", Tags: []string{"x"}})
	from, to := folded(all...), folded()
	tables := func(t *Tables) []table.Table {
		return []table.Table{&t.Networks, &t.Subnets, &t.Ports, &t.Groups, &t.Rules, &t.Quotas, &t.Addresses, &t.Segments}
	}
	for i, one := range tables(from) {
		var first, second bytes.Buffer
		if err := one.Write(&first); err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(first.Bytes()) {
			row, err := tables(to)[i].Parse(line, &table.Strings{})
			if err != nil {
				t.Fatal(err)
			}
			tables(to)[i].Load(row)
		}
		if err := tables(to)[i].Write(&second); err != nil {
			t.Fatal(err)
		}
		if first.Len() == 0 || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("wrote %s, read back %s", first.Bytes(), second.Bytes())
		}
	}
	if !to.Addresses.InUse("s", netip.MustParseAddr("10.0.0.8")) {
		t.Error("the address of the port is free after reading")
	}
}
