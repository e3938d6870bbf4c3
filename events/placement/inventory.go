package placement

// Inventory is how much of one class of resources a provider has, and in which
// portions it may be had.
type Inventory struct {
	Class                                       string
	Total, Reserved, MinUnit, MaxUnit, StepSize int
	// Ratio is how much more than it has a provider may promise.
	Ratio float64
}

// InventoriesSet says all that a provider has, in the order of classes.
type InventoriesSet struct {
	ProviderID  string
	Inventories []Inventory `json:",omitempty"`
}

// EventType is the wire name.
func (InventoriesSet) EventType() string { return "placement.inventory.set" }
