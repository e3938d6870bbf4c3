package image

import (
	"skylog/commands"
	cmd "skylog/commands/image"
	"skylog/events"
	evt "skylog/events/image"
	"skylog/projections"
	view "skylog/projections/image"
)

const (
	// maxNamespaces is how many namespaces a cloud may have: OpenStack comes with
	// some thirty.
	maxNamespaces = 1000
	// maxDefinitions is how many things a namespace may define, and maxDefined how
	// many bytes all of them may have: a namespace is read and kept as a whole.
	maxDefinitions = 1000
	maxDefined     = 256 << 10
	maxTypes       = 1000
)

func findNamespace(w *projections.World, name string) (view.Namespace, error) {
	n, ok := w.Image.Namespaces.Get(name)
	if !ok {
		return n, commands.Refuse(commands.NotFound, "Metadata definition namespace=%s was not found.", name)
	}
	return n, nil
}

// CreateNamespace makes a namespace with what it defines.
func CreateNamespace(w *projections.World, c cmd.CreateNamespace) ([]events.Event, error) {
	switch {
	case w.Image.Namespaces.Has(c.Namespace):
		return nil, commands.Refuse(commands.Conflict, "The metadata definition namespace=%s already exists.", c.Namespace)
	case w.Image.Namespaces.Len() >= maxNamespaces:
		return nil, commands.Refuse(commands.OverLimit, "A cloud may have %d namespaces.", maxNamespaces)
	}
	n := view.Namespace{Name: c.Namespace}
	e := evt.NamespaceCreated{Namespace: c.Namespace, OwnerID: c.OwnerID, DisplayName: c.DisplayName, Description: c.Description,
		Visibility: c.Visibility, Protected: c.Protected}
	for _, d := range c.Definitions {
		if err := mayDefine(w, &n, d); err != nil {
			return nil, err
		}
		n.Definitions = append(n.Definitions, view.Definition{Kind: d.Kind, Name: d.Name, Body: d.Body})
		e.Definitions = append(e.Definitions, evt.Definition(d))
	}
	return events.List(e), nil
}

// mayDefine says whether a namespace may define one thing more.
func mayDefine(w *projections.World, n *view.Namespace, d cmd.Definition) error {
	size := len(d.Body)
	for _, there := range n.Definitions {
		size += len(there.Body)
	}
	_, taken := n.Find(d.Kind, d.Name)
	switch {
	case taken:
		return duplicate(n.Name, d)
	case len(n.Definitions) >= maxDefinitions || size > maxDefined:
		return commands.Refuse(commands.OverLimit, "A namespace may define %d things in %d bytes.", maxDefinitions, maxDefined)
	case d.Kind == view.ResourceTypeKind && w.Image.ResourceTypes.Len() >= maxTypes && !w.Image.ResourceTypes.Has(d.Name):
		return commands.Refuse(commands.OverLimit, "A cloud may have %d resource types.", maxTypes)
	}
	return nil
}

func duplicate(namespace string, d cmd.Definition) error {
	return commands.Refuse(commands.Conflict, "A metadata definition %s with name=%s already exists in namespace=%s.", d.Kind, d.Name, namespace)
}

// RedefineNamespace says anew what a namespace is called and who may see it.
func RedefineNamespace(w *projections.World, c cmd.RedefineNamespace) ([]events.Event, error) {
	_, err := findNamespace(w, c.Namespace)
	switch {
	case err != nil:
		return nil, err
	case c.As != c.Namespace && w.Image.Namespaces.Has(c.As):
		return nil, commands.Refuse(commands.Conflict, "The metadata definition namespace=%s already exists.", c.As)
	}
	return events.List(evt.NamespaceRedefined(c)), nil
}

// DeleteNamespace removes a namespace, unless it is protected.
func DeleteNamespace(w *projections.World, c cmd.DeleteNamespace) ([]events.Event, error) {
	if _, err := unprotected(w, c.Namespace); err != nil {
		return nil, err
	}
	return events.List(evt.NamespaceDeleted(c)), nil
}

func unprotected(w *projections.World, name string) (view.Namespace, error) {
	n, err := findNamespace(w, name)
	if err == nil && n.Protected {
		err = commands.Refuse(commands.Forbidden, "Metadata definition namespace %s is protected and cannot be deleted, nor what it defines.", name)
	}
	return n, err
}

// LoadNamespaces makes the namespaces that a cloud begins with and hasn't yet.
func LoadNamespaces(w *projections.World, c cmd.LoadNamespaces) ([]events.Event, error) {
	if loaded, _ := w.Image.Editions.Get("default"); loaded.Number >= c.Edition {
		return nil, nil
	}
	var happened []events.Event
	for _, n := range c.Namespaces {
		if w.Image.Namespaces.Has(n.Namespace) {
			continue
		}
		created, err := CreateNamespace(w, n)
		if err != nil {
			return nil, err
		}
		happened = append(happened, created...)
	}
	return append(happened, evt.NamespacesLoaded{Edition: c.Edition}), nil
}

// AddDefinitions defines things in a namespace.
func AddDefinitions(w *projections.World, c cmd.AddDefinitions) ([]events.Event, error) {
	n, err := findNamespace(w, c.Namespace)
	if err != nil {
		return nil, err
	}
	var happened []events.Event
	if c.Instead && len(n.Of(c.Kind)) > 0 {
		happened = append(happened, evt.DefinitionsCleared{Namespace: n.Name, Kind: c.Kind})
		all := n.Definitions
		n.Definitions = nil
		for _, d := range all {
			if d.Kind != c.Kind {
				n.Definitions = append(n.Definitions, d)
			}
		}
	}
	for _, d := range c.Definitions {
		if err := mayDefine(w, &n, d); err != nil {
			return nil, err
		}
		n.Definitions = append(n.Definitions[:len(n.Definitions):len(n.Definitions)], view.Definition{Kind: d.Kind, Name: d.Name, Body: d.Body})
		happened = append(happened, evt.DefinitionAdded{Namespace: n.Name, Definition: evt.Definition(d)})
	}
	return happened, nil
}

// findDefinition returns what a namespace defines under a name.
func findDefinition(n *view.Namespace, kind, name string) (view.Definition, error) {
	d, ok := n.Find(kind, name)
	if !ok {
		return d, commands.Refuse(commands.NotFound, "The metadata definition %s with name=%s was not found in namespace=%s.", kind, name, n.Name)
	}
	return d, nil
}

// ReplaceDefinition defines another thing in the place of one.
func ReplaceDefinition(w *projections.World, c cmd.ReplaceDefinition) ([]events.Event, error) {
	n, err := findNamespace(w, c.Namespace)
	if err != nil {
		return nil, err
	}
	old, err := findDefinition(&n, c.By.Kind, c.Name)
	if err != nil {
		return nil, err
	}
	if _, taken := n.Find(c.By.Kind, c.By.Name); taken && c.By.Name != c.Name {
		return nil, duplicate(n.Name, c.By)
	}
	size := len(c.By.Body) - len(old.Body)
	for _, d := range n.Definitions {
		size += len(d.Body)
	}
	if size > maxDefined {
		return nil, commands.Refuse(commands.OverLimit, "A namespace may define %d things in %d bytes.", maxDefinitions, maxDefined)
	}
	return events.List(evt.DefinitionReplaced{Namespace: n.Name, Name: c.Name, By: evt.Definition(c.By)}), nil
}

// RemoveDefinition removes one thing that an unprotected namespace defines.
func RemoveDefinition(w *projections.World, c cmd.RemoveDefinition) ([]events.Event, error) {
	n, err := findNamespace(w, c.Namespace)
	if err != nil {
		return nil, err
	}
	if _, err := findDefinition(&n, c.Kind, c.Name); err != nil {
		return nil, err
	}
	if _, err := unprotected(w, c.Namespace); err != nil {
		return nil, err
	}
	return events.List(evt.DefinitionRemoved(c)), nil
}

// ClearDefinitions removes all of a kind that an unprotected namespace defines.
func ClearDefinitions(w *projections.World, c cmd.ClearDefinitions) ([]events.Event, error) {
	n, err := unprotected(w, c.Namespace)
	if err != nil || len(n.Of(c.Kind)) == 0 {
		return nil, err
	}
	return events.List(evt.DefinitionsCleared(c)), nil
}
