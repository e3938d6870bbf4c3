package network

import (
	"iter"

	"skylog/events"
	evt "skylog/events/network"
)

// Affected goes through the ports whose host views an event changes, each once.
// It is to be asked of the world in which the event is folded. That a group has
// other members changes no view: AffectedGroups tells of it.
func (t *Tables) Affected(e events.Event) iter.Seq[string] {
	return func(yield func(string) bool) {
		seen := map[string]bool{}
		once := func(id string) bool {
			if seen[id] {
				return true
			}
			seen[id] = true
			return yield(id)
		}
		switch e := e.(type) {
		case evt.NetworkReconfigured:
			t.onNetwork(e.ID, once)
		case evt.SubnetCreated: // ports may have an address of it at once
			t.onNetwork(e.NetworkID, once)
		case evt.SubnetReconfigured:
			t.onSubnet(e.ID, once)
		case evt.SubnetDeleted:
			t.onNetwork(e.NetworkID, once)
		case evt.SecurityGroupRenamed:
			t.inGroup(e.ID, once)
		case evt.SecurityGroupRuleAdded:
			t.inGroup(e.Rule.GroupID, once)
		case evt.SecurityGroupRuleRemoved:
			t.inGroup(e.GroupID, once)
		default:
			t.byPortEvent(e, once)
		}
	}
}

// byPortEvent goes through the ports that an event about one port concerns.
func (t *Tables) byPortEvent(e events.Event, once func(string) bool) {
	switch e := e.(type) {
	case evt.PortCreated:
		t.byPort(e.ID, e.NetworkID, e.Settings.DeviceOwner == DHCPOwner, once)
	case evt.PortReconfigured:
		t.byPort(e.ID, e.NetworkID, e.Settings.DeviceOwner == DHCPOwner, once)
	case evt.PortBound:
		once(e.ID)
	case evt.PortUnbound:
		once(e.ID)
	case evt.PortDeleted:
		t.byPort(e.ID, e.NetworkID, e.DHCP, once)
	}
}

// byPort is the port itself, or all of its network if that is served by it.
func (t *Tables) byPort(id, networkID string, dhcp bool, once func(string) bool) {
	if dhcp {
		t.onNetwork(networkID, once)
		return
	}
	once(id)
}

// AffectedGroups goes through the security groups that rules refer to and whose
// members, as hosts know them, an event changes; and says of each whether hosts
// wait for it, as a rule is new that refers to it. It is to be asked of the world
// in which the event is folded.
func (t *Tables) AffectedGroups(e events.Event, emit func(id string, awaited bool)) {
	changed := func(groups []string) {
		for _, g := range groups {
			if t.Rules.Refer(g) {
				emit(g, false)
			}
		}
	}
	switch e := e.(type) {
	case evt.SecurityGroupRuleAdded:
		if e.Rule.RemoteGroupID != "" {
			emit(e.Rule.RemoteGroupID, true)
		}
	case evt.SecurityGroupDeleted:
		emit(e.ID, false)
	case evt.SubnetCreated: // ports may get or lose an address that nobody asked for
		t.groupsOn(e.NetworkID, changed)
	case evt.SubnetDeleted:
		t.groupsOn(e.NetworkID, changed)
	case evt.PortCreated:
		changed(e.Settings.SecurityGroupIDs)
	case evt.PortReconfigured:
		if e.SendersChanged {
			changed(e.Settings.SecurityGroupIDs)
			changed(e.LeftGroups)
		}
	case evt.PortDeleted:
		changed(e.SecurityGroupIDs)
	}
}

// groupsOn goes through the groups that have members on a network.
func (t *Tables) groupsOn(networkID string, do func(groups []string)) {
	done := map[string]bool{}
	for _, p := range t.Ports.OfNetwork(networkID, "") {
		for _, g := range p.SecurityGroupIDs {
			if !done[g] {
				done[g] = true
				do([]string{g})
			}
		}
	}
}

func (t *Tables) onNetwork(id string, yield func(string) bool) bool {
	for port := range t.Ports.OfNetwork(id, "") {
		if !yield(port) {
			return false
		}
	}
	return true
}

func (t *Tables) onSubnet(id string, yield func(string) bool) bool {
	for port := range t.Ports.OfSubnet(id) {
		if !yield(port) {
			return false
		}
	}
	return true
}

func (t *Tables) inGroup(id string, yield func(string) bool) bool {
	for port := range t.Ports.OfGroup(id, "") {
		if !yield(port) {
			return false
		}
	}
	return true
}
