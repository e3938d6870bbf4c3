package compute

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections/table"
)

// Action is one thing that was asked of a server, and what came of it.
type Action struct {
	ServerID                     string
	Name                         string // as Nova names it: create, stop, reboot …
	RequestID, UserID, ProjectID string
	Message                      string
	StartedAt, UpdatedAt         time.Time
	Events                       []ActionEvent
}

// ActionEvent is one step of an action.
type ActionEvent struct {
	Name, Host, Result string // Result is Success, Error or, while it goes on, empty
	Details            string
	StartedAt, EndedAt time.Time
}

// ActionID is the key of an action's row.
type ActionID struct {
	ServerID string
	Number   uint64 // of the event that began it
}

// Hint implements table.Hinter.
func (a *ActionID) Hint() uint64 { return table.Prefix(a.ServerID) }

// Actions is the table of the actions of servers, in the order in which they began.
type Actions struct {
	table.Of[ActionID, Action]
	byRequest table.Index[[2]string, ActionID, Action]
}

// maxActions is how many actions are kept of a server; the log has all.
const maxActions = 100

func newActions() Actions {
	t := Actions{Of: table.New[ActionID, Action](func(a, b ActionID) int {
		return cmp.Or(strings.Compare(a.ServerID, b.ServerID), cmp.Compare(a.Number, b.Number))
	})}
	t.byRequest = table.By(&t.Of, func(a, b [2]string) int {
		return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1]))
	}, func(a *Action, emit func([2]string)) { emit([2]string{a.ServerID, a.RequestID}) })
	return t
}

// OfServer goes through a server's actions, the newest first.
func (t *Actions) OfServer(id string) iter.Seq[Action] {
	return func(yield func(Action) bool) {
		for k, a := range t.Back(ActionID{id, 1<<64 - 1}) {
			if k.ServerID != id || !yield(a) {
				return
			}
		}
	}
}

// WithRequest returns the action that a request began.
func (t *Actions) WithRequest(serverID, requestID string) (Action, bool) {
	return table.First(t.byRequest, &t.Of, [2]string{serverID, requestID})
}

// begun says which action an event begins, with the step of it that now goes on.
func begun(e events.Event) (id, action, step string) {
	switch e := e.(type) {
	case evt.ServerCreated:
		return e.ID, "create", "compute__do_build_and_run_instance"
	case evt.ServerStopRequested:
		return e.ID, "stop", "compute_stop_instance"
	case evt.ServerStartRequested:
		return e.ID, "start", "compute_start_instance"
	case evt.ServerRebootRequested:
		return e.ID, "reboot", "compute_reboot_instance"
	case evt.ServerPauseRequested:
		return e.ID, "pause", "compute_pause_instance"
	case evt.ServerUnpauseRequested:
		return e.ID, "unpause", "compute_unpause_instance"
	case evt.ServerSuspendRequested:
		return e.ID, "suspend", "compute_suspend_instance"
	case evt.ServerResumeRequested:
		return e.ID, "resume", "compute_resume_instance"
	case evt.ServerDeletionRequested:
		return e.ID, "delete", "compute_terminate_instance"
	case evt.ServerPasswordChangeRequested:
		return e.ID, "changePassword", "compute_set_admin_password"
	case evt.ServerLocked:
		return e.ID, "lock", ""
	case evt.ServerUnlocked:
		return e.ID, "unlock", ""
	}
	return begunChange(e)
}

// begunChange is the same for what makes another server of one.
func begunChange(e events.Event) (id, action, step string) {
	switch e := e.(type) {
	case evt.ServerRebuildRequested:
		return e.ID, "rebuild", "compute_rebuild_instance"
	case evt.ServerRescueRequested:
		return e.ID, "rescue", "compute_rescue_instance"
	case evt.ServerUnrescueRequested:
		return e.ID, "unrescue", "compute_unrescue_instance"
	case evt.ServerResizeRequested:
		if e.Cold {
			return e.ID, "migrate", "compute_resize_instance"
		}
		return e.ID, "resize", "compute_resize_instance"
	case evt.ServerResizeConfirmed:
		return e.ID, "confirmResize", "compute_confirm_resize"
	case evt.ServerResizeRevertRequested:
		return e.ID, "revertResize", "compute_revert_resize"
	case evt.ServerSnapshotRequested:
		if e.Backup != "" {
			return e.ID, "createBackup", "compute_backup_instance"
		}
		return e.ID, "createImage", "compute_snapshot_instance"
	case evt.ServerShelveRequested:
		return e.ID, "shelve", "compute_shelve_instance"
	case evt.ServerUnshelveRequested:
		return e.ID, "unshelve", "compute_unshelve_instance"
	case evt.ServerInterfaceAttached:
		return e.ID, "attach_interface", "compute_attach_interface"
	case evt.ServerInterfaceDetached:
		return e.ID, "detach_interface", "compute_detach_interface"
	case evt.ServerSoftDeleted:
		return e.ID, "delete", "compute_soft_delete_instance"
	case evt.ServerRestoreRequested:
		return e.ID, "restore", "compute_restore_instance"
	case evt.ServerEvacuationRequested:
		return e.ID, "evacuate", "compute_rebuild_instance"
	case evt.ServerLiveMigrationRequested:
		return e.ID, "live-migration", "compute_pre_live_migration"
	case evt.ServerLiveMigrationForced:
		return e.ID, "live_migration_force_complete", ""
	case evt.ServerLiveMigrationAbortRequested:
		if !e.Overdue {
			return e.ID, "live_migration_cancel", ""
		}
	}
	return "", "", ""
}

// ended says which server's action an event ends, and with what failure.
func ended(e events.Event) (id, failure string) {
	switch e := e.(type) {
	case evt.ServerBooted:
		return e.ID, ""
	case evt.ServerStarted:
		return e.ID, ""
	case evt.ServerStopped:
		return e.ID, ""
	case evt.ServerRebooted:
		return e.ID, ""
	case evt.ServerPaused:
		return e.ID, ""
	case evt.ServerUnpaused:
		return e.ID, ""
	case evt.ServerSuspended:
		return e.ID, ""
	case evt.ServerResumed:
		return e.ID, ""
	case evt.ServerRebuilt:
		return e.ID, ""
	case evt.ServerRescued:
		return e.ID, ""
	case evt.ServerUnrescued:
		return e.ID, ""
	case evt.ServerResized:
		return e.ID, ""
	case evt.ServerResizeConfirmed:
		return e.ID, ""
	case evt.ServerResizeReverted:
		return e.ID, ""
	case evt.ServerSnapshotTaken:
		return e.ID, ""
	case evt.ServerShelved:
		return e.ID, ""
	case evt.ServerUnshelved:
		return e.ID, ""
	case evt.ServerSoftDeleted:
		return e.ID, ""
	case evt.ServerRestored:
		return e.ID, ""
	case evt.ServerEvacuated:
		return e.ID, ""
	case evt.ServerInterfaceAttached:
		return e.ID, ""
	case evt.ServerInterfaceDetached:
		return e.ID, ""
	case evt.ServerLiveMigrated:
		return e.ID, ""
	case evt.ServerLiveMigrationFailed:
		return e.ID, e.Message
	case evt.ServerPasswordChangeEnded:
		return e.ID, e.Failure
	case evt.ServerBuildFailed:
		return e.ID, e.Message
	case evt.ServerActionFailed:
		return e.ID, e.Message
	}
	return "", ""
}

// Apply folds one event into the table. Servers are as they were before it.
func (t *Actions) Apply(e events.Event, m events.Meta, servers *Servers) {
	if gone, ok := e.(evt.ServerDeleted); ok {
		t.forget(gone.ID)
		return
	}
	if id, name, step := begun(e); id != "" {
		a := Action{ServerID: id, Name: name, RequestID: m.Caller.RequestID, UserID: m.Caller.UserID,
			ProjectID: m.Caller.ProjectID, StartedAt: m.Time, UpdatedAt: m.Time}
		if step != "" {
			s, _ := servers.Get(id)
			if next, ok := e.(evt.ServerLiveMigrationRequested); ok { // it begins where it goes
				s.Host = next.Host
			}
			a.Events = []ActionEvent{{Name: step, Host: s.Host, StartedAt: m.Time}}
		}
		t.Put(ActionID{id, m.Number}, a)
		t.trim(id)
	}
	if e, ok := e.(evt.ServerLiveMigrationPrepared); ok { // what began where it goes goes on where it is
		s, _ := servers.Get(e.ID)
		t.step(e.ID, ActionEvent{Name: "compute_live_migration", Host: s.Host, StartedAt: m.Time})
	}
	if id, failure := ended(e); id != "" {
		t.end(id, failure, m.Time)
	}
}

// open is the newest action of a server that has steps, if the last of them is
// still going on. What has no steps, as a lock, came while another went on.
func (t *Actions) open(id string) (ActionID, Action, bool) {
	for k, a := range t.Back(ActionID{id, 1<<64 - 1}) {
		switch {
		case k.ServerID != id:
			return k, a, false
		case len(a.Events) > 0:
			return k, a, a.Events[len(a.Events)-1].EndedAt.IsZero()
		}
	}
	return ActionID{}, Action{}, false
}

// end closes the newest action of a server, if it is still going on.
func (t *Actions) end(id, failure string, at time.Time) {
	k, a, open := t.open(id)
	if !open {
		return
	}
	a.Events = slices.Clone(a.Events)
	last := &a.Events[len(a.Events)-1]
	last.EndedAt, last.Result, a.UpdatedAt = at, "Success", at
	if failure != "" {
		last.Result, last.Details, a.Message = "Error", failure, "Error"
	}
	t.Put(k, a)
}

// step ends a step of the newest action of a server and begins the next.
func (t *Actions) step(id string, next ActionEvent) {
	t.end(id, "", next.StartedAt)
	for k, a := range t.Back(ActionID{id, 1<<64 - 1}) {
		if k.ServerID != id {
			return
		}
		if len(a.Events) > 0 {
			a.Events = append(slices.Clone(a.Events), next)
			t.Put(k, a)
			return
		}
	}
}

func (t *Actions) keys(id string) (keys []ActionID) {
	for k := range t.From(ActionID{ServerID: id}) {
		if k.ServerID != id {
			break
		}
		keys = append(keys, k)
	}
	return keys
}

func (t *Actions) trim(id string) {
	keys := t.keys(id)
	for _, k := range keys[:max(0, len(keys)-maxActions)] {
		t.Delete(k)
	}
}

func (t *Actions) forget(id string) {
	for _, k := range t.keys(id) {
		t.Delete(k)
	}
}
