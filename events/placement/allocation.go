package placement

// Allotment is an amount of one class of one provider's resources.
type Allotment struct {
	ProviderID, Class string
	Amount            int
}

// AllocationsSet says all that a consumer has from now on, in the order of
// providers and classes. It never speaks of servers.
type AllocationsSet struct {
	ConsumerID        string
	ProjectID, UserID string
	ConsumerType      string `json:",omitempty"` // empty: unknown
	Allotments        []Allotment
}

// AllocationsRemoved says that a consumer gave back all it had.
type AllocationsRemoved struct{ ConsumerID string }

// EventType is the wire name.
func (AllocationsSet) EventType() string { return "placement.allocation.set" }

// EventType is the wire name.
func (AllocationsRemoved) EventType() string { return "placement.allocation.removed" }
