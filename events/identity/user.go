package identity

import "time"

// UserCreated says that a user is on file. Without a password hash nobody can log in by password.
type UserCreated struct {
	ID, DomainID, Name string
	PasswordHash       string
	DefaultProjectID   string
	Enabled            bool
	Options            string // a JSON object; empty: none
	Extra              string
	// TemporaryPassword says that the password must be changed at the first use.
	TemporaryPassword bool `json:",omitempty"`
}

// UserDescribed says how a user is called and described from now on.
type UserDescribed struct {
	ID, Name         string
	DefaultProjectID string
	Options          string
	Extra            string
}

// UserPasswordChanged says that another password is good from now on, and that the user's
// tokens until now are void.
//
// Temporary says that it was given by somebody else and must be changed at the first use;
// Kept is how many former passwords may not be used again.
type UserPasswordChanged struct {
	ID, PasswordHash string
	Temporary        bool `json:",omitempty"`
	Kept             int  `json:",omitempty"`
}

// UserLoginFailed says that a wrong password was given for a user. After too many in a row
// LockedUntil is set: until then no password is right.
type UserLoginFailed struct {
	ID          string
	LockedUntil time.Time
}

// UserLoginSucceeded says that the right password was given after wrong ones, which are
// forgiven thereby.
type UserLoginSucceeded struct{ ID string }

// UserEnabled says that a user may log in again.
type UserEnabled struct{ ID string }

// UserDisabled says that a user may do nothing, and that the tokens until now are void for ever.
type UserDisabled struct{ ID string }

// UserDeleted says that a user is gone, and with them their memberships, assignments and
// application credentials.
type UserDeleted struct{ ID string }

// EventType is the wire name.
func (UserCreated) EventType() string { return "identity.user.created" }

// EventType is the wire name.
func (UserDescribed) EventType() string { return "identity.user.described" }

// EventType is the wire name.
func (UserPasswordChanged) EventType() string { return "identity.user.password_changed" }

// EventType is the wire name.
func (UserLoginFailed) EventType() string { return "identity.user.login_failed" }

// EventType is the wire name.
func (UserLoginSucceeded) EventType() string { return "identity.user.login_succeeded" }

// EventType is the wire name.
func (UserEnabled) EventType() string { return "identity.user.enabled" }

// EventType is the wire name.
func (UserDisabled) EventType() string { return "identity.user.disabled" }

// EventType is the wire name.
func (UserDeleted) EventType() string { return "identity.user.deleted" }
