package compute

// SetQuota changes what a project may have; resources not named stay as they are.
// Force lets a limit go below what is in use.
type SetQuota struct {
	ProjectID string
	Limits    map[string]int // by Nova's names of resources; -1 is no limit
	Force     bool           `json:",omitempty"`
}

// ResetQuota gives a project again what all may have.
type ResetQuota struct{ ProjectID string }

// CommandType is the wire name.
func (SetQuota) CommandType() string { return "compute.quota.set" }

// CommandType is the wire name.
func (ResetQuota) CommandType() string { return "compute.quota.reset" }
