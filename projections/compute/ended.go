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

// EndedServers is the table of deleted servers by id as they were at their end,
// the last ones of each project.
type EndedServers struct {
	table.Of[string, Server]
	inOrder    table.Index[order, string, Server] // of their end
	newest     table.Index[order, string, Server]
	perProject table.Tally[string, int, string, Server]
}

// maxEnded is how many deleted servers are remembered of a project; the log has all.
const maxEnded = 1000

func newEndedServers() EndedServers {
	t := EndedServers{Of: table.New[string, Server](strings.Compare)}
	by := func(when func(*Server) time.Time) table.Index[order, string, Server] {
		return table.By(&t.Of, func(a, b order) int {
			return cmp.Or(strings.Compare(a.group, b.group), cmp.Compare(a.created, b.created))
		}, func(s *Server, emit func(order)) {
			emit(order{"", when(s).UnixNano()})
			emit(order{s.ProjectID, when(s).UnixNano()})
		})
	}
	t.inOrder = by(func(s *Server) time.Time { return s.EndedAt })
	t.newest = by(func(s *Server) time.Time { return s.CreatedAt })
	t.perProject = table.Count(&t.Of, strings.Compare, func(s *Server) (string, bool) { return s.ProjectID, true })
	return t
}

// Since goes through the servers of a project (empty: of all) that were deleted
// at that time or later, behind the one given as marker if there is one.
func (t *EndedServers) Since(project string, at time.Time, marker *Server) iter.Seq[*Server] {
	from, behind := order{project, at.UnixNano()}, ""
	if marker != nil {
		from.created, behind = marker.EndedAt.UnixNano(), marker.ID
	}
	return upwards(t.inOrder, &t.Of, from, behind)
}

// Newest goes through the servers of a project (empty: of all) that are deleted,
// those made last first, behind the server given as marker if there is one.
func (t *EndedServers) Newest(project string, marker *Server) iter.Seq[*Server] {
	return newestOf(t.newest, &t.Of, project, marker)
}

// Oldest goes through the same the other way round.
func (t *EndedServers) Oldest(project string, marker *Server) iter.Seq[*Server] {
	return oldestOf(t.newest, &t.Of, project, marker)
}

// Apply folds one event into the table. Servers are as they were before it.
func (t *EndedServers) Apply(e events.Event, m events.Meta, servers *Servers) {
	deleted, ok := e.(evt.ServerDeleted)
	if !ok {
		return
	}
	s, ok := servers.Get(deleted.ID)
	if !ok {
		return
	}
	s.VMState, s.TaskState, s.PowerState, s.Due = Deleted, NoTask, PowerNone, time.Time{}
	s.EndedAt, s.UpdatedAt = m.Time, m.Time
	s.UserData, s.Password, s.RescuePassword, s.PublicKey = nil, nil, nil, "" // nobody asks for these any more
	t.Put(s.ID, s)
	if table.Total(t.perProject, &t.Of, s.ProjectID) > maxEnded {
		for oldest := range t.Since(s.ProjectID, time.Time{}, nil) {
			t.Delete(oldest.ID)
			break
		}
	}
}
