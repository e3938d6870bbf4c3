package identity

import (
	"cmp"
	"iter"
	"strings"

	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections/table"
)

// Assignment is that an actor has a role on a target; it is its own key.
type Assignment = evt.Assignment

// Actor is who may hold roles: a "user" or a "group".
type Actor struct{ Kind, ID string }

// Target is where roles are held: a "project", a "domain" or the "system" (id "all").
type Target struct{ Kind, ID string }

// SystemID is the id of the one system there is.
const SystemID = "all"

// The kinds of actors and targets.
const (
	ForUser   = "user"
	ForGroup  = "group"
	OnProject = "project"
	OnDomain  = "domain"
	OnSystem  = "system"
)

func compareAssignments(a, b Assignment) int {
	return cmp.Or(strings.Compare(a.ActorKind, b.ActorKind), strings.Compare(a.ActorID, b.ActorID),
		strings.Compare(a.TargetKind, b.TargetKind), strings.Compare(a.TargetID, b.TargetID),
		strings.Compare(a.RoleID, b.RoleID), compareBools(a.Inherited, b.Inherited))
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// Assignments is the table of who has which role where, in the order of actors and targets.
type Assignments struct {
	table.Of[Assignment, Assignment]
	byTarget table.Index[Target, Assignment, Assignment]
	byRole   table.Index[string, Assignment, Assignment]
}

func newAssignments() Assignments {
	t := Assignments{Of: table.New[Assignment, Assignment](compareAssignments)}
	t.byTarget = table.By(&t.Of, func(a, b Target) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID))
	}, func(a *Assignment, emit func(Target)) { emit(Target{a.TargetKind, a.TargetID}) })
	t.byRole = table.By(&t.Of, strings.Compare, func(a *Assignment, emit func(string)) { emit(a.RoleID) })
	return t
}

// OfActor goes through what an actor was granted, by targets.
func (t *Assignments) OfActor(a Actor) iter.Seq[Assignment] {
	return t.from(Assignment{ActorKind: a.Kind, ActorID: a.ID}, func(k *Assignment) bool { return true })
}

// OfActorOn goes through what an actor was granted on one target, inherited ones too.
func (t *Assignments) OfActorOn(a Actor, on Target) iter.Seq[Assignment] {
	return t.from(Assignment{ActorKind: a.Kind, ActorID: a.ID, TargetKind: on.Kind, TargetID: on.ID},
		func(k *Assignment) bool { return k.TargetKind == on.Kind && k.TargetID == on.ID })
}

func (t *Assignments) from(first Assignment, belongs func(*Assignment) bool) iter.Seq[Assignment] {
	return func(yield func(Assignment) bool) {
		for k := range t.From(first) {
			if k.ActorKind != first.ActorKind || k.ActorID != first.ActorID || !belongs(&k) || !yield(k) {
				return
			}
		}
	}
}

// OnTarget goes through what was granted on a target.
func (t *Assignments) OnTarget(on Target) iter.Seq2[Assignment, Assignment] {
	return table.Each(t.byTarget, &t.Of, on)
}

// OfRole goes through where a role was granted.
func (t *Assignments) OfRole(roleID string) iter.Seq2[Assignment, Assignment] {
	return table.Each(t.byRole, &t.Of, roleID)
}

// Apply folds one event into the table.
func (t *Assignments) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.RoleGranted:
		t.Put(e.Assignment, e.Assignment)
	case evt.RoleRevoked:
		t.Delete(e.Assignment)
	case evt.UserDeleted:
		t.dropActor(Actor{ForUser, e.ID})
	case evt.GroupDeleted:
		t.dropActor(Actor{ForGroup, e.ID})
	case evt.ProjectDeleted:
		t.drop(keys(t.OnTarget(Target{OnProject, e.ID})))
	case evt.DomainDeleted:
		t.drop(keys(t.OnTarget(Target{OnDomain, e.ID})))
	case evt.RoleDeleted:
		t.drop(keys(t.OfRole(e.ID)))
	}
}

func (t *Assignments) dropActor(a Actor) {
	var gone []Assignment
	for k := range t.OfActor(a) {
		gone = append(gone, k)
	}
	t.drop(gone)
}

func (t *Assignments) drop(gone []Assignment) {
	for _, k := range gone {
		t.Delete(k)
	}
}
