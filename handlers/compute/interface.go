package compute

import (
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	netevt "skylog/events/network"
	"skylog/projections"
	view "skylog/projections/compute"
)

// maxInterfaces is how many interfaces a server may have: what its bus has places for.
const maxInterfaces = 24

// AttachInterface gives a server an interface, which its host plugs while it runs.
func AttachInterface(w *projections.World, c cmd.AttachInterface) ([]events.Event, error) {
	s, err := act(w, c.ID, "attach_interface", c.By, view.Active, view.Paused, view.Stopped)
	if err != nil {
		return nil, err
	}
	p, ok := w.Network.Ports.Get(c.PortID)
	switch {
	case !ok:
		return nil, commands.Refuse(commands.NotFound, "Port id %s could not be found.", c.PortID)
	case p.DeviceID != c.ID || p.Host != "":
		return nil, commands.Refuse(commands.Invalid, "Port %s is still in use.", c.PortID)
	case len(s.PortIDs) >= maxInterfaces:
		return nil, commands.Refuse(commands.OverLimit, "A server has %d interfaces at most.", maxInterfaces)
	}
	return events.List(netevt.PortBound{ID: c.PortID, Host: s.Host}, evt.ServerInterfaceAttached{ID: c.ID, PortID: c.PortID, Own: c.Own}), nil
}

// DetachInterface takes an interface from a server. The server's own port goes,
// another is left without a device.
func DetachInterface(w *projections.World, c cmd.DetachInterface) ([]events.Event, error) {
	s, err := act(w, c.ID, "detach_interface", c.By, view.Active, view.Paused, view.Stopped)
	if err != nil {
		return nil, err
	}
	p, ok := w.Network.Ports.Get(c.PortID)
	if !ok || p.DeviceID != c.ID || p.Host != s.Host {
		return nil, commands.Refuse(commands.NotFound, "Instance %s does not have a port with id %s", c.ID, c.PortID)
	}
	e := events.List(evt.ServerInterfaceDetached{ID: c.ID, PortID: c.PortID})
	if owns(&s, c.PortID) {
		return append(e, p.Deleted()), nil
	}
	return append(e, p.Detached()...), nil
}
