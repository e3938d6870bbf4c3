package compute

import (
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

// RestoreServer makes a server that was deleted a while ago what it was. It still
// has its host, its disk, its ports and its share of the quota.
func RestoreServer(w *projections.World, c cmd.RestoreServer) ([]events.Event, error) {
	if _, err := act(w, c.ID, "restore", c.By, view.SoftDeleted); err != nil {
		return nil, err
	}
	return events.List(evt.ServerRestoreRequested{ID: c.ID, By: c.At.Add(actionTime)}), nil
}

// softly says whether a server that is to be deleted can be kept for a while.
func softly(s *view.Server, c cmd.DeleteServer) bool {
	kept := s.VMState == view.Active || s.VMState == view.Stopped || s.VMState == view.Paused || s.VMState == view.Suspended
	return c.Reclaim > 0 && !c.Force && kept && s.TaskState == view.NoTask
}
