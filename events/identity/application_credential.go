package identity

import "time"

// ApplicationCredentialCreated says that a program may log in as its maker, for one project and
// with some of the maker's roles there.
type ApplicationCredentialCreated struct {
	ID, UserID, ProjectID string
	Name, Description     string
	SecretHash            string
	RoleIDs               []string
	Expires               time.Time // zero: never
	Unrestricted          bool      // it may make other credentials
	// AccessRuleIDs are the rules that bind its tokens; without any, it is bound by its roles only.
	AccessRuleIDs []string `json:",omitempty"`
}

// ApplicationCredentialDeleted says that the credential is good no more, nor are tokens had with it.
type ApplicationCredentialDeleted struct{ ID string }

// EventType is the wire name.
func (ApplicationCredentialCreated) EventType() string {
	return "identity.application_credential.created"
}

// EventType is the wire name.
func (ApplicationCredentialDeleted) EventType() string {
	return "identity.application_credential.deleted"
}
