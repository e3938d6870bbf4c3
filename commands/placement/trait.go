package placement

// SetTraits says all traits that a provider has. Generation is how the caller
// knows the provider; nil: it doesn't matter.
type SetTraits struct {
	ProviderID string
	Generation *int
	Traits     []string
}

// CreateTrait makes a trait that providers may have, if there is none of the name.
type CreateTrait struct{ Name string }

// DeleteTrait removes a trait that no provider has.
type DeleteTrait struct{ Name string }

// CommandType is the wire name.
func (SetTraits) CommandType() string { return "placement.provider.set_traits" }

// CommandType is the wire name.
func (CreateTrait) CommandType() string { return "placement.trait.create" }

// CommandType is the wire name.
func (DeleteTrait) CommandType() string { return "placement.trait.delete" }
