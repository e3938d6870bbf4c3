package network

import (
	"iter"

	"skylog/events"
	evt "skylog/events/network"
)

// Affected goes through the ports whose host views an event changes, each once.
// It is to be asked of the world in which the event is folded.
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
			t.onNetworkAndAbout(e.NetworkID, once)
		case evt.SubnetReconfigured:
			t.onSubnet(e.ID, once)
		case evt.SubnetDeleted:
			t.onNetworkAndAbout(e.NetworkID, once)
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
		if e.Settings.DeviceOwner == DHCPOwner {
			t.onNetwork(e.NetworkID, once)
			return
		}
		_ = once(e.ID) && t.aboutGroups(e.Settings.SecurityGroupIDs, once)
	case evt.PortReconfigured:
		if e.Settings.DeviceOwner == DHCPOwner {
			t.onNetwork(e.NetworkID, once)
			return
		}
		if once(e.ID) && e.SendersChanged {
			_ = t.aboutGroups(e.Settings.SecurityGroupIDs, once) && t.aboutGroups(e.LeftGroups, once)
		}
	case evt.PortBound:
		once(e.ID)
	case evt.PortUnbound:
		once(e.ID)
	case evt.PortDeleted:
		if e.DHCP {
			t.onNetwork(e.NetworkID, once)
			return
		}
		_ = once(e.ID) && t.aboutGroups(e.SecurityGroupIDs, once)
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

// onNetworkAndAbout goes through a network's ports and those whose rules refer
// to groups of them: for changes of addresses that nobody asked for.
func (t *Tables) onNetworkAndAbout(id string, yield func(string) bool) {
	done := map[string]bool{}
	for port, p := range t.Ports.OfNetwork(id, "") {
		if !yield(port) {
			return
		}
		for _, g := range p.SecurityGroupIDs {
			if done[g] {
				continue
			}
			done[g] = true
			if !t.aboutGroups([]string{g}, yield) {
				return
			}
		}
	}
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

// aboutGroups goes through the members of all groups whose rules refer to one of these.
func (t *Tables) aboutGroups(groups []string, yield func(string) bool) bool {
	for _, g := range groups {
		for _, r := range t.Rules.AboutGroup(g) {
			if !t.inGroup(r.GroupID, yield) {
				return false
			}
		}
	}
	return true
}
