package compute

import (
	"cmp"
	"iter"
	"strings"
	"time"

	evt "skylog/events/compute"
	"skylog/projections/table"
)

// States of a server as Nova names them (vm_states.py).
const (
	Building    = "building"
	Active      = "active"
	Stopped     = "stopped"
	Paused      = "paused"
	Suspended   = "suspended"
	Errored     = "error"
	Rescued     = "rescued"
	Resized     = "resized" // and not confirmed yet
	Shelved     = "shelved"
	Offloaded   = "shelved_offloaded"
	SoftDeleted = "soft-delete" // and kept for a while
	Deleted     = "deleted"     // and only remembered
)

// Tasks that a server can be at (task_states.py).
const (
	Scheduling    = "scheduling"
	Spawning      = "spawning"
	PoweringOff   = "powering-off"
	PoweringOn    = "powering-on"
	Rebooting     = "rebooting"
	RebootingHard = "rebooting_hard"
	Pausing       = "pausing"
	Unpausing     = "unpausing"
	Suspending    = "suspending"
	Resuming      = "resuming"
	Deleting      = "deleting"

	UpdatingPassword = "updating_password"

	Rebuilding    = "rebuilding"
	Rescuing      = "rescuing"
	Unrescuing    = "unrescuing"
	Migrating     = "resize_migrating" // its disk is on its way
	Finishing     = "resize_finish"
	Reverting     = "resize_reverting"
	Restoring     = "restoring"
	Evacuating    = "rebuild_spawning"
	MigratingLive = "migrating" // while it runs
	Snapshotting  = "image_snapshot"
	BackingUp     = "image_backup"
	Shelving      = "shelving"
	Unshelving    = "unshelving"
	NoTask        = ""
)

// Power states as Nova numbers them (power_state.py).
const (
	PowerNone      = 0
	PowerRunning   = 1
	PowerPaused    = 3
	PowerShutdown  = 4
	PowerCrashed   = 6
	PowerSuspended = 7
)

// Server is what is known of one server. The zero Server doesn't exist.
type Server struct {
	evt.ServerCreated
	Number     uint64 // for its name on the hypervisor
	Host       string // empty while none was found for it
	VMState    string
	TaskState  string
	PowerState int

	// What is wanted of its host. Generation is the event by which that changed last.
	Want       string // running, stopped, paused, suspended or gone
	Reboots    uint64
	HardReboot bool
	Generation uint64
	// Due is when the task has failed if the host hasn't said otherwise; zero without one.
	Due time.Time

	// Base is what its disk lies upon, which after a move isn't the image it was
	// made of. Disk numbers the disks that it had, from 0.
	Base ImageUse
	Disk uint64
	// Deleted is the state in which it was deleted, if it is kept for a while.
	Deleted string
	// Rescue is the image that it runs from instead; nil: its own disk.
	Rescue *ImageUse
	// RescuePassword is told meanwhile instead of the first one.
	RescuePassword []byte
	// Old is what it was before a resize or a move, until that is confirmed.
	Old *Before
	// Live is its way to another host while it runs; nil: it is on none.
	Live *LiveMove
	// Capture is the image that its disk is becoming; nil: none.
	Capture *Capture
	// Backups are the images of each kind of backup, the newest first.
	Backups map[string][]string
	// ShelvedImage is what it was put away as.
	ShelvedImage ImageUse

	Fault        *Fault
	Locked       bool
	LockedReason string
	LockedByUser bool // by its owner, who may unlock it

	CreatedAt, UpdatedAt, LaunchedAt time.Time
	// EndedAt is when it was deleted; zero for those that are there.
	EndedAt time.Time
	// Cause is the command that changed the want last.
	Cause string
}

// ImageUse is what is remembered of an image that disks are made of.
type ImageUse = evt.ImageUse

// Before is what a server was before a resize or a move.
type Before struct {
	Flavor        evt.FlavorUse
	Host, VMState string
	Base          ImageUse
	Disk          uint64
	Migration     string // names the move
	Cold          bool   // it was for the host's sake
	ConfirmWithin time.Duration
	// To and Carrier are where it goes and the image by which its disk gets there,
	// for as long as it is on its way.
	To, Carrier string
	// Room is what is claimed on the host it goes to.
	Room Usage
}

// Capture is a disk that becomes an image.
type Capture struct {
	ImageID string
	Backup  string // the kind of backup, and how many of it are kept
	Keep    int
	Shelve  bool // the server is put away afterwards
	Offload bool // and leaves its host
	Carry   bool // the disk is on its way to another host
}

// Fault is why a server is in error.
type Fault struct {
	Code             int
	Message, Details string
	At               time.Time
}

// Gone says that the server shall be deleted.
func (s *Server) Gone() bool { return s.Want == "gone" }

// Status is the one word that Nova's API shows for states and task
// (nova/api/openstack/common.py, status_from_state).
func (s *Server) Status() string {
	switch {
	case s.VMState == Errored:
		return "ERROR"
	case s.VMState == Building:
		return "BUILD"
	case s.TaskState == Rebooting:
		return "REBOOT"
	case s.TaskState == RebootingHard:
		return "HARD_REBOOT"
	case s.TaskState == UpdatingPassword:
		return "PASSWORD"
	case s.TaskState == Rebuilding, s.TaskState == Evacuating:
		return "REBUILD"
	case s.TaskState == Migrating, s.TaskState == Finishing:
		return "RESIZE"
	case s.TaskState == Reverting:
		return "REVERT_RESIZE"
	case s.TaskState == MigratingLive:
		return "MIGRATING"
	case s.VMState == Stopped:
		return "SHUTOFF"
	case s.VMState == SoftDeleted:
		return "SOFT_DELETED"
	case s.VMState == Rescued:
		return "RESCUE"
	case s.VMState == Resized:
		return "VERIFY_RESIZE"
	}
	return strings.ToUpper(s.VMState)
}

// order is how lists go: the newest first, as Nova's do.
type order struct {
	group   string // a project, or empty for all
	created int64
}

// Hint implements table.Hinter.
func (o *order) Hint() uint64 { return table.Within(o.group, table.Signed(o.created)) }

// Place is where a server stands in the list of its project or of all.
type Place = table.Place[order, string]

// Servers is the table of servers by id.
type Servers struct {
	table.Of[string, Server]
	newest     table.Index[order, string, Server]
	byHost     table.Index[string, string, Server]
	byOldHost  table.Index[string, string, Server]
	byNextHost table.Index[string, string, Server]
	byName     table.Index[[2]string, string, Server]
	byDue      table.Index[int64, string, Server]
	byGroup    table.Index[string, string, Server]
	usage      table.Tally[string, Usage, string, Server]
	claimed    table.Tally[string, Usage, string, Server]
	claimedBy  table.Tally[[2]string, Usage, string, Server]
	byStatus   table.Tally[string, int, string, Server]
}

// Usage is what servers take, together.
type Usage struct{ Servers, VCPUs, RAMMiB, DiskGiB int }

func addUsage(a, b Usage, sign int) Usage {
	return Usage{a.Servers + sign*b.Servers, a.VCPUs + sign*b.VCPUs, a.RAMMiB + sign*b.RAMMiB, a.DiskGiB + sign*b.DiskGiB}
}

func (s *Server) usage() Usage { return UsageOf(&s.Flavor) }

// UsageOf is what a server of a flavor takes.
func UsageOf(f *evt.FlavorUse) Usage {
	return Usage{1, f.VCPUs, f.RAMMiB, f.DiskGiB + f.EphemeralGiB}
}

func comparePairs(a, b [2]string) int {
	return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1]))
}

func newServers() Servers {
	t := Servers{Of: table.New[string, Server](strings.Compare)}
	t.newest = table.By(&t.Of, func(a, b order) int {
		return cmp.Or(strings.Compare(a.group, b.group), cmp.Compare(a.created, b.created))
	}, func(s *Server, emit func(order)) {
		emit(order{"", s.CreatedAt.UnixNano()})
		emit(order{s.ProjectID, s.CreatedAt.UnixNano()})
	})
	t.byHost = table.By(&t.Of, strings.Compare, func(s *Server, emit func(string)) {
		if s.Host != "" {
			emit(s.Host)
		}
	})
	t.byOldHost = table.By(&t.Of, strings.Compare, func(s *Server, emit func(string)) {
		if s.Old != nil && s.Old.Host != s.Host {
			emit(s.Old.Host)
		}
	})
	t.byNextHost = table.By(&t.Of, strings.Compare, func(s *Server, emit func(string)) {
		if s.Old != nil && s.Old.To != "" && s.Old.To != s.Host && s.Old.To != s.Old.Host {
			emit(s.Old.To)
		}
		if s.Live != nil {
			emit(s.Live.To)
		}
	})
	t.byName = table.By(&t.Of, comparePairs, func(s *Server, emit func([2]string)) {
		emit([2]string{s.ProjectID, s.Name})
	})
	t.byDue = table.By(&t.Of, cmp.Compare[int64], func(s *Server, emit func(int64)) {
		if !s.Due.IsZero() {
			emit(s.Due.UnixNano())
		}
	})
	t.byGroup = table.By(&t.Of, strings.Compare, func(s *Server, emit func(string)) {
		if s.GroupID != "" {
			emit(s.GroupID)
		}
	})
	t.usage = table.Sum(&t.Of, strings.Compare, func(s *Server) (string, Usage, bool) { return s.ProjectID, s.usage(), true }, addUsage)
	t.claimed = table.Sum(&t.Of, strings.Compare, func(s *Server) (string, Usage, bool) {
		u, counts := s.claimed()
		return s.ProjectID, u, counts
	}, addUsage)
	t.claimedBy = table.Sum(&t.Of, comparePairs, func(s *Server) ([2]string, Usage, bool) {
		u, counts := s.claimed()
		return [2]string{s.ProjectID, s.UserID}, u, counts
	}, addUsage)
	t.byStatus = table.Count(&t.Of, strings.Compare, func(s *Server) (string, bool) { return s.VMState, true })
	return t
}

// UsageOf is what a project's servers take.
func (t *Servers) UsageOf(project string) Usage { return table.Total(t.usage, &t.Of, project) }

// CountByState is how many servers are in a state.
func (t *Servers) CountByState(vmState string) int { return table.Total(t.byStatus, &t.Of, vmState) }

// OfHost goes through the servers on a host.
func (t *Servers) OfHost(host string) iter.Seq2[string, Server] {
	return table.Each(t.byHost, &t.Of, host)
}

// FromHost goes through the servers that are elsewhere by now but may yet return to a host.
func (t *Servers) FromHost(host string) iter.Seq2[string, Server] {
	return table.Each(t.byOldHost, &t.Of, host)
}

// Moving says whether servers are on their way to a host, or may yet return to it.
func (t *Servers) Moving(host string) bool {
	return table.Has(t.byOldHost, &t.Of, host) || table.Has(t.byNextHost, &t.Of, host)
}

// OfGroup goes through the members of a server group.
func (t *Servers) OfGroup(group string) iter.Seq2[string, Server] {
	return table.Each(t.byGroup, &t.Of, group)
}

// Named goes through the servers of a project that have this name.
func (t *Servers) Named(project, name string) iter.Seq2[string, Server] {
	return table.Each(t.byName, &t.Of, [2]string{project, name})
}

// Newest goes through the servers of a project (empty: of all), the newest
// first, those behind the server given as marker or, without one, from the start.
// They are the table's own and must not be written.
func (t *Servers) Newest(project string, marker *Server) iter.Seq[*Server] {
	return newestOf(t.newest, &t.Of, project, marker)
}

// Oldest goes through the same the other way round.
func (t *Servers) Oldest(project string, marker *Server) iter.Seq[*Server] {
	return oldestOf(t.newest, &t.Of, project, marker)
}

func newestOf(x table.Index[order, string, Server], t *table.Of[string, Server], project string, marker *Server) iter.Seq[*Server] {
	at := order{project, 1<<63 - 1}
	behind := "\xff"
	if marker != nil {
		at.created, behind = marker.CreatedAt.UnixNano(), marker.ID
	}
	return func(yield func(*Server) bool) {
		for p, s := range table.RowsBefore(x, t, at, behind) {
			if p.Value.group != project {
				return
			}
			if p.Key != behind && !yield(s) {
				return
			}
		}
	}
}

func oldestOf(x table.Index[order, string, Server], t *table.Of[string, Server], project string, marker *Server) iter.Seq[*Server] {
	at, behind := order{project, -1 << 63}, ""
	if marker != nil {
		at.created, behind = marker.CreatedAt.UnixNano(), marker.ID
	}
	return upwards(x, t, at, behind)
}

// upwards goes through what stands behind a place within its group.
func upwards(x table.Index[order, string, Server], t *table.Of[string, Server], at order, behind string) iter.Seq[*Server] {
	return func(yield func(*Server) bool) {
		for p, s := range table.RowsBehind(x, t, at, behind) {
			if p.Value.group != at.group {
				return
			}
			if p.Key != behind && !yield(s) {
				return
			}
		}
	}
}

// Due goes through the servers whose deadline is at or before now, the most overdue first.
func (t *Servers) Due(now time.Time) iter.Seq[Server] {
	return func(yield func(Server) bool) {
		for p, s := range table.From(t.byDue, &t.Of, -1<<63) {
			if p.Value > now.UnixNano() || !yield(s) {
				return
			}
		}
	}
}
