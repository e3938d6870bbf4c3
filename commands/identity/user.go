package identity

import "time"

// CreateUser files a user.
type CreateUser struct {
	ID, DomainID, Name string
	PasswordHash       string
	DefaultProjectID   string
	Enabled            bool
	Options, Extra     string
	TemporaryPassword  bool
}

// ChangeUser renames, describes, enables or disables a user, or gives them another password.
type ChangeUser struct {
	ID                     string
	Name, DefaultProjectID *string
	PasswordHash           *string
	Enabled                *bool
	Options                *string
	Extra                  string
	// TemporaryPassword and KeptPasswords are as in ChangePassword.
	TemporaryPassword bool
	KeptPasswords     int
}

// ChangePassword is what users ask for themselves. OldHash is the one against which the old
// password was checked: if it isn't the user's any more, that check is void.
// KeptPasswords is how many former ones may not be used again.
type ChangePassword struct {
	ID, OldHash, PasswordHash string
	KeptPasswords             int
}

// CountFailedLogin counts a wrong password. After Attempts of them in a row the user is locked
// out until LockedUntil.
type CountFailedLogin struct {
	ID          string
	Attempts    int
	At          time.Time
	LockedUntil time.Time
}

// ForgiveFailedLogins forgets wrong passwords, since the right one was given.
type ForgiveFailedLogins struct{ ID string }

// DeleteUser deletes a user.
type DeleteUser struct{ ID string }

// CommandType is the wire name.
func (CreateUser) CommandType() string { return "identity.user.create" }

// CommandType is the wire name.
func (ChangeUser) CommandType() string { return "identity.user.change" }

// CommandType is the wire name.
func (ChangePassword) CommandType() string { return "identity.user.change_password" }

// CommandType is the wire name.
func (CountFailedLogin) CommandType() string { return "identity.user.count_failed_login" }

// CommandType is the wire name.
func (ForgiveFailedLogins) CommandType() string { return "identity.user.forgive_failed_logins" }

// CommandType is the wire name.
func (DeleteUser) CommandType() string { return "identity.user.delete" }
