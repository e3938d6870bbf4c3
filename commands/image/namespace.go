package image

// Definition is one thing that a namespace of metadata shall define.
type Definition struct {
	Kind, Name string
	Body       string // JSON
}

// CreateNamespace makes a namespace of metadata definitions.
type CreateNamespace struct {
	Namespace, OwnerID, DisplayName, Description string
	Visibility                                   string
	Protected                                    bool
	Definitions                                  []Definition
}

// RedefineNamespace says anew what a namespace is called and who may see it.
type RedefineNamespace struct {
	Namespace, As, OwnerID, DisplayName, Description string
	Visibility                                       string
	Protected                                        bool
}

// DeleteNamespace removes a namespace with all that it defines.
type DeleteNamespace struct{ Namespace string }

// LoadNamespaces makes the namespaces that a cloud begins with, once an edition.
// What is there stays as it is, and what an administrator deleted stays away.
type LoadNamespaces struct {
	Edition    int
	Namespaces []CreateNamespace
}

// AddDefinitions defines things in a namespace, of one kind; in the place of all
// that there are of it, if Instead is set.
type AddDefinitions struct {
	Namespace, Kind string
	Definitions     []Definition
	Instead         bool
}

// ReplaceDefinition defines another thing in the place of one.
type ReplaceDefinition struct {
	Namespace, Name string
	By              Definition
}

// RemoveDefinition removes one thing that a namespace defines.
type RemoveDefinition struct{ Namespace, Kind, Name string }

// ClearDefinitions removes all of a kind.
type ClearDefinitions struct{ Namespace, Kind string }

// CommandType is the wire name.
func (CreateNamespace) CommandType() string { return "image.namespace.create" }

// CommandType is the wire name.
func (RedefineNamespace) CommandType() string { return "image.namespace.redefine" }

// CommandType is the wire name.
func (DeleteNamespace) CommandType() string { return "image.namespace.delete" }

// CommandType is the wire name.
func (LoadNamespaces) CommandType() string { return "image.namespace.load" }

// CommandType is the wire name.
func (AddDefinitions) CommandType() string { return "image.definition.add" }

// CommandType is the wire name.
func (ReplaceDefinition) CommandType() string { return "image.definition.replace" }

// CommandType is the wire name.
func (RemoveDefinition) CommandType() string { return "image.definition.remove" }

// CommandType is the wire name.
func (ClearDefinitions) CommandType() string { return "image.definition.clear" }
