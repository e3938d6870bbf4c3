package placement

// CreateResourceClass makes a class of resources. Lenient: one that is there already will do.
type CreateResourceClass struct {
	Name    string
	Lenient bool
}

// RenameResourceClass gives a class that no provider has another name.
type RenameResourceClass struct{ Name, To string }

// DeleteResourceClass removes a class that no provider has.
type DeleteResourceClass struct{ Name string }

// CommandType is the wire name.
func (CreateResourceClass) CommandType() string { return "placement.resource_class.create" }

// CommandType is the wire name.
func (RenameResourceClass) CommandType() string { return "placement.resource_class.rename" }

// CommandType is the wire name.
func (DeleteResourceClass) CommandType() string { return "placement.resource_class.delete" }
