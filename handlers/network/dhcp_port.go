package network

import (
	"slices"

	"skylog/events"
	evt "skylog/events/network"
	"skylog/projections"
	view "skylog/projections/network"
)

// serve sees to it that a network's own port, from which DHCP and metadata
// answer, has an address in each of these addresses' subnets, where DHCP is on.
// Where a subnet is full it goes without: its gateway's address is used then.
func serve(a *allocation, seed string, given []evt.FixedIP) []events.Event {
	port, exists := a.w.Network.Ports.DHCPOf(a.network.ID)
	if !exists {
		derivedMAC, err := mac(a.w, a.network.ID, seed+"/dhcp")
		if err != nil {
			return nil // a network without a single free MAC can't have a port of its own
		}
		port.PortSettings = evt.PortSettings{DeviceID: "dhcp-" + a.network.ID, DeviceOwner: view.DHCPOwner, MAC: derivedMAC, AdminStateUp: true}
	}
	settings := port.PortSettings
	settings.FixedIPs = slices.Clone(settings.FixedIPs)
	for _, s := range a.subnets {
		has := func(f evt.FixedIP) bool { return f.SubnetID == s.ID }
		if !s.EnableDHCP || !slices.ContainsFunc(given, has) || slices.ContainsFunc(settings.FixedIPs, has) {
			continue
		}
		if s.Auto() {
			if address, ok := view.AutoAddress(s.CIDR, settings.MAC); ok {
				settings.FixedIPs = append(settings.FixedIPs, evt.FixedIP{SubnetID: s.ID, Address: address})
			}
		} else if f, ok := a.free(s); ok {
			settings.FixedIPs = append(settings.FixedIPs, f)
		}
	}
	switch {
	case len(settings.FixedIPs) == len(port.FixedIPs):
		return nil
	case exists:
		return events.List(evt.PortReconfigured{ID: port.ID, NetworkID: port.NetworkID, Settings: settings})
	}
	return events.List(evt.PortCreated{ID: derived(seed, "dhcp"), ProjectID: a.network.ProjectID, NetworkID: a.network.ID, Settings: settings})
}

// firstServed gives the network's own port an address in a subnet that is being
// made, ahead of everybody else's: the first free one, as Neutron's agent has it.
func firstServed(w *projections.World, n view.Network, s view.Subnet) []events.Event {
	a := newAllocation(w, n, "", view.DHCPOwner, nil)
	a.subnets = []view.Subnet{s}
	return serve(a, s.ID, []evt.FixedIP{{SubnetID: s.ID}})
}

// withDHCP gives the network's own port an address in a subnet whose DHCP was
// switched on, if anybody is there to be served.
func withDHCP(w *projections.World, s view.Subnet) []events.Event {
	n, ok := w.Network.Networks.Get(s.NetworkID)
	if !ok {
		return nil
	}
	for id, p := range w.Network.Ports.OfSubnet(s.ID) {
		a := newAllocation(w, n, "", view.DHCPOwner, nil)
		for i := range a.subnets {
			if a.subnets[i].ID == s.ID {
				a.subnets[i] = s
			}
		}
		return serve(a, id+"/"+s.ID, p.FixedIPs)
	}
	return nil
}

// withoutDHCP takes from the network's own port its address in a subnet, and the
// port itself where it was the last.
func withoutDHCP(w *projections.World, s view.Subnet) []events.Event {
	port, ok := w.Network.Ports.DHCPOf(s.NetworkID)
	if !ok {
		return nil
	}
	settings := port.PortSettings
	settings.FixedIPs = slices.DeleteFunc(slices.Clone(settings.FixedIPs), func(f evt.FixedIP) bool { return f.SubnetID == s.ID })
	switch len(settings.FixedIPs) {
	case len(port.FixedIPs):
		return nil
	case 0:
		return events.List(port.Deleted())
	}
	return events.List(evt.PortReconfigured{ID: port.ID, NetworkID: port.NetworkID, Settings: settings})
}
