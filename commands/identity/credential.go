package identity

// CreateCredential keeps something secret of a user's, sealed with the user's key.
type CreateCredential struct {
	ID, UserID, ProjectID, Type string
	Sealed                      []byte
	TrustID                     string
	ApplicationCredentialID     string
}

// ReplaceCredential gives a credential another content.
type ReplaceCredential struct {
	ID     string
	Sealed []byte
}

// DeleteCredential makes a credential useless.
type DeleteCredential struct{ ID string }

// CommandType is the wire name.
func (CreateCredential) CommandType() string { return "identity.credential.create" }

// CommandType is the wire name.
func (ReplaceCredential) CommandType() string { return "identity.credential.replace" }

// CommandType is the wire name.
func (DeleteCredential) CommandType() string { return "identity.credential.delete" }
