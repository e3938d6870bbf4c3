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

// Migration is one move of a server, or change of its size.
type Migration struct {
	Number                   uint64
	ID, ServerID             string
	ProjectID, UserID        string // who asked for it
	Type, Status             string // as Nova names them
	From, To                 string
	OldFlavorID, NewFlavorID string
	CreatedAt, UpdatedAt     time.Time
	evt.Transfer             // of a live one, as it was heard last
}

// LiveMigration is the type of moves during which the server runs; Preparing
// and Underway are the states in which they go on.
const (
	LiveMigration = "live-migration"
	Preparing     = "preparing"
	Underway      = "running"
	Completed     = "completed"
)

// Live says that the migration is a live one that is under way.
func (m *Migration) Live() bool {
	return m.Type == LiveMigration && (m.Status == Preparing || m.Status == Underway)
}

// maxMigrations is how many are kept of one server; the log has all.
const maxMigrations = 20

// Migrations is the table of migrations by number.
type Migrations struct {
	table.Of[uint64, Migration]
	byServer table.Index[string, uint64, Migration]
	byID     table.Index[string, uint64, Migration]
}

func newMigrations() Migrations {
	t := Migrations{Of: table.New[uint64, Migration](cmp.Compare[uint64])}
	t.byServer = table.By(&t.Of, strings.Compare, func(m *Migration, emit func(string)) { emit(m.ServerID) })
	t.byID = table.By(&t.Of, strings.Compare, func(m *Migration, emit func(string)) { emit(m.ID) })
	return t
}

// OfServer goes through a server's migrations, the oldest first.
func (t *Migrations) OfServer(id string) iter.Seq2[uint64, Migration] {
	return table.Each(t.byServer, &t.Of, id)
}

// WithID returns the migration of a UUID.
func (t *Migrations) WithID(id string) (Migration, bool) { return table.First(t.byID, &t.Of, id) }

// Newest goes through all migrations before a number, the newest first.
func (t *Migrations) Newest(before uint64) iter.Seq2[uint64, Migration] { return t.Back(before) }

// Apply folds one event into the table. Servers are as they were before it.
func (t *Migrations) Apply(e events.Event, m events.Meta, servers *Servers) {
	switch e := e.(type) {
	case evt.ServerResizeRequested:
		kind := "resize"
		if e.Cold {
			kind = "migration"
		}
		t.begin(e.ID, m, servers, Migration{ID: e.Migration, Type: kind, Status: "migrating", To: e.Host, NewFlavorID: e.Flavor.ID})
	case evt.ServerEvacuationRequested:
		t.begin(e.ID, m, servers, Migration{ID: e.Migration, Type: "evacuation", Status: "pre-migrating", To: e.Host})
	case evt.ServerResized:
		t.turn(e.ID, m, "finished")
	case evt.ServerResizeConfirmed:
		t.turn(e.ID, m, "confirmed")
	case evt.ServerResizeReverted:
		t.turn(e.ID, m, "reverted")
	case evt.ServerEvacuated:
		t.turn(e.ID, m, "done")
	case evt.ServerActionFailed:
		if s, ok := servers.Get(e.ID); ok && slices.Contains([]string{Migrating, Finishing, Reverting, Evacuating, MigratingLive}, s.TaskState) {
			t.turn(e.ID, m, "error")
		}
	case evt.ServerDeleted:
		for _, number := range t.numbers(e.ID) {
			t.Delete(number)
		}
	default:
		t.applyLive(e, m, servers)
	}
}

func (t *Migrations) begin(server string, m events.Meta, servers *Servers, of Migration) {
	s, ok := servers.Get(server)
	if !ok {
		return
	}
	of.Number, of.ServerID, of.From, of.OldFlavorID = m.Number, server, s.Host, s.Flavor.ID
	of.NewFlavorID = cmp.Or(of.NewFlavorID, s.Flavor.ID)
	of.ProjectID, of.UserID, of.CreatedAt, of.UpdatedAt = m.Caller.ProjectID, m.Caller.UserID, m.Time, m.Time
	t.Put(of.Number, of)
	numbers := t.numbers(server)
	for _, number := range numbers[:max(0, len(numbers)-maxMigrations)] {
		t.Delete(number)
	}
}

// turn says what became of a server's newest migration.
func (t *Migrations) turn(server string, m events.Meta, status string) {
	t.newest(server, m, func(of *Migration) { of.Status = status })
}

// newest changes a server's newest migration.
func (t *Migrations) newest(server string, m events.Meta, how func(*Migration)) {
	if numbers := t.numbers(server); len(numbers) > 0 {
		t.Update(numbers[len(numbers)-1], func(of *Migration) {
			how(of)
			of.UpdatedAt = m.Time
		})
	}
}

func (t *Migrations) numbers(server string) (all []uint64) {
	for number := range t.OfServer(server) {
		all = append(all, number)
	}
	return all
}
