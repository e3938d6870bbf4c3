package compute

import (
	"slices"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

// act returns the server if it may be acted on from its state: one of the given
// VM states, and no task going on, on a host.
func act(w *projections.World, id, action string, by cmd.By, from ...string) (view.Server, error) {
	s, err := actAnywhere(w, id, action, by, from...)
	if err == nil && s.Host == "" {
		err = commands.Refuse(commands.Conflict, "Instance %s is not ready", id)
	}
	return s, err
}

// actAnywhere is the same for a server that may be on no host.
func actAnywhere(w *projections.World, id, action string, by cmd.By, from ...string) (view.Server, error) {
	s, ok := w.Compute.Servers.Get(id)
	switch {
	case !ok || s.Gone() && action != "delete":
		return s, serverMissing(id)
	case locked(&s, by):
		return s, lockedRefusal(id)
	case !slices.Contains(from, s.VMState):
		return s, commands.Refuse(commands.Conflict, "Cannot '%s' instance %s while it is in vm_state %s", action, id, s.VMState)
	case s.TaskState != view.NoTask:
		return s, commands.Refuse(commands.Conflict, "Cannot '%s' instance %s while it is in task_state %s", action, id, s.TaskState)
	case s.Live != nil && action != "evacuate": // nobody knows yet where it is
		return s, commands.Refuse(commands.Conflict, "Cannot '%s' instance %s while it is in task_state %s", action, id, view.MigratingLive)
	}
	return s, nil
}

// StopServer asks a running server to be powered off.
func StopServer(w *projections.World, c cmd.StopServer) ([]events.Event, error) {
	if _, err := act(w, c.ID, "stop", c.By, view.Active, view.Errored); err != nil {
		return nil, err
	}
	return events.List(evt.ServerStopRequested{ID: c.ID, By: c.At.Add(actionTime)}), nil
}

// StartServer asks a powered off server to run.
func StartServer(w *projections.World, c cmd.StartServer) ([]events.Event, error) {
	if _, err := act(w, c.ID, "start", c.By, view.Stopped); err != nil {
		return nil, err
	}
	return events.List(evt.ServerStartRequested{ID: c.ID, By: c.At.Add(actionTime)}), nil
}

// RebootServer restarts a server. A gentle reboot needs one that runs; a hard
// one also helps a server that is stopped, paused, suspended or in error, or
// whose gentle reboot doesn't come to an end.
func RebootServer(w *projections.World, c cmd.RebootServer) ([]events.Event, error) {
	from := []string{view.Active}
	if c.Hard {
		from = []string{view.Active, view.Stopped, view.Paused, view.Suspended, view.Errored}
	}
	s, err := act(w, c.ID, "reboot", c.By, from...)
	if err != nil && !(c.Hard && s.TaskState == view.Rebooting && slices.Contains(from, s.VMState) && !locked(&s, c.By)) {
		return nil, err
	}
	return events.List(evt.ServerRebootRequested{ID: c.ID, Hard: c.Hard, By: c.At.Add(actionTime)}), nil
}

// PauseServer asks a running server's CPUs to stand still.
func PauseServer(w *projections.World, c cmd.PauseServer) ([]events.Event, error) {
	if _, err := act(w, c.ID, "pause", c.By, view.Active); err != nil {
		return nil, err
	}
	return events.List(evt.ServerPauseRequested{ID: c.ID, By: c.At.Add(actionTime)}), nil
}

// UnpauseServer asks a paused server to go on.
func UnpauseServer(w *projections.World, c cmd.UnpauseServer) ([]events.Event, error) {
	if _, err := act(w, c.ID, "unpause", c.By, view.Paused); err != nil {
		return nil, err
	}
	return events.List(evt.ServerUnpauseRequested{ID: c.ID, By: c.At.Add(actionTime)}), nil
}

// SuspendServer asks for a running server's memory to be put on disk.
func SuspendServer(w *projections.World, c cmd.SuspendServer) ([]events.Event, error) {
	if _, err := act(w, c.ID, "suspend", c.By, view.Active); err != nil {
		return nil, err
	}
	return events.List(evt.ServerSuspendRequested{ID: c.ID, By: c.At.Add(actionTime)}), nil
}

// ResumeServer asks a suspended server to go on.
func ResumeServer(w *projections.World, c cmd.ResumeServer) ([]events.Event, error) {
	if _, err := act(w, c.ID, "resume", c.By, view.Suspended); err != nil {
		return nil, err
	}
	return events.List(evt.ServerResumeRequested{ID: c.ID, By: c.At.Add(actionTime)}), nil
}

// ResetServerState declares a server to be active or in error, and ends whatever
// was waited for.
func ResetServerState(w *projections.World, c cmd.ResetServerState) ([]events.Event, error) {
	s, ok := w.Compute.Servers.Get(c.ID)
	if !ok || s.Gone() {
		return nil, serverMissing(c.ID)
	}
	reset := slices.Concat(captureFailed(w, &s), dropCarrier(w, &s), letGo(w, &s))
	if s.Old != nil && s.Old.Host != s.Host { // it stays where it is
		reset = append(reset, evt.ServerLeft{ID: s.ID, Host: s.Old.Host})
	}
	return append(reset, evt.ServerStateReset{ID: c.ID, Error: c.Error}), nil
}

// DeleteServer asks for a server to be gone. One that no host has is gone at
// once; so is one whose host isn't there, which will be told when it returns.
func DeleteServer(w *projections.World, c cmd.DeleteServer) ([]events.Event, error) {
	s, ok := w.Compute.Servers.Get(c.ID)
	switch {
	case !ok || s.Gone() && s.TaskState == view.Deleting:
		return nil, serverMissing(c.ID)
	case locked(&s, c.By) && !c.Force:
		return nil, lockedRefusal(c.ID)
	}
	if h, ok := w.Compute.Hosts.Get(s.Host); ok && h.Up && softly(&s, c) {
		return events.List(evt.ServerSoftDeleted{ID: c.ID, Until: c.At.Add(c.Reclaim)}), nil
	}
	asked := evt.ServerDeletionRequested{ID: c.ID, By: c.At.Add(actionTime)}
	switch h, ok := w.Compute.Hosts.Get(s.Host); {
	case s.Host == "" || !ok:
		return append(events.List(asked), gone(w, &s, false)...), nil
	case !h.Alive():
		return append(events.List(asked), gone(w, &s, true)...), nil
	}
	return events.List(asked), nil
}
