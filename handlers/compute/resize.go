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

// ResizeServer gives a server another flavor where it is, if that has room, or
// elsewhere; without another flavor it only goes elsewhere. All that both need is
// claimed at once.
func ResizeServer(w *projections.World, c cmd.ResizeServer) ([]events.Event, error) {
	action := "resize"
	if c.FlavorID == "" {
		action = "migrate"
	}
	s, err := act(w, c.ID, action, c.By, view.Active, view.Stopped)
	if err != nil {
		return nil, err
	}
	flavor := s.Flavor
	if c.FlavorID != "" {
		if flavor, err = largerFlavor(w, &s, c.FlavorID); err != nil {
			return nil, err
		}
	}
	host, why := s.Host, ""
	if here, _ := w.Compute.Hosts.Get(s.Host); c.FlavorID == "" || c.Host != "" || !here.Alive() || !fits(w, &here, view.UsageOf(&flavor)) || !traitSpecs(flavor.ExtraSpecs).allow(w, &here) {
		host, why = place(w, want{Usage: view.UsageOf(&flavor), zone: s.Zone, host: c.Host, not: s.Host, server: s.ID, group: s.GroupID, specs: flavor.ExtraSpecs})
	}
	if why != "" {
		return nil, commands.Refuse(commands.Invalid, "%s", why)
	}
	asked := evt.ServerResizeRequested{ID: c.ID, Flavor: flavor, Host: host, Disk: s.Disk + 1, Migration: c.Migration, Cold: c.FlavorID == "",
		By: c.At.Add(buildTime), ConfirmWithin: c.ConfirmWithin}
	var e []events.Event
	if c.DiskConfig != nil && *c.DiskConfig != s.DiskConfig {
		e = append(e, evt.ServerDiskConfigChanged{ID: c.ID, DiskConfig: *c.DiskConfig})
	}
	if host != s.Host {
		asked.Carrier = c.Carrier
		e = append(e, carrier(&s, c.Carrier))
	}
	return append(e, asked), nil
}

// largerFlavor is the flavor that a server shall have, if it may: its disk can't shrink.
func largerFlavor(w *projections.World, s *view.Server, id string) (evt.FlavorUse, error) {
	f, ok := w.Compute.Flavors.Get(id)
	switch {
	case !ok, !f.Public && !w.Compute.Access.Has(view.Access{FlavorID: id, ProjectID: s.ProjectID}):
		return evt.FlavorUse{}, commands.Refuse(commands.Invalid, "Flavor %s could not be found.", id)
	case f.ID == s.Flavor.ID:
		return evt.FlavorUse{}, commands.Refuse(commands.Invalid, "When resizing, instances must change flavor!")
	case f.DiskGiB < s.Flavor.DiskGiB:
		return evt.FlavorUse{}, commands.Refuse(commands.Invalid, "Resize to zero disk flavor is not allowed, nor to one with a smaller disk.")
	}
	more := usageOf(&f)
	more.Servers, more.VCPUs, more.RAMMiB = 0, more.VCPUs-s.Flavor.VCPUs, more.RAMMiB-s.Flavor.RAMMiB
	return flavorUse(&f), room(w, s.ProjectID, more)
}

func flavorUse(f *view.Flavor) evt.FlavorUse {
	return evt.FlavorUse{ID: f.ID, Name: f.Name, VCPUs: f.VCPUs, RAMMiB: f.RAMMiB, DiskGiB: f.DiskGiB, EphemeralGiB: f.EphemeralGiB, SwapMiB: f.SwapMiB, ExtraSpecs: f.ExtraSpecs}
}

// resized ends a resize on the host's part.
func resized(w *projections.World, s *view.Server) []events.Event {
	done := evt.ServerResized{ID: s.ID}
	if s.Old != nil && s.Old.ConfirmWithin > 0 {
		done.ConfirmBy = w.Time.Add(s.Old.ConfirmWithin)
	}
	return append(events.List(done), portsUp(w, s)...)
}

// ConfirmResize gives up the way back.
func ConfirmResize(w *projections.World, c cmd.ConfirmResize) ([]events.Event, error) {
	s, err := act(w, c.ID, "confirmResize", c.By, view.Resized)
	if err != nil {
		return nil, err
	}
	return confirmed(w, &s), nil
}

func confirmed(w *projections.World, s *view.Server) []events.Event {
	done := events.List(evt.ServerResizeConfirmed{ID: s.ID})
	if s.Old != nil && s.Old.Host != s.Host {
		done = append(done, evt.ServerLeft{ID: s.ID, Host: s.Old.Host})
	}
	return append(done, dropCarrier(w, s)...)
}

// RevertResize makes a server what it was before.
func RevertResize(w *projections.World, c cmd.RevertResize) ([]events.Event, error) {
	s, err := act(w, c.ID, "revertResize", c.By, view.Resized)
	if err != nil {
		return nil, err
	}
	asked := events.List(evt.ServerResizeRevertRequested{ID: c.ID, By: c.At.Add(actionTime)})
	return append(asked, back(w, &s)...), nil
}

// back takes a server that moved, or was about to, home: its ports are bound to
// where it was, and the host it went to removes what it has.
func back(w *projections.World, s *view.Server) (e []events.Event) {
	if s.Old == nil || s.Old.To == s.Old.Host {
		return nil
	}
	if s.Host != s.Old.Host {
		e = append(e, evt.ServerLeft{ID: s.ID, Host: s.Host})
	}
	return append(append(e, rebind(w, s, s.Old.Host)...), dropCarrier(w, s)...)
}

// rebind claims a server's ports for another host.
func rebind(w *projections.World, s *view.Server, host string) (e []events.Event) {
	for id, p := range w.Network.Ports.OfDevice(s.ID, "") {
		if p.Host == s.Host && host != s.Host {
			e = append(e, netevt.PortBound{ID: id, Host: host})
		}
	}
	return e
}
