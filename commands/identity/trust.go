package identity

import "time"

// CreateTrust lets the trustee act for the trustor in a project. ParentID is the trust by
// which the caller came, which is thereby passed on.
type CreateTrust struct {
	ID, TrustorID, TrusteeID string
	ProjectID                string
	RoleIDs                  []string
	Impersonation            bool
	Expires                  time.Time
	Uses                     int
	// Redelegable says that it may be passed on, Redelegations times in a row; zero: as often
	// as may be.
	Redelegable   bool
	Redelegations int
	ParentID      string
}

// UseTrust counts that a token is had by a trust.
type UseTrust struct{ ID string }

// DeleteTrust ends a trust and those that were passed on from it.
type DeleteTrust struct{ ID string }

// CommandType is the wire name.
func (CreateTrust) CommandType() string { return "identity.trust.create" }

// CommandType is the wire name.
func (UseTrust) CommandType() string { return "identity.trust.use" }

// CommandType is the wire name.
func (DeleteTrust) CommandType() string { return "identity.trust.delete" }
