package network

// QuotaSet says which limits a project has from now on beside the defaults;
// -1 is no limit. Limits that aren't named stay as they were.
type QuotaSet struct {
	ProjectID string
	Limits    map[string]int
}

// QuotaReset says that a project has the default limits again.
type QuotaReset struct{ ProjectID string }

// EventType is the wire name.
func (QuotaSet) EventType() string { return "network.quota.set" }

// EventType is the wire name.
func (QuotaReset) EventType() string { return "network.quota.reset" }
