package placement

// Inventory is how much of one class of resources a provider has, and in which
// portions it may be had.
type Inventory struct {
	Class                                       string
	Total, Reserved, MinUnit, MaxUnit, StepSize int
	Ratio                                       float64
}

// SetInventories says all that a provider has; Generation is how the caller
// knows the provider.
type SetInventories struct {
	ProviderID  string
	Generation  int
	Inventories []Inventory
	// Spare says that something must be left beside what is reserved, as it had to once.
	Spare bool
}

// AddInventory adds a class to what a provider has.
type AddInventory struct {
	ProviderID string
	Inventory  Inventory
	Spare      bool
}

// ChangeInventory changes one class of what a provider has.
type ChangeInventory struct {
	ProviderID string
	Generation int
	Inventory  Inventory
	Spare      bool
}

// RemoveInventory takes one class away from a provider; without a class, all.
type RemoveInventory struct{ ProviderID, Class string }

// CommandType is the wire name.
func (SetInventories) CommandType() string { return "placement.inventory.set" }

// CommandType is the wire name.
func (AddInventory) CommandType() string { return "placement.inventory.add" }

// CommandType is the wire name.
func (ChangeInventory) CommandType() string { return "placement.inventory.change" }

// CommandType is the wire name.
func (RemoveInventory) CommandType() string { return "placement.inventory.remove" }
