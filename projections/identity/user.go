package identity

import (
	"iter"
	"strings"
	"time"

	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections/table"
)

// User is what is known of one user.
type User struct {
	ID, DomainID, Name string
	PasswordHash       string // bcrypt; empty: there is no password
	DefaultProjectID   string
	Enabled            bool
	Options, Extra     string
	CreatedAt          time.Time
	PasswordChangedAt  time.Time
	// TokensSince is the frame before which no token of the user holds.
	TokensSince uint64
	// TemporaryPassword says that it must be changed at the first use; FormerHashes are those
	// that may not be used again, the newest first.
	TemporaryPassword bool
	FormerHashes      []string
	// FailedLogins is how many wrong passwords were given in a row; if LockedUntil isn't over,
	// they were too many.
	FailedLogins int
	LockedUntil  time.Time
}

// Users is the table of users, in the order of ids.
type Users struct {
	table.Of[string, User]
	byName    table.Index[NameIn, string, User]
	named     table.Index[string, string, User]
	byDomain  table.Index[string, string, User]
	byDefault table.Index[string, string, User]
}

func newUsers() Users {
	t := Users{Of: table.New[string, User](strings.Compare)}
	t.byName = table.By(&t.Of, compareNames, func(u *User, emit func(NameIn)) { emit(NameIn{u.DomainID, u.Name}) })
	t.named = table.By(&t.Of, strings.Compare, func(u *User, emit func(string)) { emit(u.Name) })
	t.byDomain = table.By(&t.Of, strings.Compare, func(u *User, emit func(string)) { emit(u.DomainID) })
	t.byDefault = table.By(&t.Of, strings.Compare, func(u *User, emit func(string)) {
		if u.DefaultProjectID != "" {
			emit(u.DefaultProjectID)
		}
	})
	return t
}

// Named returns the user of a name in a domain.
func (t *Users) Named(domainID, name string) (User, bool) {
	return table.First(t.byName, &t.Of, NameIn{domainID, name})
}

// OfName goes through the users of a name in whatever domain.
func (t *Users) OfName(name string) iter.Seq2[string, User] { return table.Each(t.named, &t.Of, name) }

// OfDomain goes through a domain's users, those behind the id given.
func (t *Users) OfDomain(domainID, after string) iter.Seq2[string, User] {
	return behind(t.byDomain, &t.Of, domainID, after)
}

// Apply folds one event into the table.
func (t *Users) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.UserCreated:
		t.Put(e.ID, User{ID: e.ID, DomainID: e.DomainID, Name: e.Name, PasswordHash: e.PasswordHash, DefaultProjectID: e.DefaultProjectID,
			Enabled: e.Enabled, Options: e.Options, Extra: e.Extra, CreatedAt: m.Time, PasswordChangedAt: m.Time,
			TemporaryPassword: e.TemporaryPassword})
	case evt.UserDescribed:
		t.Update(e.ID, func(u *User) {
			u.Name, u.DefaultProjectID, u.Options, u.Extra = e.Name, e.DefaultProjectID, e.Options, e.Extra
		})
	case evt.UserPasswordChanged:
		t.Update(e.ID, func(u *User) {
			former := append([]string{u.PasswordHash}, u.FormerHashes...)
			u.FormerHashes = former[:max(0, min(len(former), e.Kept))]
			u.PasswordHash, u.PasswordChangedAt, u.TokensSince = e.PasswordHash, m.Time, m.Seq
			u.TemporaryPassword, u.FailedLogins, u.LockedUntil = e.Temporary, 0, time.Time{}
		})
	case evt.UserLoginFailed:
		t.Update(e.ID, func(u *User) { u.FailedLogins, u.LockedUntil = u.FailedLogins+1, e.LockedUntil })
	case evt.UserLoginSucceeded:
		t.Update(e.ID, func(u *User) { u.FailedLogins, u.LockedUntil = 0, time.Time{} })
	case evt.UserEnabled:
		t.Update(e.ID, func(u *User) { u.Enabled, u.FailedLogins, u.LockedUntil = true, 0, time.Time{} })
	case evt.UserDisabled:
		t.Update(e.ID, func(u *User) { u.Enabled, u.TokensSince = false, m.Seq })
	case evt.UserDeleted:
		t.Delete(e.ID)
	case evt.ProjectDeleted:
		for _, id := range keys(table.Each(t.byDefault, &t.Of, e.ID)) {
			t.Update(id, func(u *User) { u.DefaultProjectID = "" })
		}
	}
}

// keys collects the keys of a sequence, so that the rows may be changed.
func keys[K, S any](rows iter.Seq2[K, S]) []K {
	var found []K
	for k := range rows {
		found = append(found, k)
	}
	return found
}
