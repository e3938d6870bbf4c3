package placement

// Allotment is an amount of one class of one provider's resources.
type Allotment struct {
	ProviderID, Class string
	Amount            int
}

// Consumer is all that one consumer shall have; nothing takes all away.
type Consumer struct {
	ID, ProjectID, UserID string
	Type                  string // empty: as it was, or unknown
	// Checked says that Generation is how the caller knows the consumer; nil: as new.
	Checked    bool
	Generation *int
	Allotments []Allotment
}

// SetAllocations says what consumers have, all of them or none.
type SetAllocations struct{ Consumers []Consumer }

// RemoveAllocations gives back all that a consumer has.
type RemoveAllocations struct{ ConsumerID string }

// ReshapeProviders moves inventories between providers together with what
// consumers have of them, at once.
type ReshapeProviders struct {
	Providers []SetInventories
	Consumers []Consumer
}

// CommandType is the wire name.
func (SetAllocations) CommandType() string { return "placement.allocation.set" }

// CommandType is the wire name.
func (RemoveAllocations) CommandType() string { return "placement.allocation.remove" }

// CommandType is the wire name.
func (ReshapeProviders) CommandType() string { return "placement.provider.reshape" }
