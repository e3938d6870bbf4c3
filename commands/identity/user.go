package identity

// CreateUser files a user.
type CreateUser struct {
	ID, DomainID, Name string
	PasswordHash       string
	DefaultProjectID   string
	Enabled            bool
	Options, Extra     string
}

// ChangeUser renames, describes, enables or disables a user, or gives them another password.
type ChangeUser struct {
	ID                     string
	Name, DefaultProjectID *string
	PasswordHash           *string
	Enabled                *bool
	Options                *string
	Extra                  string
}

// ChangePassword is what users ask for themselves. OldHash is the one against which the old
// password was checked: if it isn't the user's any more, that check is void.
type ChangePassword struct{ ID, OldHash, PasswordHash string }

// DeleteUser deletes a user.
type DeleteUser struct{ ID string }

// CommandType is the wire name.
func (CreateUser) CommandType() string { return "identity.user.create" }

// CommandType is the wire name.
func (ChangeUser) CommandType() string { return "identity.user.change" }

// CommandType is the wire name.
func (ChangePassword) CommandType() string { return "identity.user.change_password" }

// CommandType is the wire name.
func (DeleteUser) CommandType() string { return "identity.user.delete" }
