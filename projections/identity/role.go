package identity

import (
	"cmp"
	"iter"
	"strings"

	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections/table"
)

// Role is what is known of one role.
type Role struct {
	ID, DomainID, Name, Description string // DomainID is empty for a role of everybody's
	Immutable                       bool
	Extra                           string
}

// Roles is the table of roles, in the order of ids.
type Roles struct {
	table.Of[string, Role]
	byName table.Index[NameIn, string, Role]
}

func newRoles() Roles {
	t := Roles{Of: table.New[string, Role](strings.Compare)}
	t.byName = table.By(&t.Of, compareNames, func(r *Role, emit func(NameIn)) { emit(NameIn{r.DomainID, r.Name}) })
	return t
}

// Named returns the role of a name, a domain's own or, without a domain, everybody's.
func (t *Roles) Named(domainID, name string) (Role, bool) {
	return table.First(t.byName, &t.Of, NameIn{domainID, name})
}

// OfDomain goes through a domain's own roles, or everybody's, in the order of names.
func (t *Roles) OfDomain(domainID string) iter.Seq2[string, Role] {
	return func(yield func(string, Role) bool) {
		for at, r := range table.From(t.byName, &t.Of, NameIn{DomainID: domainID}) {
			if at.Value.DomainID != domainID || !yield(at.Key, r) {
				return
			}
		}
	}
}

// Apply folds one event into the table.
func (t *Roles) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.RoleCreated:
		t.Put(e.ID, Role(e))
	case evt.RoleDescribed:
		t.Update(e.ID, func(r *Role) {
			r.Name, r.Description, r.Immutable, r.Extra = e.Name, e.Description, e.Immutable, e.Extra
		})
	case evt.RoleDeleted:
		t.Delete(e.ID)
	}
}

// Implication is that one role brings another; it is its own key.
type Implication struct{ PriorID, ImpliedID string }

// Implications is the table of which role implies which, in the order of the prior.
type Implications struct {
	table.Of[Implication, Implication]
	byImplied table.Index[string, Implication, Implication]
}

func newImplications() Implications {
	t := Implications{Of: table.New[Implication, Implication](func(a, b Implication) int {
		return cmp.Or(strings.Compare(a.PriorID, b.PriorID), strings.Compare(a.ImpliedID, b.ImpliedID))
	})}
	t.byImplied = table.By(&t.Of, strings.Compare, func(i *Implication, emit func(string)) { emit(i.ImpliedID) })
	return t
}

// OfPrior goes through what a role implies by itself.
func (t *Implications) OfPrior(roleID string) iter.Seq2[Implication, Implication] {
	return func(yield func(Implication, Implication) bool) {
		for k, i := range t.From(Implication{PriorID: roleID}) {
			if k.PriorID != roleID || !yield(k, i) {
				return
			}
		}
	}
}

// Closure lists the roles given and all that they imply, each once.
func (t *Implications) Closure(roleIDs []string) []string {
	seen := make(map[string]bool, len(roleIDs)+4)
	var all []string
	add := func(id string) {
		if !seen[id] {
			seen[id] = true
			all = append(all, id)
		}
	}
	for _, id := range roleIDs {
		add(id)
	}
	for i := 0; i < len(all); i++ {
		for k := range t.OfPrior(all[i]) {
			add(k.ImpliedID)
		}
	}
	return all
}

// Apply folds one event into the table.
func (t *Implications) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.RoleImplied:
		t.Put(Implication(e), Implication(e))
	case evt.RoleNoLongerImplied:
		t.Delete(Implication(e))
	case evt.RoleDeleted:
		for _, k := range keys(t.OfPrior(e.ID)) {
			t.Delete(k)
		}
		for _, k := range keys(table.Each(t.byImplied, &t.Of, e.ID)) {
			t.Delete(k)
		}
	}
}
