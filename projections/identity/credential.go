package identity

import (
	"iter"
	"slices"
	"strings"

	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections/table"
)

// Credential is what is known of one. Its content is sealed.
type Credential struct {
	ID, UserID, ProjectID, Type string
	Sealed                      []byte
	TrustID                     string
	ApplicationCredentialID     string
}

// Delegated says whether the credential leads to what a trust or an application credential does.
func (c *Credential) Delegated() bool { return c.TrustID != "" || c.ApplicationCredentialID != "" }

// Credentials is the table of them, in the order of ids.
type Credentials struct {
	table.Of[string, Credential]
	byUser    table.Index[string, string, Credential]
	byProject table.Index[string, string, Credential]
	bySource  table.Index[string, string, Credential]
	perUser   table.Tally[string, int, string, Credential]
}

func newCredentials() Credentials {
	t := Credentials{Of: table.New[string, Credential](strings.Compare)}
	t.byUser = table.By(&t.Of, strings.Compare, func(c *Credential, emit func(string)) { emit(c.UserID) })
	t.byProject = table.By(&t.Of, strings.Compare, func(c *Credential, emit func(string)) {
		if c.ProjectID != "" {
			emit(c.ProjectID)
		}
	})
	t.bySource = table.By(&t.Of, strings.Compare, func(c *Credential, emit func(string)) {
		if c.Delegated() {
			emit(c.TrustID + c.ApplicationCredentialID)
		}
	})
	t.perUser = table.Count(&t.Of, strings.Compare, func(c *Credential) (string, bool) { return c.UserID, true })
	return t
}

// OfUser goes through a user's credentials, those behind the id given.
func (t *Credentials) OfUser(userID, after string) iter.Seq2[string, Credential] {
	return behind(t.byUser, &t.Of, userID, after)
}

// CountOf is how many credentials a user has.
func (t *Credentials) CountOf(userID string) int { return table.Total(t.perUser, &t.Of, userID) }

// Apply folds one event into the table.
func (t *Credentials) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.CredentialCreated:
		t.Put(e.ID, Credential(e))
	case evt.CredentialReplaced:
		t.Update(e.ID, func(c *Credential) { c.Sealed = slices.Clone(e.Sealed) })
	case evt.CredentialDeleted:
		t.Delete(e.ID)
	case evt.UserDeleted:
		t.drop(t.byUser, e.ID)
	case evt.ProjectDeleted:
		t.drop(t.byProject, e.ID)
	case evt.TrustDeleted:
		t.drop(t.bySource, e.ID)
	case evt.ApplicationCredentialDeleted:
		t.drop(t.bySource, e.ID)
	}
}

func (t *Credentials) drop(of table.Index[string, string, Credential], id string) {
	for _, gone := range keys(table.Each(of, &t.Of, id)) {
		t.Delete(gone)
	}
}
