package identity

import (
	"cmp"
	"iter"
	"strings"

	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections/table"
)

// Limited is a service's resource, in a region or in all.
type Limited struct{ ServiceID, RegionID, ResourceName string }

func compareLimited(a, b Limited) int {
	return cmp.Or(strings.Compare(a.ServiceID, b.ServiceID), strings.Compare(a.RegionID, b.RegionID), strings.Compare(a.ResourceName, b.ResourceName))
}

// RegisteredLimit is what is known of one.
type RegisteredLimit struct {
	ID string
	Limited
	Description string
	Default     int
}

// RegisteredLimits is the table of them, in the order of ids.
type RegisteredLimits struct {
	table.Of[string, RegisteredLimit]
	of       table.Index[Limited, string, RegisteredLimit]
	byRegion table.Index[string, string, RegisteredLimit]
}

func newRegisteredLimits() RegisteredLimits {
	t := RegisteredLimits{Of: table.New[string, RegisteredLimit](strings.Compare)}
	t.of = table.By(&t.Of, compareLimited, func(l *RegisteredLimit, emit func(Limited)) { emit(l.Limited) })
	t.byRegion = table.By(&t.Of, strings.Compare, func(l *RegisteredLimit, emit func(string)) { emit(l.RegionID) })
	return t
}

// On returns the registered limit of a resource.
func (t *RegisteredLimits) On(what Limited) (RegisteredLimit, bool) {
	return table.First(t.of, &t.Of, what)
}

// InRegion says whether a registered limit is for a region.
func (t *RegisteredLimits) InRegion(id string) bool { return table.Has(t.byRegion, &t.Of, id) }

// Apply folds one event into the table.
func (t *RegisteredLimits) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.RegisteredLimitCreated:
		t.Put(e.ID, RegisteredLimit{e.ID, Limited{e.ServiceID, e.RegionID, e.ResourceName}, e.Description, e.Default})
	case evt.RegisteredLimitRevised:
		t.Update(e.ID, func(l *RegisteredLimit) {
			*l = RegisteredLimit{e.ID, Limited{e.ServiceID, e.RegionID, e.ResourceName}, e.Description, e.Default}
		})
	case evt.RegisteredLimitDeleted:
		t.Delete(e.ID)
	case evt.ServiceDeleted:
		var gone []string
		for at := range table.From(t.of, &t.Of, Limited{ServiceID: e.ID}) {
			if at.Value.ServiceID != e.ID {
				break
			}
			gone = append(gone, at.Key)
		}
		for _, id := range gone {
			t.Delete(id)
		}
	}
}

// Limit is what is known of one: a project's or a domain's own.
type Limit struct {
	ID                  string
	ProjectID, DomainID string
	Limited
	Description string
	Limit       int
}

// ownLimit is whose a limit is, and on what.
type ownLimit struct {
	owner string
	Limited
}

// Limits is the table of them, in the order of ids.
type Limits struct {
	table.Of[string, Limit]
	own table.Index[ownLimit, string, Limit]
	of  table.Index[Limited, string, Limit]
}

func newLimits() Limits {
	t := Limits{Of: table.New[string, Limit](strings.Compare)}
	t.own = table.By(&t.Of, func(a, b ownLimit) int {
		return cmp.Or(strings.Compare(a.owner, b.owner), compareLimited(a.Limited, b.Limited))
	}, func(l *Limit, emit func(ownLimit)) { emit(ownLimit{cmp.Or(l.ProjectID, l.DomainID), l.Limited}) })
	t.of = table.By(&t.Of, compareLimited, func(l *Limit, emit func(Limited)) { emit(l.Limited) })
	return t
}

// Owned returns the limit that a project or a domain has on a resource.
func (t *Limits) Owned(ownerID string, what Limited) (Limit, bool) {
	return table.First(t.own, &t.Of, ownLimit{ownerID, what})
}

// OfOwner goes through the limits of a project or a domain.
func (t *Limits) OfOwner(id string) iter.Seq2[string, Limit] {
	return func(yield func(string, Limit) bool) {
		for at, l := range table.From(t.own, &t.Of, ownLimit{owner: id}) {
			if at.Value.owner != id || !yield(at.Key, l) {
				return
			}
		}
	}
}

// Any says whether anybody has a limit of their own on a resource.
func (t *Limits) Any(what Limited) bool { return table.Has(t.of, &t.Of, what) }

// Apply folds one event into the table.
func (t *Limits) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.LimitCreated:
		t.Put(e.ID, Limit{e.ID, e.ProjectID, e.DomainID, Limited{e.ServiceID, e.RegionID, e.ResourceName}, e.Description, e.Limit})
	case evt.LimitRevised:
		t.Update(e.ID, func(l *Limit) { l.Limit, l.Description = e.Limit, e.Description })
	case evt.LimitDeleted:
		t.Delete(e.ID)
	case evt.ProjectDeleted:
		t.drop(keys(t.OfOwner(e.ID)))
	case evt.DomainDeleted:
		t.drop(keys(t.OfOwner(e.ID)))
	case evt.ServiceDeleted:
		var gone []string
		for at := range table.From(t.of, &t.Of, Limited{ServiceID: e.ID}) {
			if at.Value.ServiceID != e.ID {
				break
			}
			gone = append(gone, at.Key)
		}
		t.drop(gone)
	}
}

func (t *Limits) drop(gone []string) {
	for _, id := range gone {
		t.Delete(id)
	}
}
