package compute

import (
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

// reported returns the server that a host speaks of, if it may: the server is on
// that host, and the report is about what is wanted of it now.
func reported(w *projections.World, host, id string, generation uint64) (view.Server, bool) {
	s, ok := w.Compute.Servers.Get(id)
	return s, ok && s.Host == host && s.Generation == generation && !s.Gone()
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
		return runsAgain(&s, c), nil
	}
	return nil, nil
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
	if !ok || s.Host != c.Host || s.Generation != c.Generation || s.TaskState == view.NoTask {
		return nil, nil
	}
	return failure(&s, "The host could not finish "+s.TaskState+".", c.Reason), nil
}

// failure ends a task. What the host says of itself, with its paths and names, is
// in the details, which administrators see.
func failure(s *view.Server, message, details string) []events.Event {
	if s.VMState == view.Building && !s.Gone() {
		return events.List(evt.ServerBuildFailed{ID: s.ID, Code: 500, Message: "Build of instance " + s.ID + " aborted: " + message, Details: details})
	}
	// A server that couldn't be stopped, paused or rebooted may be in any state:
	// it is in error until somebody looks. So is one that couldn't be deleted.
	return events.List(evt.ServerActionFailed{ID: s.ID, Message: message, Details: details, Error: true})
}

// ReportServerGone ends a server whose deletion was asked for, and all that it claimed.
func ReportServerGone(w *projections.World, c cmd.ReportServerGone) ([]events.Event, error) {
	if r, ok := w.Compute.Remains.Get(c.ID); ok && r.Host == c.Host {
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
	if h, ok := w.Compute.Hosts.Get(s.Host); s.Gone() && (!ok || !h.Up) {
		return gone(w, &s, true), nil
	}
	if s.TaskState == view.NoTask {
		return nil, commands.Refuse(commands.Conflict, "Instance %s waits for nothing.", c.ID)
	}
	return failure(&s, "The host did not finish "+s.TaskState+" in time.", ""), nil
}
