package compute

import (
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

// ReportHost notes that a host is there; one that said the same before and is up
// makes no event.
func ReportHost(w *projections.World, c cmd.ReportHost) ([]events.Event, error) {
	joined := evt.HostJoined{Name: c.Host, ID: c.ID, HostFacts: evt.HostFacts(c.Facts)}
	switch h, known := w.Compute.Hosts.Get(c.Host); {
	case known && h.HostJoined == joined && h.Up:
		return nil, nil
	case known && h.HostJoined == joined:
		return events.List(evt.HostReturned{Name: c.Host}), nil
	}
	return events.List(joined), nil
}

func hostMissing(name string) error {
	return commands.Refuse(commands.NotFound, "Compute host %s could not be found.", name)
}

// LoseHost notes that a host isn't heard any more.
func LoseHost(w *projections.World, c cmd.LoseHost) ([]events.Event, error) {
	if h, ok := w.Compute.Hosts.Get(c.Name); !ok || !h.Up {
		return nil, nil
	}
	return events.List(evt.HostLost(c)), nil
}

// HearHost notes that a lost host is heard again.
func HearHost(w *projections.World, c cmd.HearHost) ([]events.Event, error) {
	if h, ok := w.Compute.Hosts.Get(c.Name); !ok || h.Up {
		return nil, nil
	}
	return events.List(evt.HostReturned(c)), nil
}

// DisableHost keeps new servers off a host.
func DisableHost(w *projections.World, c cmd.DisableHost) ([]events.Event, error) {
	switch h, ok := w.Compute.Hosts.Get(c.Name); {
	case !ok:
		return nil, hostMissing(c.Name)
	case h.Disabled && h.DisabledReason == c.Reason:
		return nil, nil
	}
	return events.List(evt.HostDisabled(c)), nil
}

// EnableHost lets servers onto a host again.
func EnableHost(w *projections.World, c cmd.EnableHost) ([]events.Event, error) {
	switch h, ok := w.Compute.Hosts.Get(c.Name); {
	case !ok:
		return nil, hostMissing(c.Name)
	case !h.Disabled:
		return nil, nil
	}
	return events.List(evt.HostEnabled(c)), nil
}

// ForceHostDown notes that an operator vouches for a host being down, or no more.
func ForceHostDown(w *projections.World, c cmd.ForceHostDown) ([]events.Event, error) {
	switch h, ok := w.Compute.Hosts.Get(c.Name); {
	case !ok:
		return nil, hostMissing(c.Name)
	case h.ForcedDown == c.Down:
		return nil, nil
	}
	return events.List(evt.HostForcedDown(c)), nil
}

// ForgetHost takes a host out of the cloud and of its aggregates, unless servers
// are on it, on their way to or from it, or it has yet to remove some.
func ForgetHost(w *projections.World, c cmd.ForgetHost) ([]events.Event, error) {
	if !w.Compute.Hosts.Has(c.Name) {
		return nil, hostMissing(c.Name)
	}
	for range w.Compute.Servers.OfHost(c.Name) {
		return nil, commands.Refuse(commands.Conflict, "Unable to delete compute service that is hosting instances. Migrate or delete the instances first.")
	}
	if w.Compute.Servers.Moving(c.Name) {
		return nil, commands.Refuse(commands.Conflict, "Unable to delete compute service that has in-progress migrations. Complete the migrations or delete the instances first.")
	}
	for range w.Compute.Remains.OfHost(c.Name) {
		return nil, commands.Refuse(commands.Conflict, "Unable to delete compute service that has yet to remove instances. Wait until it is heard again.")
	}
	var decided []events.Event
	for id := range w.Compute.Aggregates.OfHost(c.Name) {
		decided = append(decided, evt.AggregateHostRemoved{ID: id, Host: c.Name})
	}
	return append(decided, evt.HostForgotten(c)), nil
}

// ReportOrphan notes a machine that nobody wants where it is.
func ReportOrphan(w *projections.World, c cmd.ReportOrphan) ([]events.Event, error) {
	s, ok := w.Compute.Servers.Get(c.ID)
	known := ok && (s.Host == c.Host || s.Old != nil && s.Old.Host == c.Host || s.Live != nil && s.Live.To == c.Host)
	if known || w.Compute.Remains.Has(view.RemainID{ID: c.ID, Host: c.Host}) {
		return nil, nil // it is wanted, or wanted gone: the host will be told
	}
	return events.List(evt.OrphanFound(c)), nil
}

// DrainHost keeps new servers off a host and asks for those that it has to be
// moved, one after the other, by whoever keeps hosts.
func DrainHost(w *projections.World, c cmd.DrainHost) ([]events.Event, error) {
	h, ok := w.Compute.Hosts.Get(c.Name)
	switch {
	case !ok:
		return nil, hostMissing(c.Name)
	case h.Draining:
		return nil, nil
	}
	asked := events.List(evt.HostDrainRequested{Name: c.Name, Servers: h.Used.Servers})
	if !h.Disabled {
		asked = append(asked, evt.HostDisabled{Name: c.Name, Reason: c.Reason})
	}
	return asked, nil
}

// FinishDrain ends the draining of a host that is empty.
func FinishDrain(w *projections.World, c cmd.FinishDrain) ([]events.Event, error) {
	if h, ok := w.Compute.Hosts.Get(c.Name); !ok || !h.Draining || h.Used.Servers > 0 {
		return nil, nil
	}
	return events.List(evt.HostDrained(c)), nil
}
