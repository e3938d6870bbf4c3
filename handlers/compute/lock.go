package compute

import (
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

// locked says whether a server's lock holds for this caller.
func locked(s *view.Server, by cmd.By) bool { return s.Locked && !by.Admin }

func lockedRefusal(id string) error {
	return commands.Refuse(commands.Conflict, "Instance %s is locked", id)
}

// LockServer keeps others from acting on the server. An owner's lock doesn't
// replace that of an administrator.
func LockServer(w *projections.World, c cmd.LockServer) ([]events.Event, error) {
	s, ok := w.Compute.Servers.Get(c.ID)
	switch {
	case !ok:
		return nil, serverMissing(c.ID)
	case s.Locked && !s.LockedByUser && !c.Admin:
		return nil, nil
	}
	return events.List(evt.ServerLocked{ID: c.ID, Reason: c.Reason, ByOwner: !c.Admin}), nil
}

// UnlockServer lifts a lock; that of an administrator only an administrator lifts.
func UnlockServer(w *projections.World, c cmd.UnlockServer) ([]events.Event, error) {
	s, ok := w.Compute.Servers.Get(c.ID)
	switch {
	case !ok:
		return nil, serverMissing(c.ID)
	case !s.Locked:
		return nil, nil
	case !s.LockedByUser && !c.Admin:
		return nil, commands.Refuse(commands.Forbidden, "Policy doesn't allow os_compute_api:os-lock-server:unlock:unlock_override to be performed.")
	}
	return events.List(evt.ServerUnlocked{ID: c.ID}), nil
}
