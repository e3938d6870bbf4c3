package placement

// SetAggregates says of which aggregates a provider is a member. Generation is
// how the caller knows the provider; nil: it doesn't matter, and stays.
type SetAggregates struct {
	ProviderID string
	Generation *int
	Aggregates []string
}

// CommandType is the wire name.
func (SetAggregates) CommandType() string { return "placement.provider.set_aggregates" }
