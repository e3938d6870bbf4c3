package image

// Definition is one thing that a namespace of metadata defines: an object, a
// property, a tag, or a type of resource that the namespace is for.
type Definition struct {
	Kind, Name string
	// Body is what is said of it, as JSON; the name isn't repeated in it.
	Body string
}

// NamespaceCreated says that a namespace of metadata definitions is there.
type NamespaceCreated struct {
	Namespace, OwnerID, DisplayName, Description string
	Visibility                                   string
	Protected                                    bool
	Definitions                                  []Definition
}

// NamespaceRedefined says what a namespace is called and who may see it from now on.
type NamespaceRedefined struct {
	Namespace, As, OwnerID, DisplayName, Description string
	Visibility                                       string
	Protected                                        bool
}

// NamespaceDeleted says that a namespace is gone with all that it defined.
type NamespaceDeleted struct{ Namespace string }

// NamespacesLoaded says that the namespaces that a cloud begins with are there.
type NamespacesLoaded struct{ Edition int }

// DefinitionAdded says that a namespace defines one thing more.
type DefinitionAdded struct {
	Namespace string
	Definition
}

// DefinitionReplaced says that what was defined under a name is another thing
// now, and maybe has another name.
type DefinitionReplaced struct {
	Namespace, Name string
	By              Definition
}

// DefinitionRemoved says that a namespace no longer defines a thing.
type DefinitionRemoved struct{ Namespace, Kind, Name string }

// DefinitionsCleared says that a namespace defines nothing of a kind any more.
type DefinitionsCleared struct{ Namespace, Kind string }

// EventType is the wire name.
func (NamespaceCreated) EventType() string { return "image.namespace.created" }

// EventType is the wire name.
func (NamespaceRedefined) EventType() string { return "image.namespace.redefined" }

// EventType is the wire name.
func (NamespaceDeleted) EventType() string { return "image.namespace.deleted" }

// EventType is the wire name.
func (NamespacesLoaded) EventType() string { return "image.namespace.loaded" }

// EventType is the wire name.
func (DefinitionAdded) EventType() string { return "image.definition.added" }

// EventType is the wire name.
func (DefinitionReplaced) EventType() string { return "image.definition.replaced" }

// EventType is the wire name.
func (DefinitionRemoved) EventType() string { return "image.definition.removed" }

// EventType is the wire name.
func (DefinitionsCleared) EventType() string { return "image.definition.cleared" }
