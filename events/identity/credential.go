package identity

// CredentialCreated says that something secret of a user's is kept: a key for signatures
// ("ec2"), what passcodes follow from ("totp"), or what only its owner understands. Sealed can
// be opened with the user's own key only. One made with a trust or an application credential
// leads to no more than that does.
type CredentialCreated struct {
	ID, UserID, ProjectID, Type string
	Sealed                      []byte
	TrustID                     string
	ApplicationCredentialID     string
}

// CredentialReplaced says that a credential has another content from now on.
type CredentialReplaced struct {
	ID     string
	Sealed []byte
}

// CredentialDeleted says that a credential is good no more.
type CredentialDeleted struct{ ID string }

// EventType is the wire name.
func (CredentialCreated) EventType() string { return "identity.credential.created" }

// EventType is the wire name.
func (CredentialReplaced) EventType() string { return "identity.credential.replaced" }

// EventType is the wire name.
func (CredentialDeleted) EventType() string { return "identity.credential.deleted" }
