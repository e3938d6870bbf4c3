package placement

// TraitsSet says all traits that a provider has, in order.
type TraitsSet struct {
	ProviderID string
	Traits     []string `json:",omitempty"`
}

// TraitCreated says that providers may have a trait of this name.
type TraitCreated struct{ Name string }

// TraitDeleted says that they may not any more.
type TraitDeleted struct{ Name string }

// EventType is the wire name.
func (TraitsSet) EventType() string { return "placement.provider.traits_set" }

// EventType is the wire name.
func (TraitCreated) EventType() string { return "placement.trait.created" }

// EventType is the wire name.
func (TraitDeleted) EventType() string { return "placement.trait.deleted" }
