package compute

import (
	"cmp"
	"iter"
	"strings"
	"time"

	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections/table"
)

// Ended is what is still known of a server that is deleted.
type Ended struct {
	ID, ProjectID, Name string
	Flavor              evt.FlavorUse
	LaunchedAt, EndedAt time.Time
}

// endedAt is where a deleted server stands in the list of its project, or of all.
type endedAt struct {
	project string
	nanos   int64
}

// Hint implements table.Hinter.
func (e *endedAt) Hint() uint64 { return table.Within(e.project, table.Signed(e.nanos)) }

// EndedServers is the table of deleted servers by id, the last ones of each project.
type EndedServers struct {
	table.Of[string, Ended]
	inOrder    table.Index[endedAt, string, Ended]
	perProject table.Tally[string, int, string, Ended]
}

// maxEnded is how many deleted servers are remembered of a project; the log has all.
const maxEnded = 1000

func newEndedServers() EndedServers {
	t := EndedServers{Of: table.New[string, Ended](strings.Compare)}
	t.inOrder = table.By(&t.Of, func(a, b endedAt) int {
		return cmp.Or(strings.Compare(a.project, b.project), cmp.Compare(a.nanos, b.nanos))
	}, func(e *Ended, emit func(endedAt)) {
		emit(endedAt{"", e.EndedAt.UnixNano()})
		emit(endedAt{e.ProjectID, e.EndedAt.UnixNano()})
	})
	t.perProject = table.Count(&t.Of, strings.Compare, func(e *Ended) (string, bool) { return e.ProjectID, true })
	return t
}

// Since goes through the servers of a project (empty: of all) that were deleted
// at that time or later, behind the one given as marker if there is one.
func (t *EndedServers) Since(project string, at time.Time, marker *Ended) iter.Seq[Ended] {
	from, behind := endedAt{project, at.UnixNano()}, ""
	if marker != nil {
		from.nanos, behind = marker.EndedAt.UnixNano(), marker.ID
	}
	return func(yield func(Ended) bool) {
		for p, e := range table.Behind(t.inOrder, &t.Of, from, behind) {
			if p.Value.project != project {
				return
			}
			if p.Key != behind && !yield(e) {
				return
			}
		}
	}
}

// Apply folds one event into the table. Servers are as they were before it.
func (t *EndedServers) Apply(e events.Event, m events.Meta, servers *Servers) {
	deleted, ok := e.(evt.ServerDeleted)
	if !ok {
		return
	}
	s, ok := servers.Get(deleted.ID)
	if !ok || s.LaunchedAt.IsZero() { // it never was
		return
	}
	t.Put(s.ID, Ended{ID: s.ID, ProjectID: s.ProjectID, Name: s.Name, Flavor: s.Flavor, LaunchedAt: s.LaunchedAt, EndedAt: m.Time})
	if table.Total(t.perProject, &t.Of, s.ProjectID) > maxEnded {
		for oldest := range t.Since(s.ProjectID, time.Time{}, nil) {
			t.Delete(oldest.ID)
			break
		}
	}
}
