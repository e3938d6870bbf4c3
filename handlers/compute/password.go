package compute

import (
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

// passwordTime is how long a guest may take for another password; whoever asks
// for it waits meanwhile.
const passwordTime = time.Minute

// ChangePassword begins to give a guest another password, if it is said to have
// an agent that could take one.
func ChangePassword(w *projections.World, c cmd.ChangePassword) ([]events.Event, error) {
	s, err := act(w, c.ID, "changePassword", c.By, view.Active)
	switch {
	case err != nil:
		return nil, err
	case !s.Image.Agent:
		return nil, commands.Refuse(commands.Conflict, "QEMU guest agent is not enabled")
	case s.PowerState != view.PowerRunning:
		return nil, commands.Refuse(commands.Conflict, "Failed to set admin password on %s because instance %s is not running", c.ID, c.ID)
	}
	return events.List(evt.ServerPasswordChangeRequested{ID: c.ID, By: c.At.Add(passwordTime)}), nil
}

// EndPasswordChange ends it. What comes after its time, or once the server shall
// be gone, tells nothing new.
func EndPasswordChange(w *projections.World, c cmd.EndPasswordChange) ([]events.Event, error) {
	s, ok := w.Compute.Servers.Get(c.ID)
	if !ok || s.TaskState != view.UpdatingPassword {
		return nil, nil
	}
	return events.List(evt.ServerPasswordChangeEnded{ID: c.ID, Failure: c.Failure}), nil
}
