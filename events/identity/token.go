package identity

import "time"

// TokenRevoked says that one token is void. It is known by its audit id, which isn't the token;
// behind Expires it is void anyway.
type TokenRevoked struct {
	AuditID string
	Expires time.Time
}

// TokenRevocationForgotten says that a revoked token has expired by now.
type TokenRevocationForgotten struct{ AuditID string }

// EventType is the wire name.
func (TokenRevoked) EventType() string { return "identity.token.revoked" }

// EventType is the wire name.
func (TokenRevocationForgotten) EventType() string { return "identity.token.revocation_forgotten" }
