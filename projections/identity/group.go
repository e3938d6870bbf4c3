package identity

import (
	"cmp"
	"iter"
	"strings"

	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections/table"
)

// Group is what is known of one group of users.
type Group struct{ ID, DomainID, Name, Description, Extra string }

// Groups is the table of groups, in the order of ids.
type Groups struct {
	table.Of[string, Group]
	byName   table.Index[NameIn, string, Group]
	named    table.Index[string, string, Group]
	byDomain table.Index[string, string, Group]
}

func newGroups() Groups {
	t := Groups{Of: table.New[string, Group](strings.Compare)}
	t.byName = table.By(&t.Of, compareNames, func(g *Group, emit func(NameIn)) { emit(NameIn{g.DomainID, g.Name}) })
	t.named = table.By(&t.Of, strings.Compare, func(g *Group, emit func(string)) { emit(g.Name) })
	t.byDomain = table.By(&t.Of, strings.Compare, func(g *Group, emit func(string)) { emit(g.DomainID) })
	return t
}

// Named returns the group of a name in a domain.
func (t *Groups) Named(domainID, name string) (Group, bool) {
	return table.First(t.byName, &t.Of, NameIn{domainID, name})
}

// OfName goes through the groups of a name in whatever domain.
func (t *Groups) OfName(name string) iter.Seq2[string, Group] {
	return table.Each(t.named, &t.Of, name)
}

// OfDomain goes through a domain's groups, those behind the id given.
func (t *Groups) OfDomain(domainID, after string) iter.Seq2[string, Group] {
	return behind(t.byDomain, &t.Of, domainID, after)
}

// Apply folds one event into the table.
func (t *Groups) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.GroupCreated:
		t.Put(e.ID, Group(e))
	case evt.GroupDescribed:
		t.Update(e.ID, func(g *Group) { g.Name, g.Description, g.Extra = e.Name, e.Description, e.Extra })
	case evt.GroupDeleted:
		t.Delete(e.ID)
	}
}

// Membership is that a user is in a group; it is its own key.
type Membership struct{ UserID, GroupID string }

// Memberships is the table of who is in which group, in the order of users.
type Memberships struct {
	table.Of[Membership, Membership]
	byGroup table.Index[string, Membership, Membership]
}

func newMemberships() Memberships {
	t := Memberships{Of: table.New[Membership, Membership](func(a, b Membership) int {
		return cmp.Or(strings.Compare(a.UserID, b.UserID), strings.Compare(a.GroupID, b.GroupID))
	})}
	t.byGroup = table.By(&t.Of, strings.Compare, func(m *Membership, emit func(string)) { emit(m.GroupID) })
	return t
}

// OfUser goes through a user's memberships.
func (t *Memberships) OfUser(userID string) iter.Seq2[Membership, Membership] {
	return func(yield func(Membership, Membership) bool) {
		for k, m := range t.From(Membership{UserID: userID}) {
			if k.UserID != userID || !yield(k, m) {
				return
			}
		}
	}
}

// OfGroup goes through a group's memberships.
func (t *Memberships) OfGroup(groupID string) iter.Seq2[Membership, Membership] {
	return table.Each(t.byGroup, &t.Of, groupID)
}

// Apply folds one event into the table.
func (t *Memberships) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.UserJoinedGroup:
		t.Put(Membership(e), Membership(e))
	case evt.UserLeftGroup:
		t.Delete(Membership(e))
	case evt.UserDeleted:
		for _, k := range keys(t.OfUser(e.ID)) {
			t.Delete(k)
		}
	case evt.GroupDeleted:
		for _, k := range keys(t.OfGroup(e.ID)) {
			t.Delete(k)
		}
	}
}
