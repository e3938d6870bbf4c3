package network

// ChangeTags changes the tags of a thing. Kind is its collection's name in the API.
type ChangeTags struct {
	Kind, ID string
	Revision int
	All      *[]string // in place of those it has
	Add      []string
	Remove   []string // a tag that it hasn't is refused
}

// CommandType is the wire name.
func (ChangeTags) CommandType() string { return "network.tags.change" }
