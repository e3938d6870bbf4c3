package image

import (
	"strings"
	"testing"

	"skylog/commands"
	cmd "skylog/commands/image"
	evt "skylog/events/image"
	"skylog/handlers/given"
)

func TestNamespace(t *testing.T) {
	object := evt.Definition{Kind: "object", Name: "o", Body: "{}"}
	tag := evt.Definition{Kind: "tag", Name: "o", Body: "{}"}
	ns := evt.NamespaceCreated{Namespace: "n", OwnerID: "p", Visibility: "private", Definitions: []evt.Definition{object, tag}}
	kept := ns
	kept.Protected = true
	other := evt.NamespaceCreated{Namespace: "m", OwnerID: "p", Visibility: "private"}
	create := func(e evt.NamespaceCreated) cmd.CreateNamespace {
		c := cmd.CreateNamespace{Namespace: e.Namespace, OwnerID: e.OwnerID, Visibility: e.Visibility, Protected: e.Protected}
		for _, d := range e.Definitions {
			c.Definitions = append(c.Definitions, cmd.Definition(d))
		}
		return c
	}
	twice := ns
	twice.Definitions = []evt.Definition{object, object}
	large := cmd.Definition{Kind: "object", Name: "large", Body: strings.Repeat("x", maxDefined+1)}
	is := given.Events{ns}
	given.Run(t, Register, []given.Case{
		{Name: "a namespace is made with what it defines", When: create(ns), Then: is},
		{Name: "a taken name of a namespace is refused", Given: is, When: create(ns), Refused: commands.Conflict},
		{Name: "a namespace that defines a thing twice is refused", When: create(twice), Refused: commands.Conflict},
		{Name: "a namespace is renamed", Given: is, When: cmd.RedefineNamespace{Namespace: "n", As: "m", Visibility: "public"},
			Then: given.Events{evt.NamespaceRedefined{Namespace: "n", As: "m", Visibility: "public"}}},
		{Name: "a namespace isn't renamed to another's name", Given: given.Events{ns, other}, When: cmd.RedefineNamespace{Namespace: "n", As: "m"}, Refused: commands.Conflict},
		{Name: "what isn't there isn't redefined", When: cmd.RedefineNamespace{Namespace: "n", As: "m"}, Refused: commands.NotFound},
		{Name: "a namespace is deleted", Given: is, When: cmd.DeleteNamespace{Namespace: "n"}, Then: given.Events{evt.NamespaceDeleted{Namespace: "n"}}},
		{Name: "a protected namespace is not deleted", Given: given.Events{kept}, When: cmd.DeleteNamespace{Namespace: "n"}, Refused: commands.Forbidden},
		{Name: "the first namespaces are loaded but where they are there", Given: given.Events{other}, When: cmd.LoadNamespaces{Edition: 1, Namespaces: []cmd.CreateNamespace{create(other), create(ns)}},
			Then: given.Events{ns, evt.NamespacesLoaded{Edition: 1}}},
		{Name: "an edition is loaded once", Given: given.Events{evt.NamespacesLoaded{Edition: 1}}, When: cmd.LoadNamespaces{Edition: 1, Namespaces: []cmd.CreateNamespace{create(ns)}}},
		{Name: "two kinds may have one name", Given: is, When: cmd.AddDefinitions{Namespace: "n", Kind: "property", Definitions: []cmd.Definition{{Kind: "property", Name: "o"}}},
			Then: given.Events{evt.DefinitionAdded{Namespace: "n", Definition: evt.Definition{Kind: "property", Name: "o"}}}},
		{Name: "a thing is defined once", Given: is, When: cmd.AddDefinitions{Namespace: "n", Kind: "object", Definitions: []cmd.Definition{cmd.Definition(object)}}, Refused: commands.Conflict},
		{Name: "things are defined in the place of those that were", Given: is, When: cmd.AddDefinitions{Namespace: "n", Kind: "tag", Definitions: []cmd.Definition{cmd.Definition(tag)}, Instead: true},
			Then: given.Events{evt.DefinitionsCleared{Namespace: "n", Kind: "tag"}, evt.DefinitionAdded{Namespace: "n", Definition: tag}}},
		{Name: "more than a namespace may define is refused", Given: is, When: cmd.AddDefinitions{Namespace: "n", Kind: "object", Definitions: []cmd.Definition{large}}, Refused: commands.OverLimit},
		{Name: "a thing becomes another", Given: is, When: cmd.ReplaceDefinition{Namespace: "n", Name: "o", By: cmd.Definition{Kind: "object", Name: "p"}},
			Then: given.Events{evt.DefinitionReplaced{Namespace: "n", Name: "o", By: evt.Definition{Kind: "object", Name: "p"}}}},
		{Name: "a thing doesn't become larger than a namespace may be", Given: is, When: cmd.ReplaceDefinition{Namespace: "n", Name: "o", By: large}, Refused: commands.OverLimit},
		{Name: "what isn't defined isn't replaced", Given: is, When: cmd.ReplaceDefinition{Namespace: "n", Name: "x", By: cmd.Definition{Kind: "object", Name: "x"}}, Refused: commands.NotFound},
		{Name: "a thing doesn't take another's name", Given: given.Events{ns, evt.DefinitionAdded{Namespace: "n", Definition: evt.Definition{Kind: "object", Name: "p"}}},
			When: cmd.ReplaceDefinition{Namespace: "n", Name: "o", By: cmd.Definition{Kind: "object", Name: "p"}}, Refused: commands.Conflict},
		{Name: "a thing is removed", Given: is, When: cmd.RemoveDefinition{Namespace: "n", Kind: "object", Name: "o"}, Then: given.Events{evt.DefinitionRemoved{Namespace: "n", Kind: "object", Name: "o"}}},
		{Name: "what isn't defined isn't removed", Given: is, When: cmd.RemoveDefinition{Namespace: "n", Kind: "property", Name: "o"}, Refused: commands.NotFound},
		{Name: "nothing is removed from a protected namespace", Given: given.Events{kept}, When: cmd.RemoveDefinition{Namespace: "n", Kind: "object", Name: "o"}, Refused: commands.Forbidden},
		{Name: "all of a kind is removed", Given: is, When: cmd.ClearDefinitions{Namespace: "n", Kind: "tag"}, Then: given.Events{evt.DefinitionsCleared{Namespace: "n", Kind: "tag"}}},
		{Name: "a protected namespace isn't cleared", Given: given.Events{kept}, When: cmd.ClearDefinitions{Namespace: "n", Kind: "tag"}, Refused: commands.Forbidden},
	})
}
