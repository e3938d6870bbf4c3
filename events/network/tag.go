package network

// Kind is a kind of tagged thing, by the name of its collection in the API.
type Kind string

// The kinds of things that bear tags.
const (
	Networks           Kind = "networks"
	Subnets            Kind = "subnets"
	Ports              Kind = "ports"
	SecurityGroups     Kind = "security_groups"
	SecurityGroupRules Kind = "security_group_rules"
)

// TagsReplaced says which tags a thing bears from now on, in alphabetical order.
type TagsReplaced struct {
	Kind Kind
	ID   string
	Tags []string
}

// EventType is the wire name.
func (TagsReplaced) EventType() string { return "network.tags.replaced" }
