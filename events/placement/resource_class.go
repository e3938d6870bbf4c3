package placement

// ResourceClassCreated says that there may be resources of this class.
type ResourceClassCreated struct{ Name string }

// ResourceClassRenamed says what the class is called from now on; nobody had any of it.
type ResourceClassRenamed struct{ Name, To string }

// ResourceClassDeleted says that there is no such class any more.
type ResourceClassDeleted struct{ Name string }

// EventType is the wire name.
func (ResourceClassCreated) EventType() string { return "placement.resource_class.created" }

// EventType is the wire name.
func (ResourceClassRenamed) EventType() string { return "placement.resource_class.renamed" }

// EventType is the wire name.
func (ResourceClassDeleted) EventType() string { return "placement.resource_class.deleted" }
