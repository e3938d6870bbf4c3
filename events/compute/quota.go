package compute

// QuotaSet says what a project may have, where that differs from what all may.
type QuotaSet struct {
	ProjectID string
	Limits    map[string]int // by Nova's names of resources; -1 is no limit
}

// QuotaReset says that a project may have again what all may.
type QuotaReset struct{ ProjectID string }

// EventType is the wire name.
func (QuotaSet) EventType() string { return "compute.quota.set" }

// EventType is the wire name.
func (QuotaReset) EventType() string { return "compute.quota.reset" }
