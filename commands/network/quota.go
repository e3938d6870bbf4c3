package network

// SetQuota sets some of a project's limits; -1 is no limit.
type SetQuota struct {
	ProjectID string
	Limits    map[string]int
	// NotBelowUsage refuses a limit below what the project has already.
	NotBelowUsage bool
}

// ResetQuota gives a project the default limits.
type ResetQuota struct{ ProjectID string }

// CommandType is the wire name.
func (SetQuota) CommandType() string { return "network.quota.set" }

// CommandType is the wire name.
func (ResetQuota) CommandType() string { return "network.quota.reset" }
