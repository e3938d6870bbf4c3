package identity

import "time"

// CreateApplicationCredential lets a program log in as the user for one project, with some of
// the roles that the user has there.
type CreateApplicationCredential struct {
	ID, UserID, ProjectID string
	Name, Description     string
	SecretHash            string
	RoleIDs               []string
	Expires               time.Time
	Unrestricted          bool
	AccessRules           []AccessRule
}

// DeleteApplicationCredential makes a credential useless, and the tokens had with it.
type DeleteApplicationCredential struct{ UserID, ID string }

// CommandType is the wire name.
func (CreateApplicationCredential) CommandType() string {
	return "identity.application_credential.create"
}

// CommandType is the wire name.
func (DeleteApplicationCredential) CommandType() string {
	return "identity.application_credential.delete"
}
