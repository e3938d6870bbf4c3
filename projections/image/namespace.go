package image

import (
	"slices"
	"strings"
	"time"

	"skylog/events"
	evt "skylog/events/image"
	"skylog/projections/table"
)

// The kinds of things that a namespace of metadata defines.
const (
	ObjectKind       = "object"
	PropertyKind     = "property"
	TagKind          = "tag"
	ResourceTypeKind = "resource type" // that the namespace is for
)

// Definition is one thing that a namespace defines.
type Definition struct {
	Kind, Name           string
	Body                 string // JSON
	CreatedAt, UpdatedAt time.Time
}

// Namespace is a namespace of metadata definitions: what may be said of images,
// flavors, volumes and the like, for people and dashboards to choose from. There
// are few of them, and what one defines is bounded, so that it is one row.
type Namespace struct {
	Name, OwnerID, DisplayName, Description string
	Visibility                              string
	Protected                               bool
	Definitions                             []Definition // in the order they were made
	CreatedAt, UpdatedAt                    time.Time
}

// Find returns one thing that the namespace defines.
func (n *Namespace) Find(kind, name string) (Definition, bool) {
	at := n.place(kind, name)
	if at < 0 {
		return Definition{}, false
	}
	return n.Definitions[at], true
}

func (n *Namespace) place(kind, name string) int {
	return slices.IndexFunc(n.Definitions, func(d Definition) bool { return d.Kind == kind && d.Name == name })
}

// Of are the things of a kind that the namespace defines, in the order they were made.
func (n *Namespace) Of(kind string) (found []Definition) {
	for _, d := range n.Definitions {
		if d.Kind == kind {
			found = append(found, d)
		}
	}
	return found
}

// Namespaces is the table of namespaces, in the order of their names. A cloud
// has at most so many that they can be gone through.
type Namespaces struct {
	table.Of[string, Namespace]
}

// ResourceType is a type of things that namespaces are for.
type ResourceType struct {
	Name      string
	CreatedAt time.Time
}

// ResourceTypes is the table of resource types; one that was there stays.
type ResourceTypes struct {
	table.Of[string, ResourceType]
}

// Edition is the namespaces that were loaded.
type Edition struct{ Number int }

// Editions is the table of loaded namespaces; all are one.
type Editions struct{ table.Of[string, Edition] }

func newNamespaces() Namespaces {
	return Namespaces{Of: table.New[string, Namespace](strings.Compare)}
}

func newResourceTypes() ResourceTypes {
	return ResourceTypes{Of: table.New[string, ResourceType](strings.Compare)}
}

func newEditions() Editions { return Editions{Of: table.New[string, Edition](strings.Compare)} }

// Apply folds one event into the table.
func (t *Editions) Apply(e events.Event, _ events.Meta) {
	if e, ok := e.(evt.NamespacesLoaded); ok {
		t.Put("default", Edition{e.Edition})
	}
}

// Apply folds one event into the table.
func (t *ResourceTypes) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.NamespaceCreated:
		for _, d := range e.Definitions {
			t.learn(d, m)
		}
	case evt.DefinitionAdded:
		t.learn(e.Definition, m)
	}
}

func (t *ResourceTypes) learn(d evt.Definition, m events.Meta) {
	if d.Kind == ResourceTypeKind && !t.Has(d.Name) {
		t.Put(d.Name, ResourceType{d.Name, m.Time})
	}
}

// Apply folds one event into the table.
func (t *Namespaces) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.NamespaceCreated:
		n := Namespace{Name: e.Namespace, OwnerID: e.OwnerID, DisplayName: e.DisplayName, Description: e.Description, Visibility: e.Visibility,
			Protected: e.Protected, CreatedAt: m.Time, UpdatedAt: m.Time}
		for _, d := range e.Definitions {
			n.Definitions = append(n.Definitions, defined(d, m))
		}
		t.Put(e.Namespace, n)
	case evt.NamespaceRedefined:
		if n, ok := t.Get(e.Namespace); ok {
			t.Delete(e.Namespace)
			n.Name, n.OwnerID, n.DisplayName, n.Description, n.Visibility, n.Protected = e.As, e.OwnerID, e.DisplayName, e.Description, e.Visibility, e.Protected
			n.UpdatedAt = m.Time
			t.Put(e.As, n)
		}
	case evt.NamespaceDeleted:
		t.Delete(e.Namespace)
	case evt.DefinitionAdded:
		t.Update(e.Namespace, func(n *Namespace) { n.Definitions = append(slices.Clone(n.Definitions), defined(e.Definition, m)) })
	case evt.DefinitionReplaced:
		t.Update(e.Namespace, func(n *Namespace) {
			if at := n.place(e.By.Kind, e.Name); at >= 0 {
				n.Definitions = slices.Clone(n.Definitions)
				d := &n.Definitions[at]
				d.Name, d.Body, d.UpdatedAt = e.By.Name, e.By.Body, m.Time
			}
		})
	case evt.DefinitionRemoved:
		t.without(e.Namespace, func(d Definition) bool { return d.Kind == e.Kind && d.Name == e.Name })
	case evt.DefinitionsCleared:
		t.without(e.Namespace, func(d Definition) bool { return d.Kind == e.Kind })
	}
}

func defined(d evt.Definition, m events.Meta) Definition {
	return Definition{Kind: d.Kind, Name: d.Name, Body: d.Body, CreatedAt: m.Time, UpdatedAt: m.Time}
}

func (t *Namespaces) without(name string, gone func(Definition) bool) {
	t.Update(name, func(n *Namespace) { n.Definitions = slices.DeleteFunc(slices.Clone(n.Definitions), gone) })
}
