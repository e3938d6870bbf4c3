package identity

import "time"

// TrustCreated says that one user, the trustor, lets another, the trustee, act in a project
// with some of the trustor's roles there.
type TrustCreated struct {
	ID, TrustorID, TrusteeID string
	ProjectID                string
	RoleIDs                  []string
	Impersonation            bool      // tokens had by it are the trustor's
	Expires                  time.Time // zero: never
	Uses                     int       // how many tokens may be had by it; zero: any number
	// Redelegations is how deep the trustee may pass it on. ParentID is the trust that was
	// passed on, where it was one.
	Redelegations int
	ParentID      string
}

// TrustUsed says that one of a trust's tokens was had, where their number is limited.
type TrustUsed struct{ ID string }

// TrustDeleted says that a trust ends, and with it those that were passed on from it and all
// their tokens.
type TrustDeleted struct{ ID string }

// EventType is the wire name.
func (TrustCreated) EventType() string { return "identity.trust.created" }

// EventType is the wire name.
func (TrustUsed) EventType() string { return "identity.trust.used" }

// EventType is the wire name.
func (TrustDeleted) EventType() string { return "identity.trust.deleted" }
