package placement

// AggregatesSet says of which aggregates a provider is a member, in order.
type AggregatesSet struct {
	ProviderID string
	Aggregates []string `json:",omitempty"`
	// Uncounted says that the provider's generation stays: the caller knew of none.
	Uncounted bool `json:",omitempty"`
}

// EventType is the wire name.
func (AggregatesSet) EventType() string { return "placement.provider.aggregates_set" }
