package identity

import "time"

// RevokeToken makes one token void, known by its audit id, until it expires anyway.
type RevokeToken struct {
	AuditID string
	Expires time.Time
}

// PassDeadline says that the deadline of a thing has passed. A stale one does nothing.
type PassDeadline struct {
	Kind, ID string
	Due      time.Time
}

// CommandType is the wire name.
func (RevokeToken) CommandType() string { return "identity.token.revoke" }

// CommandType is the wire name.
func (PassDeadline) CommandType() string { return "identity.pass_deadline" }
