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

// ShelveServer puts a server away.
func ShelveServer(w *projections.World, c cmd.ShelveServer) ([]events.Event, error) {
	if _, err := act(w, c.ID, "shelve", c.By, view.Active, view.Stopped, view.Paused, view.Suspended); err != nil {
		return nil, err
	}
	return events.List(evt.ServerShelveRequested{ID: c.ID, ImageID: c.ImageID, Offload: c.Offload, By: c.At.Add(captureTime)}), nil
}

// shelved ends the shelving of a server whose disk is an image now.
func shelved(w *projections.World, s *view.Server, image evt.ImageUse) []events.Event {
	e := events.List(evt.ServerShelved{ID: s.ID, Image: image})
	if s.Capture.Offload {
		e = append(e, offloaded(w, s)...)
	}
	return e
}

// offloaded takes a server off its host, which removes what it has of it.
func offloaded(w *projections.World, s *view.Server) []events.Event {
	return append(leaves(w, s), evt.ServerOffloaded{ID: s.ID})
}

// OffloadServer takes a shelved server off its host.
func OffloadServer(w *projections.World, c cmd.OffloadServer) ([]events.Event, error) {
	s, err := act(w, c.ID, "shelveOffload", c.By, view.Shelved)
	if err != nil {
		return nil, err
	}
	return offloaded(w, &s), nil
}

// UnshelveServer makes a shelved server run again, where it is or where there is room.
func UnshelveServer(w *projections.World, c cmd.UnshelveServer) ([]events.Event, error) {
	s, err := actAnywhere(w, c.ID, "unshelve", c.By, view.Shelved, view.Offloaded)
	if err != nil {
		return nil, err
	}
	asked := evt.ServerUnshelveRequested{ID: c.ID, Host: s.Host, Disk: s.Disk, By: c.At.Add(buildTime)}
	if s.VMState == view.Shelved {
		if c.Zone != nil || c.Host != "" {
			return nil, commands.Refuse(commands.Conflict, "Cannot specify an availability zone or a host for an instance that is not in state SHELVED_OFFLOADED.")
		}
		return events.List(asked), nil
	}
	zone, why := s.Zone, ""
	if c.Zone != nil {
		zone, asked.Zone, asked.Pinned = *c.Zone, *c.Zone, true
	}
	asked.Disk++
	if asked.Host, why = place(w, want{Usage: view.UsageOf(&s.Flavor), zone: zone, host: c.Host, server: s.ID, group: s.GroupID, specs: s.Flavor.ExtraSpecs}); why != "" {
		return nil, commands.Refuse(commands.Invalid, "%s", why)
	}
	e := events.List(asked)
	for id, p := range w.Network.Ports.OfDevice(s.ID, "") {
		if p.Host == "" && owned(&s, id) {
			e = append(e, netevt.PortBound{ID: id, Host: asked.Host})
		}
	}
	return e, nil
}

// unshelved ends the unshelving: the image that the server was is no longer needed.
func unshelved(w *projections.World, s *view.Server) []events.Event {
	return append(append(events.List(evt.ServerUnshelved{ID: s.ID}), dropImage(w, s.ShelvedImage.ID)...), portsUp(w, s)...)
}
