package compute

import (
	"maps"
	"slices"
	"time"

	"skylog/events"
	evt "skylog/events/compute"
)

// applyChanges folds what makes another server of one: of its disk, its size and
// its place.
func (t *Servers) applyChanges(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ServerRebuildRequested:
		t.ask(e.ID, m, Rebuilding, e.By, func(s *Server) {
			s.Image, s.Base, s.Disk, s.Want = e.Image, e.Image, e.Disk, "running"
			if s.VMState == Stopped {
				s.Want = Stopped
			}
		})
	case evt.ServerRebuilt:
		t.settled(e.ID, m, func(s *Server) { s.LaunchedAt = m.Time })
	case evt.ServerKeyChanged:
		t.change(e.ID, m, func(s *Server) { s.KeyName, s.KeyType, s.PublicKey = e.KeyName, e.KeyType, e.PublicKey })
	case evt.ServerUserDataChanged:
		t.change(e.ID, m, func(s *Server) { s.UserData = e.UserData })
	case evt.ServerFilesChanged:
		t.change(e.ID, m, func(s *Server) { s.Files = e.Files })
	case evt.ServerFirstPasswordChanged:
		t.change(e.ID, m, func(s *Server) { s.Password = e.Password })
	case evt.ServerRescueRequested:
		t.ask(e.ID, m, Rescuing, e.By, func(s *Server) { s.Rescue, s.RescuePassword, s.Want = &e.Image, e.Password, "running" })
	case evt.ServerRescued:
		t.found(e.ID, m, Rescued, PowerRunning)
	case evt.ServerUnrescueRequested:
		t.ask(e.ID, m, Unrescuing, e.By, func(s *Server) { s.Rescue, s.Want = nil, "running" })
	case evt.ServerUnrescued:
		t.found(e.ID, m, Active, PowerRunning)
	case evt.ServerSnapshotRequested:
		task := Snapshotting
		if e.Backup != "" {
			task = BackingUp
		}
		t.ask(e.ID, m, task, e.By, func(s *Server) {
			s.Capture = &Capture{ImageID: e.ImageID, Backup: e.Backup, Keep: e.Keep}
		})
	case evt.ServerSnapshotTaken:
		t.change(e.ID, m, func(s *Server) {
			if s.Capture != nil && s.Capture.Backup != "" {
				backups := maps.Clone(s.Backups)
				if backups == nil {
					backups = map[string][]string{}
				}
				backups[s.Capture.Backup] = e.Backups
				s.Backups = backups
			}
			s.Capture, s.TaskState, s.Due = nil, NoTask, time.Time{}
		})
	default:
		t.applyInterfaces(e, m)
		t.applyShelves(e, m)
		t.applyMoves(e, m)
	}
}

func (t *Servers) applyInterfaces(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ServerInterfaceAttached:
		t.change(e.ID, m, func(s *Server) {
			s.PortIDs = append(slices.Clone(s.PortIDs), e.PortID)
			if e.Own {
				s.OwnPortIDs = append(slices.Clone(s.OwnPortIDs), e.PortID)
			}
		})
	case evt.ServerInterfaceDetached:
		t.change(e.ID, m, func(s *Server) {
			without := func(ids []string) []string {
				return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == e.PortID })
			}
			s.PortIDs, s.OwnPortIDs = without(s.PortIDs), without(s.OwnPortIDs)
		})
	}
}

func (t *Servers) applyShelves(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ServerSoftDeleted:
		t.ask(e.ID, m, NoTask, e.Until, func(s *Server) {
			s.Deleted, s.VMState, s.PowerState, s.Want = s.VMState, SoftDeleted, PowerShutdown, Stopped
		})
	case evt.ServerRestoreRequested:
		t.ask(e.ID, m, Restoring, e.By, func(s *Server) {
			if s.Deleted != Stopped {
				s.Want = "running"
			}
		})
	case evt.ServerRestored:
		t.settled(e.ID, m, func(s *Server) { s.Deleted = "" })
	case evt.ServerShelveRequested:
		t.ask(e.ID, m, Shelving, e.By, func(s *Server) {
			s.Capture, s.Want = &Capture{ImageID: e.ImageID, Shelve: true, Offload: e.Offload}, Stopped
		})
	case evt.ServerShelved:
		t.found(e.ID, m, Shelved, PowerShutdown)
		t.Update(e.ID, func(s *Server) { s.Capture, s.ShelvedImage, s.Fault = nil, e.Image, nil })
	case evt.ServerOffloaded:
		t.found(e.ID, m, Offloaded, PowerNone)
		t.Update(e.ID, func(s *Server) { s.Host = "" })
	case evt.ServerUnshelveRequested:
		t.ask(e.ID, m, Unshelving, e.By, func(s *Server) {
			s.Want = "running"
			if s.VMState == Offloaded {
				s.Host, s.Disk, s.Base = shared(e.Host), e.Disk, s.ShelvedImage
			}
			if e.Pinned {
				s.Zone = shared(e.Zone)
			}
		})
	case evt.ServerUnshelved:
		t.found(e.ID, m, Active, PowerRunning)
		t.Update(e.ID, func(s *Server) { s.ShelvedImage, s.LaunchedAt = ImageUse{}, m.Time })
	}
}

// applyMoves folds resizes and cold migrations.
func (t *Servers) applyMoves(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ServerResizeRequested:
		task := Migrating
		if s, ok := t.Get(e.ID); ok && s.Host == e.Host {
			task = Finishing
		}
		t.ask(e.ID, m, task, e.By, func(s *Server) { s.resize(e) })
	case evt.ServerCarried:
		t.ask(e.ID, m, Finishing, e.By, func(s *Server) {
			if s.Old == nil {
				return
			}
			s.Capture, s.Base, s.Host, s.Want = nil, e.Base, shared(s.Old.To), wantOf(s.Old.VMState)
		})
	case evt.ServerResized:
		t.settled(e.ID, m, func(s *Server) {
			if s.PowerState == PowerRunning { // it was started anew
				s.LaunchedAt = m.Time
			}
			s.VMState, s.Due = Resized, e.ConfirmBy
		})
	case evt.ServerResizeConfirmed:
		t.settled(e.ID, m, func(s *Server) { s.Old, s.Generation, s.Cause = nil, m.Number, m.Command })
	case evt.ServerResizeRevertRequested:
		t.ask(e.ID, m, Reverting, e.By, func(s *Server) { s.revert() })
	case evt.ServerEvacuationRequested:
		t.ask(e.ID, m, Evacuating, e.By, func(s *Server) {
			s.Host, s.Disk, s.Base, s.Want = shared(e.Host), e.Disk, s.Image, "running"
			if s.VMState == Stopped {
				s.Want = Stopped
			}
		})
	case evt.ServerEvacuated:
		t.settled(e.ID, m, func(s *Server) { s.LaunchedAt = m.Time })
	case evt.ServerResizeReverted:
		t.settled(e.ID, m, func(s *Server) { s.Old = nil })
	default:
		t.applyLiveMoves(e, m)
	}
}

// ask says what is wanted of the server's host from now on, and by when.
func (t *Servers) ask(id string, m events.Meta, task string, due time.Time, how func(*Server)) {
	t.change(id, m, func(s *Server) {
		how(s)
		s.TaskState, s.Due = task, due
		s.Generation, s.Cause = m.Number, m.Command
	})
}

// settled says that the server reached what was wanted of it: it runs or is stopped.
func (t *Servers) settled(id string, m events.Meta, how func(*Server)) {
	t.change(id, m, func(s *Server) {
		s.VMState, s.PowerState = Active, PowerRunning
		if s.Want == Stopped {
			s.VMState, s.PowerState = Stopped, PowerShutdown
		}
		s.TaskState, s.Due, s.Fault = NoTask, time.Time{}, nil
		how(s)
	})
}

// resize notes what the server was and what it shall be. It stays where it is
// until its disk is at its new host.
func (s *Server) resize(e evt.ServerResizeRequested) {
	s.Old = &Before{Flavor: s.Flavor, Host: s.Host, VMState: s.VMState, Base: s.Base, Disk: s.Disk, Migration: e.Migration, Cold: e.Cold,
		ConfirmWithin: e.ConfirmWithin, To: e.Host, Carrier: e.Carrier, Room: UsageOf(&e.Flavor)}
	s.Flavor, s.Disk = e.Flavor, e.Disk
	if e.Host != s.Host {
		s.Capture, s.Want = &Capture{ImageID: e.Carrier, Carry: true}, Stopped
	}
}

// revert makes the server what it was.
func (s *Server) revert() {
	if s.Old == nil {
		return
	}
	s.Flavor, s.Host, s.Base, s.Disk = s.Old.Flavor, s.Old.Host, s.Old.Base, s.Old.Disk
	s.Want = wantOf(s.Old.VMState)
}

// undo takes back what a failed action wanted of the server.
func (s *Server) undo() {
	s.Capture = nil
	s.moveLive(func(l *LiveMove) { l.Abort = true })
	if s.VMState != Rescued {
		s.Rescue = nil
	}
	if s.Old != nil && s.VMState != Resized {
		s.revert()
		s.Old = nil
	}
	if s.VMState == Offloaded {
		s.Host = ""
	}
}
