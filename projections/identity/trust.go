package identity

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections/table"
)

// Trust is what is known of one trust.
type Trust struct {
	ID, TrustorID, TrusteeID string
	ProjectID                string
	RoleIDs                  []string
	Impersonation            bool
	Expires                  time.Time
	Limited                  bool // Uses are left; without, any number
	Uses                     int
	Redelegations            int
	ParentID                 string
	Due                      time.Time // when it is deleted by itself; zero: never
}

// ExpiredAt says whether the trust is no longer good.
func (k *Trust) ExpiredAt(now time.Time) bool { return !k.Expires.IsZero() && !now.Before(k.Expires) }

// Exhausted says whether no more tokens can be had by it. Those that were had are good still.
func (k *Trust) Exhausted() bool { return k.Limited && k.Uses <= 0 }

// exhaustedFor is how long a trust is kept after its last use: as long as its last token can live.
const exhaustedFor = 24 * time.Hour

// Trusts is the table of trusts, in the order of ids.
type Trusts struct {
	table.Of[string, Trust]
	byTrustor table.Index[string, string, Trust]
	byTrustee table.Index[string, string, Trust]
	byProject table.Index[string, string, Trust]
	byParent  table.Index[string, string, Trust]
	byDue     table.Index[int64, string, Trust]
	perUser   table.Tally[string, int, string, Trust]
}

func newTrusts() Trusts {
	t := Trusts{Of: table.New[string, Trust](strings.Compare)}
	t.byTrustor = table.By(&t.Of, strings.Compare, func(k *Trust, emit func(string)) { emit(k.TrustorID) })
	t.byTrustee = table.By(&t.Of, strings.Compare, func(k *Trust, emit func(string)) { emit(k.TrusteeID) })
	t.byProject = table.By(&t.Of, strings.Compare, func(k *Trust, emit func(string)) { emit(k.ProjectID) })
	t.byParent = table.By(&t.Of, strings.Compare, func(k *Trust, emit func(string)) {
		if k.ParentID != "" {
			emit(k.ParentID)
		}
	})
	t.byDue = table.By(&t.Of, cmp.Compare[int64], func(k *Trust, emit func(int64)) {
		if !k.Due.IsZero() {
			emit(k.Due.UnixNano())
		}
	})
	t.perUser = table.Count(&t.Of, strings.Compare, func(k *Trust) (string, bool) { return k.TrustorID, true })
	return t
}

// OfTrustor goes through the trusts that a user gave, those behind the id given.
func (t *Trusts) OfTrustor(userID, after string) iter.Seq2[string, Trust] {
	return behind(t.byTrustor, &t.Of, userID, after)
}

// OfTrustee goes through the trusts that a user was given, those behind the id given.
func (t *Trusts) OfTrustee(userID, after string) iter.Seq2[string, Trust] {
	return behind(t.byTrustee, &t.Of, userID, after)
}

// CountOf is how many trusts a user gave.
func (t *Trusts) CountOf(userID string) int { return table.Total(t.perUser, &t.Of, userID) }

// maxPedigree bounds how often a trust is passed on, so that a walk ends.
const maxPedigree = 16

// Pedigree lists a trust and those it was passed on from, the nearest first. It isn't whole
// where one of them is gone.
func (t *Trusts) Pedigree(k Trust) (all []Trust, whole bool) {
	all = []Trust{k}
	for k.ParentID != "" {
		parent, ok := t.Get(k.ParentID)
		if !ok || len(all) == maxPedigree {
			return all, false
		}
		all, k = append(all, parent), parent
	}
	return all, true
}

// Apply folds one event into the table.
func (t *Trusts) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.TrustCreated:
		t.Put(e.ID, Trust{ID: e.ID, TrustorID: e.TrustorID, TrusteeID: e.TrusteeID, ProjectID: e.ProjectID, RoleIDs: e.RoleIDs,
			Impersonation: e.Impersonation, Expires: e.Expires, Limited: e.Uses > 0, Uses: e.Uses, Redelegations: e.Redelegations,
			ParentID: e.ParentID, Due: e.Expires})
	case evt.TrustUsed:
		t.Update(e.ID, func(k *Trust) {
			k.Uses--
			if last := m.Time.Add(exhaustedFor); k.Uses == 0 && (k.Due.IsZero() || last.Before(k.Due)) {
				k.Due = last
			}
		})
	case evt.TrustDeleted:
		t.drop([]string{e.ID})
	case evt.UserDeleted:
		t.drop(slices.Concat(keys(table.Each(t.byTrustor, &t.Of, e.ID)), keys(table.Each(t.byTrustee, &t.Of, e.ID))))
	case evt.ProjectDeleted:
		t.drop(keys(table.Each(t.byProject, &t.Of, e.ID)))
	}
}

// drop deletes trusts, and those that were passed on from them.
func (t *Trusts) drop(gone []string) {
	for len(gone) > 0 {
		id := gone[0]
		gone = append(gone[1:], keys(table.Each(t.byParent, &t.Of, id))...)
		t.Delete(id)
	}
}
