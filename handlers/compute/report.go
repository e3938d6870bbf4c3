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

// reported returns the server that a host speaks of, if it may: the server is on
// that host, and nowhere else soon, and the report is about what is wanted of it now.
func reported(w *projections.World, host, id string, generation uint64) (view.Server, bool) {
	s, ok := w.Compute.Servers.Get(id)
	return s, ok && s.Host == host && s.Generation == generation && !s.Gone() && s.Live == nil
}

// ReportServer turns the state in which a host found a server into what has
// happened: a task came to its end, or the guest did something by itself.
// A report that is late or tells nothing new makes no event.
func ReportServer(w *projections.World, c cmd.ReportServer) ([]events.Event, error) {
	s, ok := reported(w, c.Host, c.ID, c.Generation)
	if !ok {
		return nil, nil
	}
	switch s.TaskState {
	case view.NoTask:
		return byItself(w, &s, c), nil
	case view.Scheduling, view.Spawning:
		if c.Power == cmd.Running {
			return append(events.List(evt.ServerBooted{ID: c.ID, Steps: steps(c.Steps)}), portsUp(w, &s)...), nil
		}
	case view.PoweringOff:
		if c.Power == cmd.Stopped || c.Power == cmd.Crashed {
			return events.List(evt.ServerStopped{ID: c.ID}), nil
		}
	case view.Pausing:
		if c.Power == cmd.Paused {
			return events.List(evt.ServerPaused{ID: c.ID}), nil
		}
	case view.Suspending:
		if c.Power == cmd.Suspended {
			return events.List(evt.ServerSuspended{ID: c.ID}), nil
		}
	default:
		if c.Power == cmd.Power(s.Want) || c.Power == cmd.Crashed && s.Want == view.Stopped {
			return changed(w, &s, c), nil
		}
	}
	return nil, nil
}

// changed ends the tasks after which a server is as it is wanted, on a disk, at a
// place or of a size that may be another.
func changed(w *projections.World, s *view.Server, c cmd.ReportServer) []events.Event {
	switch s.TaskState {
	case view.Rebuilding:
		return append(events.List(evt.ServerRebuilt{ID: s.ID}), portsUp(w, s)...)
	case view.Rescuing:
		return events.List(evt.ServerRescued{ID: s.ID})
	case view.Unrescuing:
		return events.List(evt.ServerUnrescued{ID: s.ID})
	case view.Finishing:
		return resized(w, s)
	case view.Reverting:
		return append(events.List(evt.ServerResizeReverted{ID: s.ID}), portsUp(w, s)...)
	case view.Unshelving:
		return unshelved(w, s)
	case view.Restoring:
		return events.List(evt.ServerRestored{ID: s.ID})
	case view.Evacuating:
		return append(events.List(evt.ServerEvacuated{ID: s.ID}), portsUp(w, s)...)
	}
	return runsAgain(s, c)
}

// runsAgain ends the tasks after which a server runs.
func runsAgain(s *view.Server, c cmd.ReportServer) []events.Event {
	if c.Power != cmd.Running {
		return nil
	}
	switch s.TaskState {
	case view.PoweringOn:
		return events.List(evt.ServerStarted{ID: s.ID})
	case view.Unpausing:
		return events.List(evt.ServerUnpaused{ID: s.ID})
	case view.Resuming:
		return events.List(evt.ServerResumed{ID: s.ID})
	case view.Rebooting, view.RebootingHard:
		if c.Reboots >= s.Reboots {
			return events.List(evt.ServerRebooted{ID: s.ID})
		}
	}
	return nil
}

// byItself is what a guest did that nobody asked for, or what is found of one
// that was declared to be active. An error stays until somebody resets it.
func byItself(w *projections.World, s *view.Server, c cmd.ReportServer) []events.Event {
	switch {
	case s.VMState != view.Active:
		return nil
	case c.Power == cmd.Stopped || c.Power == cmd.Crashed:
		return events.List(evt.ServerStopped{ID: s.ID, ByItself: true})
	case c.Power == cmd.Paused && s.Want == "paused":
		return events.List(evt.ServerPaused{ID: s.ID})
	case c.Power == cmd.Suspended && s.Want == "suspended":
		return events.List(evt.ServerSuspended{ID: s.ID})
	case c.Power == cmd.Running && s.LaunchedAt.IsZero():
		return append(events.List(evt.ServerBooted{ID: s.ID, Steps: steps(c.Steps)}), portsUp(w, s)...)
	}
	return nil
}

func steps(from []cmd.Step) []evt.Step {
	out := make([]evt.Step, len(from))
	for i, s := range from {
		out[i] = evt.Step(s)
	}
	return out
}

// ReportServerFailed ends a task by its failure: a server that never ran is in
// error; one that did is what it was before.
func ReportServerFailed(w *projections.World, c cmd.ReportServerFailed) ([]events.Event, error) {
	s, ok := w.Compute.Servers.Get(c.ID)
	if ok && s.Live != nil && !s.Gone() {
		return notAwaited(&s, &c), nil
	}
	if !ok || s.Host != c.Host || s.Generation != c.Generation || s.TaskState == view.NoTask {
		return nil, nil
	}
	return failure(w, &s, "The host could not finish "+s.TaskState+".", c.Reason), nil
}

// failure ends a task. What the host says of itself, with its paths and names, is
// in the details, which administrators see.
func failure(w *projections.World, s *view.Server, message, details string) []events.Event {
	if s.VMState == view.Building && !s.Gone() {
		return events.List(evt.ServerBuildFailed{ID: s.ID, Code: 500, Message: "Build of instance " + s.ID + " aborted: " + message, Details: details})
	}
	// A server that couldn't be stopped, paused or rebooted may be in any state:
	// it is in error until somebody looks. So is one that couldn't be deleted. Where
	// only a copy of it was to be made, it is what it was.
	failed := evt.ServerActionFailed{ID: s.ID, Message: message, Details: details, Error: true}
	e := captureFailed(w, s)
	switch {
	case s.Capture != nil:
		failed.Error = false
	case s.TaskState == view.Unshelving && s.VMState == view.Offloaded:
		failed.Error = false
		e = append(e, leaves(w, s)...)
	}
	if s.TaskState == view.Migrating || s.TaskState == view.Finishing {
		e = append(e, back(w, s)...)
	}
	if s.Gone() { // it isn't, and its way to another host is at an end
		e = append(e, letGo(w, s)...)
	}
	return append(e, failed)
}

// leaves takes a server off a host that couldn't take it up.
func leaves(w *projections.World, s *view.Server) []events.Event {
	e := events.List(evt.ServerLeft{ID: s.ID, Host: s.Host})
	for id, p := range w.Network.Ports.OfDevice(s.ID, "") {
		if p.Host == s.Host {
			e = append(e, netevt.PortUnbound{ID: id})
		}
	}
	return e
}

// ReportServerGone ends a server whose deletion was asked for, and all that it claimed.
func ReportServerGone(w *projections.World, c cmd.ReportServerGone) ([]events.Event, error) {
	if w.Compute.Remains.Has(view.RemainID{ID: c.ID, Host: c.Host}) {
		return events.List(evt.ServerRemainsRemoved{ID: c.ID, Host: c.Host}), nil
	}
	s, ok := w.Compute.Servers.Get(c.ID)
	if !ok || s.Host != c.Host || !s.Gone() {
		return nil, nil
	}
	return gone(w, &s, false), nil
}

// PassDeadline decides the failure of what a server waited for too long. One
// whose deadline has moved since is left alone.
func PassDeadline(w *projections.World, c cmd.PassDeadline) ([]events.Event, error) {
	s, ok := w.Compute.Servers.Get(c.ID)
	if !ok || s.Due.IsZero() || !s.Due.Equal(c.Due) {
		return nil, nil
	}
	if h, ok := w.Compute.Hosts.Get(s.Host); s.Gone() && (!ok || !h.Alive()) {
		return gone(w, &s, true), nil
	}
	if s.TaskState == view.NoTask && s.VMState == view.SoftDeleted {
		return events.List(evt.ServerDeletionRequested{ID: s.ID, By: w.Time.Add(actionTime)}), nil
	}
	if s.TaskState == view.NoTask && s.VMState == view.Resized {
		return confirmed(w, &s), nil
	}
	if s.TaskState == view.NoTask {
		return nil, commands.Refuse(commands.Conflict, "Instance %s waits for nothing.", c.ID)
	}
	if s.TaskState == view.MigratingLive && s.Live != nil {
		return sentTooLong(w, &s), nil
	}
	if s.TaskState == view.UpdatingPassword { // the server is what it was
		return events.List(evt.ServerPasswordChangeEnded{ID: s.ID, Failure: "The host did not answer in time."}), nil
	}
	return failure(w, &s, "The host did not finish "+s.TaskState+" in time.", ""), nil
}
