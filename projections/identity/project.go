package identity

import (
	"iter"
	"strings"

	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections/table"
)

// Project is what is known of one project.
type Project struct {
	ID, DomainID      string
	ParentID          string // empty: right below the domain
	Name, Description string
	Enabled           bool
	Immutable         bool
	Tags              []string
	Extra             string
	// TokensSince is the frame before which no token for the project holds.
	TokensSince uint64
}

// Projects is the table of projects, in the order of ids.
type Projects struct {
	table.Of[string, Project]
	byName   table.Index[NameIn, string, Project]
	named    table.Index[string, string, Project]
	byDomain table.Index[string, string, Project]
	byParent table.Index[string, string, Project]
	byTag    table.Index[string, string, Project]
}

func newProjects() Projects {
	t := Projects{Of: table.New[string, Project](strings.Compare)}
	t.byName = table.By(&t.Of, compareNames, func(p *Project, emit func(NameIn)) { emit(NameIn{p.DomainID, p.Name}) })
	t.named = table.By(&t.Of, strings.Compare, func(p *Project, emit func(string)) { emit(p.Name) })
	t.byDomain = table.By(&t.Of, strings.Compare, func(p *Project, emit func(string)) { emit(p.DomainID) })
	t.byParent = table.By(&t.Of, strings.Compare, func(p *Project, emit func(string)) { emit(p.Parent()) })
	t.byTag = table.By(&t.Of, strings.Compare, func(p *Project, emit func(string)) {
		for _, tag := range p.Tags {
			emit(tag)
		}
	})
	return t
}

// Parent is the id that the API shows as the project's parent: that of the domain for one at the top.
func (p *Project) Parent() string {
	if p.ParentID == "" {
		return p.DomainID
	}
	return p.ParentID
}

// Named returns the project of a name in a domain.
func (t *Projects) Named(domainID, name string) (Project, bool) {
	return table.First(t.byName, &t.Of, NameIn{domainID, name})
}

// OfName goes through the projects of a name in whatever domain.
func (t *Projects) OfName(name string) iter.Seq2[string, Project] {
	return table.Each(t.named, &t.Of, name)
}

// OfDomain goes through a domain's projects, those behind the id given.
func (t *Projects) OfDomain(domainID, after string) iter.Seq2[string, Project] {
	return behind(t.byDomain, &t.Of, domainID, after)
}

// Children goes through the projects right below a project, or right below a domain.
func (t *Projects) Children(parentID string) iter.Seq2[string, Project] {
	return table.Each(t.byParent, &t.Of, parentID)
}

// OfTag goes through the projects that have a tag.
func (t *Projects) OfTag(tag string) iter.Seq2[string, Project] {
	return table.Each(t.byTag, &t.Of, tag)
}

// MaxDepth is how deep projects may stand below their domain.
const MaxDepth = 5

// Ancestors lists the projects above a project, the nearest first.
func (t *Projects) Ancestors(p Project) []Project {
	var above []Project
	for range MaxDepth {
		parent, ok := t.Get(p.ParentID)
		if !ok {
			break
		}
		above = append(above, parent)
		p = parent
	}
	return above
}

// Below lists all projects of the subtree under a project, at most limit.
func (t *Projects) Below(id string, limit int) []Project {
	var found []Project
	next := []string{id}
	for len(next) > 0 && len(found) < limit {
		parent := next[0]
		next = next[1:]
		for _, p := range t.Children(parent) {
			if found = append(found, p); len(found) == limit {
				return found
			}
			next = append(next, p.ID)
		}
	}
	return found
}

// behind goes through the rows under i whose key is behind after.
func behind[S any](x table.Index[string, string, S], t *table.Of[string, S], i, after string) iter.Seq2[string, S] {
	return func(yield func(string, S) bool) {
		for at, s := range table.Behind(x, t, i, after) {
			if at.Value != i {
				return
			}
			if at.Key != after && !yield(at.Key, s) {
				return
			}
		}
	}
}

// Apply folds one event into the table.
func (t *Projects) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ProjectCreated:
		t.Put(e.ID, Project{ID: e.ID, DomainID: e.DomainID, ParentID: e.ParentID, Name: e.Name, Description: e.Description,
			Enabled: e.Enabled, Immutable: e.Immutable, Tags: e.Tags, Extra: e.Extra})
	case evt.ProjectDescribed:
		t.Update(e.ID, func(p *Project) {
			p.Name, p.Description, p.Immutable, p.Extra = e.Name, e.Description, e.Immutable, e.Extra
		})
	case evt.ProjectTagged:
		t.Update(e.ID, func(p *Project) { p.Tags = e.Tags })
	case evt.ProjectEnabled:
		t.Update(e.ID, func(p *Project) { p.Enabled = true })
	case evt.ProjectDisabled:
		t.Update(e.ID, func(p *Project) { p.Enabled, p.TokensSince = false, m.Seq })
	case evt.ProjectDeleted:
		t.Delete(e.ID)
	}
}
