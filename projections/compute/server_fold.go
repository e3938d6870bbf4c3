package compute

import (
	"time"

	"skylog/events"
	evt "skylog/events/compute"
)

// Apply folds one event into the table.
func (t *Servers) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ServerCreated:
		t.create(e, m)
	case evt.ServerPlaced:
		t.change(e.ID, m, func(s *Server) {
			s.Host, s.TaskState = shared(e.Host), Spawning
			s.Generation, s.Cause = m.Number, m.Command
		})
	case evt.ServerBuildFailed:
		t.change(e.ID, m, func(s *Server) {
			s.VMState, s.TaskState, s.Due = Errored, NoTask, time.Time{}
			s.Fault = &Fault{Code: e.Code, Message: e.Message, Details: e.Details, At: m.Time}
		})
	case evt.ServerDeletionRequested:
		t.want(e.ID, m, "gone", Deleting, e.By)
	case evt.ServerDeleted:
		t.Delete(e.ID)
	case evt.ServerRenamed:
		t.change(e.ID, m, func(s *Server) { s.Name = e.Name })
	case evt.ServerDescribed:
		t.change(e.ID, m, func(s *Server) { s.Description = e.Description })
	case evt.ServerHostnameChanged:
		t.change(e.ID, m, func(s *Server) { s.Hostname = e.Hostname })
	case evt.ServerAccessChanged:
		t.change(e.ID, m, func(s *Server) { s.AccessIPv4, s.AccessIPv6 = e.AccessIPv4, e.AccessIPv6 })
	case evt.ServerDiskConfigChanged:
		t.change(e.ID, m, func(s *Server) { s.DiskConfig = e.DiskConfig })
	case evt.ServerMetadataChanged:
		t.change(e.ID, m, func(s *Server) { s.Metadata = e.Metadata })
	case evt.ServerTagged:
		t.change(e.ID, m, func(s *Server) { s.Tags = e.Tags })
	case evt.ServerLocked:
		t.change(e.ID, m, func(s *Server) { s.Locked, s.LockedReason, s.LockedByUser = true, e.Reason, e.ByOwner })
	case evt.ServerUnlocked:
		t.change(e.ID, m, func(s *Server) { s.Locked, s.LockedReason, s.LockedByUser = false, "", false })
	default:
		t.applyPower(e, m)
	}
}

// applyPower folds what is asked of a server's power and what came of it.
func (t *Servers) applyPower(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ServerStopRequested:
		t.want(e.ID, m, "stopped", PoweringOff, e.By)
	case evt.ServerStartRequested:
		t.want(e.ID, m, "running", PoweringOn, e.By)
	case evt.ServerPauseRequested:
		t.want(e.ID, m, "paused", Pausing, e.By)
	case evt.ServerUnpauseRequested:
		t.want(e.ID, m, "running", Unpausing, e.By)
	case evt.ServerSuspendRequested:
		t.want(e.ID, m, "suspended", Suspending, e.By)
	case evt.ServerResumeRequested:
		t.want(e.ID, m, "running", Resuming, e.By)
	case evt.ServerRebootRequested:
		task := Rebooting
		if e.Hard {
			task = RebootingHard
		}
		t.want(e.ID, m, "running", task, e.By)
		t.Update(e.ID, func(s *Server) { s.Reboots, s.HardReboot = s.Reboots+1, e.Hard })
	case evt.ServerBooted:
		t.found(e.ID, m, Active, PowerRunning)
		t.Update(e.ID, func(s *Server) { s.LaunchedAt, s.Fault = m.Time, nil })
	case evt.ServerStarted:
		t.found(e.ID, m, Active, PowerRunning)
	case evt.ServerRebooted:
		t.found(e.ID, m, Active, PowerRunning)
	case evt.ServerUnpaused:
		t.found(e.ID, m, Active, PowerRunning)
	case evt.ServerResumed:
		t.found(e.ID, m, Active, PowerRunning)
	case evt.ServerPaused:
		t.found(e.ID, m, Paused, PowerPaused)
	case evt.ServerSuspended:
		t.found(e.ID, m, Suspended, PowerSuspended)
	case evt.ServerStopped:
		t.found(e.ID, m, Stopped, PowerShutdown)
		if e.ByItself { // it shall not be started again because it was wanted running
			t.Update(e.ID, func(s *Server) { s.Want, s.Generation, s.Cause = "stopped", m.Number, m.Command })
		}
	case evt.ServerActionFailed:
		t.failed(e, m)
	case evt.ServerStateReset:
		t.change(e.ID, m, func(s *Server) {
			s.TaskState, s.Due, s.VMState, s.Fault = NoTask, time.Time{}, Active, nil
			s.Generation, s.Cause = m.Number, m.Command // its host shall say anew how it is
			s.Capture, s.Old, s.Rescue = nil, nil, nil
			if e.Error {
				s.VMState = Errored
			}
		})
	case evt.ServerPasswordChangeRequested: // nothing else is wanted of its host
		t.change(e.ID, m, func(s *Server) { s.TaskState, s.Due = UpdatingPassword, e.By })
	case evt.ServerPasswordChangeEnded:
		t.change(e.ID, m, func(s *Server) { s.TaskState, s.Due = NoTask, time.Time{} })
	default:
		t.applyChanges(e, m)
	}
}

func (t *Servers) create(e evt.ServerCreated, m events.Meta) {
	e.ProjectID, e.UserID = shared(e.ProjectID), shared(e.UserID)
	e.Image.ID, e.Image.SHA512, e.Image.Format = shared(e.Image.ID), shared(e.Image.SHA512), shared(e.Image.Format)
	e.Flavor.ID, e.Flavor.Name = shared(e.Flavor.ID), shared(e.Flavor.Name)
	e.KeyName, e.PublicKey, e.KeyType = shared(e.KeyName), shared(e.PublicKey), shared(e.KeyType)
	e.DiskConfig, e.Zone, e.GroupID = shared(e.DiskConfig), shared(e.Zone), shared(e.GroupID)
	t.Put(e.ID, Server{
		ServerCreated: e, Base: e.Image, Number: m.Number, VMState: Building, TaskState: Scheduling, Want: "running",
		Generation: m.Number, Due: e.BuildBy, CreatedAt: m.Time, UpdatedAt: m.Time, Cause: m.Command,
	})
}

// change updates a server on somebody's behalf.
func (t *Servers) change(id string, m events.Meta, how func(*Server)) {
	t.Update(id, func(s *Server) {
		how(s)
		s.UpdatedAt = m.Time
	})
}

// want says what is wanted of the server's host from now on.
func (t *Servers) want(id string, m events.Meta, want, task string, due time.Time) {
	t.change(id, m, func(s *Server) {
		s.Want, s.TaskState, s.Due = want, task, due
		s.Generation, s.Cause = m.Number, m.Command
	})
}

// found says that the server reached a state, and that nothing is waited for any more.
func (t *Servers) found(id string, m events.Meta, vm string, power int) {
	t.change(id, m, func(s *Server) {
		s.VMState, s.PowerState, s.TaskState, s.Due = vm, power, NoTask, time.Time{}
	})
}

// failed takes back the wish that didn't come about: what is wanted is again what is.
func (t *Servers) failed(e evt.ServerActionFailed, m events.Meta) {
	t.change(e.ID, m, func(s *Server) {
		s.TaskState, s.Due = NoTask, time.Time{}
		s.Generation, s.Cause = m.Number, m.Command
		s.undo()
		s.Want = wantOf(s.VMState)
		if e.Error {
			s.VMState = Errored
			s.Fault = &Fault{Code: 500, Message: e.Message, Details: e.Details, At: m.Time}
		}
	})
}

func wantOf(vmState string) string {
	switch vmState {
	case Stopped, Paused, Suspended:
		return vmState
	case Shelved, Offloaded, SoftDeleted:
		return Stopped
	}
	return "running"
}
