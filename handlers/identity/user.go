package identity

import (
	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
)

// CreateUser files a user in a domain under a free name.
func CreateUser(w *projections.World, c cmd.CreateUser) ([]events.Event, error) {
	if !w.Identity.Domains.Has(c.DomainID) {
		return nil, notFound("domain", c.DomainID)
	}
	if w.Identity.Users.Has(c.ID) {
		return nil, idTaken("user", c.ID)
	}
	if err := userMay(w, c.ID, c.DomainID, c.Name, c.DefaultProjectID); err != nil {
		return nil, err
	}
	extra, err := merged("", c.Extra)
	if err != nil {
		return nil, err
	}
	c.Extra = extra
	return events.List(evt.UserCreated{ID: c.ID, DomainID: c.DomainID, Name: c.Name, PasswordHash: c.PasswordHash, DefaultProjectID: c.DefaultProjectID,
		Enabled: c.Enabled, Options: c.Options, Extra: c.Extra, TemporaryPassword: c.TemporaryPassword}), nil
}

// userMay checks what holds for new and changed users alike. A default project
// need not exist, but it must not be a domain.
func userMay(w *projections.World, id, domainID, name, defaultProjectID string) error {
	if u, ok := w.Identity.Users.Named(domainID, name); ok && u.ID != id {
		return taken("user", name, domainID)
	}
	if w.Identity.Domains.Has(defaultProjectID) {
		return commands.Refuse(commands.Invalid, "User's default project ID cannot be a domain ID: %s.", defaultProjectID)
	}
	return nil
}

// ChangeUser renames, describes, enables or disables a user, or gives them another password.
func ChangeUser(w *projections.World, c cmd.ChangeUser) ([]events.Event, error) {
	u, ok := w.Identity.Users.Get(c.ID)
	if !ok {
		return nil, notFound("user", c.ID)
	}
	extra, err := merged(u.Extra, c.Extra)
	if err != nil {
		return nil, err
	}
	is := evt.UserDescribed{ID: c.ID, Name: or(c.Name, u.Name), DefaultProjectID: or(c.DefaultProjectID, u.DefaultProjectID),
		Options: or(c.Options, u.Options), Extra: extra}
	if err := userMay(w, c.ID, u.DomainID, is.Name, is.DefaultProjectID); err != nil {
		return nil, err
	}
	var facts []events.Event
	if is != (evt.UserDescribed{ID: u.ID, Name: u.Name, DefaultProjectID: u.DefaultProjectID, Options: u.Options, Extra: u.Extra}) {
		facts = append(facts, is)
	}
	if c.PasswordHash != nil {
		facts = append(facts, evt.UserPasswordChanged{ID: c.ID, PasswordHash: *c.PasswordHash,
			Temporary: c.TemporaryPassword, Kept: c.KeptPasswords})
	}
	switch enabled := or(c.Enabled, u.Enabled); {
	case enabled && (!u.Enabled || c.Enabled != nil && u.FailedLogins > 0): // who is enabled again is locked out no more
		facts = append(facts, evt.UserEnabled{ID: c.ID})
	case !enabled && u.Enabled:
		facts = append(facts, evt.UserDisabled{ID: c.ID})
	}
	return facts, nil
}

// ChangePassword gives users the password that they want, if the one that they
// named is theirs still.
func ChangePassword(w *projections.World, c cmd.ChangePassword) ([]events.Event, error) {
	u, ok := w.Identity.Users.Get(c.ID)
	switch {
	case !ok:
		return nil, notFound("user", c.ID)
	case u.PasswordHash != c.OldHash:
		return nil, commands.Refuse(commands.Conflict, "The password was changed meanwhile.")
	}
	return events.List(evt.UserPasswordChanged{ID: c.ID, PasswordHash: c.PasswordHash, Kept: c.KeptPasswords}), nil
}

// CountFailedLogin counts a wrong password. While a user is locked out none is counted, so
// that guessing neither lengthens it nor fills the log.
func CountFailedLogin(w *projections.World, c cmd.CountFailedLogin) ([]events.Event, error) {
	u, ok := w.Identity.Users.Get(c.ID)
	if !ok || c.At.Before(u.LockedUntil) {
		return nil, nil
	}
	var facts []events.Event
	if !u.LockedUntil.IsZero() { // the lock-out is over, and counting begins anew
		facts, u.FailedLogins = append(facts, evt.UserLoginSucceeded{ID: c.ID}), 0
	}
	failed := evt.UserLoginFailed{ID: c.ID}
	if u.FailedLogins+1 >= c.Attempts {
		failed.LockedUntil = c.LockedUntil
	}
	return append(facts, failed), nil
}

// ForgiveFailedLogins forgets wrong passwords.
func ForgiveFailedLogins(w *projections.World, c cmd.ForgiveFailedLogins) ([]events.Event, error) {
	if u, ok := w.Identity.Users.Get(c.ID); !ok || u.FailedLogins == 0 {
		return nil, nil
	}
	return events.List(evt.UserLoginSucceeded(c)), nil
}

// DeleteUser deletes a user.
func DeleteUser(w *projections.World, c cmd.DeleteUser) ([]events.Event, error) {
	if !w.Identity.Users.Has(c.ID) {
		return nil, notFound("user", c.ID)
	}
	return events.List(evt.UserDeleted(c)), nil
}
