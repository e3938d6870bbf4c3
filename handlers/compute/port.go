package compute

import (
	"slices"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	netevt "skylog/events/network"
	"skylog/projections"
	view "skylog/projections/compute"
)

// vifType is how ports are plugged on our hosts, as Neutron names it.
const vifType = "bridge"

// bindPorts claims a new server's ports for its host. Commands before this one in
// the batch made them or gave them this server as their device.
func bindPorts(w *projections.World, c *cmd.CreateServer, host string) ([]events.Event, error) {
	bound := make([]events.Event, 0, len(c.PortIDs))
	for _, id := range c.PortIDs {
		p, ok := w.Network.Ports.Get(id)
		switch {
		case !ok:
			return nil, commands.Refuse(commands.Invalid, "Port %s could not be found.", id)
		case p.DeviceID != c.ID || p.Host != "":
			return nil, commands.Refuse(commands.Conflict, "Port %s is still in use.", id)
		}
		bound = append(bound, netevt.PortBound{ID: id, Host: host})
	}
	return bound, nil
}

// portsUp says that the ports of a server that has booted are plugged.
func portsUp(w *projections.World, s *view.Server) (up []events.Event) {
	for id, p := range w.Network.Ports.OfDevice(s.ID, "") {
		if p.Host == s.Host {
			up = append(up, netevt.PortWentUp{ID: id, VIFType: vifType})
		}
	}
	return up
}

// gone ends a server: its own ports go, others are left without a device.
func gone(w *projections.World, s *view.Server, unconfirmed bool) []events.Event {
	var ports []events.Event
	for id, p := range w.Network.Ports.OfDevice(s.ID, "") {
		if owns(s, id) {
			ports = append(ports, p.Deleted())
		} else {
			ports = append(ports, p.Detached()...)
		}
	}
	if s.Old != nil && s.Old.Host != s.Host {
		ports = append(ports, evt.ServerLeft{ID: s.ID, Host: s.Old.Host})
	}
	if s.Live != nil {
		ports = append(ports, evt.ServerLeft{ID: s.ID, Host: s.Live.To})
	}
	ports = append(append(ports, captureFailed(w, s)...), dropCarrier(w, s)...)
	return append(ports, evt.ServerDeleted{ID: s.ID, Host: s.Host, Unconfirmed: unconfirmed})
}

// owned says whether a port is one that the server was given, whoever else may
// say of a port of theirs that this server is its device.
func owned(s *view.Server, port string) bool { return slices.Contains(s.PortIDs, port) }

// owns says whether a port goes when the server goes.
func owns(s *view.Server, port string) bool { return slices.Contains(s.OwnPortIDs, port) }
