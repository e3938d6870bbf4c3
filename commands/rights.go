package commands

// Rights is what a caller's rights were read from when the edge let a request
// pass: what their token said, and the roles that it gave. The decider holds them
// against the head where anybody's rights changed since.
type Rights struct {
	UserID    string   `json:"user"`
	ScopeKind string   `json:"scope,omitempty"` // project, domain or system; empty: unscoped
	ScopeID   string   `json:"in,omitempty"`
	AuditID   string   `json:"audit,omitempty"` // of the token
	Issued    uint64   `json:"issued"`          // the frame in which it was
	TrustID   string   `json:"trust,omitempty"`
	RoleIDs   []string `json:"roles,omitempty"`
	// ApplicationCredentialID is the credential that the token was had with, if it was one.
	ApplicationCredentialID string `json:"credential,omitempty"`
}
