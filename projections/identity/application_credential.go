package identity

import (
	"iter"
	"strings"
	"time"

	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections/table"
)

// ApplicationCredential is what is known of one.
type ApplicationCredential struct {
	ID, UserID, ProjectID string
	Name, Description     string
	SecretHash            string
	RoleIDs               []string
	Expires               time.Time
	Unrestricted          bool
	AccessRuleIDs         []string
}

// ExpiredAt says whether the credential is no longer good.
func (a *ApplicationCredential) ExpiredAt(now time.Time) bool {
	return !a.Expires.IsZero() && !now.Before(a.Expires)
}

// ApplicationCredentials is the table of them, in the order of ids.
type ApplicationCredentials struct {
	table.Of[string, ApplicationCredential]
	byName    table.Index[ownName, string, ApplicationCredential]
	byProject table.Index[string, string, ApplicationCredential]
	byRule    table.Index[string, string, ApplicationCredential]
	perUser   table.Tally[string, int, string, ApplicationCredential]
}

type ownName = NameIn // a user's id in place of the domain's

func newApplicationCredentials() ApplicationCredentials {
	t := ApplicationCredentials{Of: table.New[string, ApplicationCredential](strings.Compare)}
	t.byName = table.By(&t.Of, compareNames, func(a *ApplicationCredential, emit func(ownName)) { emit(ownName{a.UserID, a.Name}) })
	t.byProject = table.By(&t.Of, strings.Compare, func(a *ApplicationCredential, emit func(string)) { emit(a.ProjectID) })
	t.byRule = table.By(&t.Of, strings.Compare, func(a *ApplicationCredential, emit func(string)) {
		for _, id := range a.AccessRuleIDs {
			emit(id)
		}
	})
	t.perUser = table.Count(&t.Of, strings.Compare, func(a *ApplicationCredential) (string, bool) { return a.UserID, true })
	return t
}

// Named returns a user's credential of a name.
func (t *ApplicationCredentials) Named(userID, name string) (ApplicationCredential, bool) {
	return table.First(t.byName, &t.Of, ownName{userID, name})
}

// CountOf is how many credentials a user has.
func (t *ApplicationCredentials) CountOf(userID string) int {
	return table.Total(t.perUser, &t.Of, userID)
}

// BoundBy says whether an access rule binds any credential.
func (t *ApplicationCredentials) BoundBy(ruleID string) bool {
	return table.Has(t.byRule, &t.Of, ruleID)
}

// OfUser goes through a user's credentials in the order of names.
func (t *ApplicationCredentials) OfUser(userID string) iter.Seq2[string, ApplicationCredential] {
	return func(yield func(string, ApplicationCredential) bool) {
		for at, a := range table.From(t.byName, &t.Of, ownName{DomainID: userID}) {
			if at.Value.DomainID != userID || !yield(at.Key, a) {
				return
			}
		}
	}
}

// Apply folds one event into the table.
func (t *ApplicationCredentials) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.ApplicationCredentialCreated:
		t.Put(e.ID, ApplicationCredential(e))
	case evt.ApplicationCredentialDeleted:
		t.Delete(e.ID)
	case evt.UserDeleted:
		for _, id := range keys(t.OfUser(e.ID)) {
			t.Delete(id)
		}
	case evt.ProjectDeleted:
		for _, id := range keys(table.Each(t.byProject, &t.Of, e.ID)) {
			t.Delete(id)
		}
	}
}
