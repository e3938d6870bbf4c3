package compute

import (
	"cmp"
	"iter"
	"strings"

	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections/table"
)

// The policies of server groups.
const (
	Affinity         = "affinity"
	AntiAffinity     = "anti-affinity"
	SoftAffinity     = "soft-affinity"
	SoftAntiAffinity = "soft-anti-affinity"
)

// ServerGroup is a group whose members are placed with regard to each other.
// Who its members are, servers tell (Servers.OfGroup). The zero ServerGroup
// doesn't exist.
type ServerGroup struct {
	evt.ServerGroupCreated
	Number uint64 // of its making, by which lists go
}

// groupPlace is where a group stands in the list of its project, or of all.
type groupPlace struct {
	project string
	number  uint64
}

// Hint implements table.Hinter.
func (p *groupPlace) Hint() uint64 { return table.Within(p.project, p.number) }

// ServerGroups is the table of server groups by id.
type ServerGroups struct {
	table.Of[string, ServerGroup]
	inOrder    table.Index[groupPlace, string, ServerGroup]
	perProject table.Tally[string, int, string, ServerGroup]
}

func newServerGroups() ServerGroups {
	t := ServerGroups{Of: table.New[string, ServerGroup](strings.Compare)}
	t.inOrder = table.By(&t.Of, func(a, b groupPlace) int {
		return cmp.Or(strings.Compare(a.project, b.project), cmp.Compare(a.number, b.number))
	}, func(g *ServerGroup, emit func(groupPlace)) {
		emit(groupPlace{"", g.Number})
		emit(groupPlace{g.ProjectID, g.Number})
	})
	t.perProject = table.Count(&t.Of, strings.Compare, func(g *ServerGroup) (string, bool) { return g.ProjectID, true })
	return t
}

// OfProject goes through a project's groups (empty: all) as they were made.
func (t *ServerGroups) OfProject(project string) iter.Seq[ServerGroup] {
	return func(yield func(ServerGroup) bool) {
		for p, g := range table.From(t.inOrder, &t.Of, groupPlace{project: project}) {
			if p.Value.project != project || !yield(g) {
				return
			}
		}
	}
}

// CountOf is how many groups a project has.
func (t *ServerGroups) CountOf(project string) int {
	return table.Total(t.perProject, &t.Of, project)
}

// Apply folds one event into the table.
func (t *ServerGroups) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ServerGroupCreated:
		t.Put(e.ID, ServerGroup{e, m.Number})
	case evt.ServerGroupDeleted:
		t.Delete(e.ID)
	}
}
