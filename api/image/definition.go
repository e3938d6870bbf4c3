package image

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/image"
	view "skylog/projections/image"
)

// kind is how one kind of definitions is spoken of.
type kind struct {
	name string // in the world
	path string
	// rules are Glance's names of what is asked before.
	list, show, add, modify, remove, clear string
}

var (
	objects = kind{view.ObjectKind, "/objects", "get_metadef_objects", "get_metadef_object", "add_metadef_object", "modify_metadef_object",
		"delete_metadef_object", "delete_metadef_namespace"}
	props = kind{view.PropertyKind, "/properties", "get_metadef_properties", "get_metadef_property", "add_metadef_property", "modify_metadef_property",
		"remove_metadef_property", "delete_metadef_namespace"}
	tags = kind{view.TagKind, "/tags", "get_metadef_tags", "get_metadef_tag", "add_metadef_tags", "modify_metadef_tag", "delete_metadef_tag",
		"delete_metadef_tags"}
	types = kind{view.ResourceTypeKind, "/resource_types", "list_metadef_resource_types", "get_metadef_resource_type",
		"add_metadef_resource_type_association", "", "remove_metadef_resource_type_association", ""}
)

func (s *Service) mountDefinitions(a huma.API) {
	const all = namespaces + "/{namespace}"
	for _, k := range []kind{objects, props, tags, types} {
		one := all + k.path + "/{name}"
		api.Handle(a, "GET "+all+k.path, k.list, http.StatusOK, s.listDefinitions(k))
		api.Handle(a, "DELETE "+one, k.remove, http.StatusNoContent, s.removeDefinition(k))
		if k.name != view.TagKind {
			api.Handle(a, "POST "+all+k.path, k.add, http.StatusCreated, s.addDefinition(k), unread)
		}
		if k.name == view.ResourceTypeKind {
			continue
		}
		api.Handle(a, "GET "+one, k.show, http.StatusOK, s.showDefinition(k))
		api.Handle(a, "PUT "+one, k.modify, http.StatusOK, s.replaceDefinition(k), unread)
		api.Handle(a, "DELETE "+all+k.path, k.clear, http.StatusNoContent, s.clearDefinitions(k))
	}
	api.Handle(a, "POST "+all+"/tags", tags.add, http.StatusCreated, s.addTags, unread)
	api.Handle(a, "POST "+all+"/tags/{name}", "add_metadef_tag", http.StatusCreated, s.addTag)
}

type (
	// ByDefinition is what a namespace defines, in a path.
	ByDefinition struct {
		ByNamespace
		Name string `path:"name" maxLength:"160"` // a name with a prefix may be longer than either
	}
	replaceIn struct {
		ByDefinition
		RawBody []byte `contentType:"application/json"`
	}
	tagsIn struct {
		ByNamespace
		Append  string `header:"X-Openstack-Append"`
		RawBody []byte `contentType:"application/json"`
	}
	showDefinitionIn struct {
		ByDefinition
		ResourceType string `query:"resource_type" maxLength:"80"`
	}
)

// showDefinition is the one form of what is defined: what was said of it, its
// name, and, of all but properties, since when.
func showDefinition(n view.Namespace, d view.Definition) object {
	shown := object{}
	_ = json.Unmarshal([]byte(d.Body), &shown) // we wrote it
	shown["name"] = d.Name
	if d.Kind == view.PropertyKind {
		return shown
	}
	shown["created_at"], shown["updated_at"] = instant(d.CreatedAt), instant(d.UpdatedAt)
	if d.Kind == view.ObjectKind {
		shown["self"], shown["schema"] = "/v2"+namespaces+"/"+n.Name+"/objects/"+d.Name, "/v2/schemas/metadefs/object"
	}
	return shown
}

func showAll(n view.Namespace, all []view.Definition) []object {
	shown := []object{}
	for _, d := range all {
		shown = append(shown, showDefinition(n, d))
	}
	return shown
}

func showProperties(all []view.Definition) object {
	shown := object{}
	for _, d := range all {
		one := showDefinition(view.Namespace{}, d)
		delete(one, "name")
		shown[d.Name] = one
	}
	return shown
}

func showTags(all []view.Definition) []object {
	shown := []object{}
	for _, d := range all {
		shown = append(shown, object{"name": d.Name})
	}
	return shown
}

func (s *Service) listDefinitions(k kind) func(context.Context, *ByNamespace) (*documentOut, error) {
	return func(ctx context.Context, in *ByNamespace) (*documentOut, error) {
		n, err := mayNamespace(ctx, in.Namespace, k.list)
		if err != nil {
			return nil, err
		}
		all := n.Of(k.name)
		switch k.name {
		case view.PropertyKind:
			return &documentOut{object{"properties": showProperties(all)}}, nil
		case view.ResourceTypeKind:
			return &documentOut{object{"resource_type_associations": showAll(n, all)}}, nil
		}
		if all, err = pageOf(ctx, all); err != nil {
			return nil, err
		}
		if k.name == view.TagKind {
			return &documentOut{object{"tags": showTags(all)}}, nil
		}
		return &documentOut{object{"objects": showAll(n, all), "schema": "/v2/schemas/metadefs/objects"}}, nil
	}
}

// pageOf sorts and cuts a list of objects or tags: the newest first, unless
// something else is asked for. Without a limit it is everything.
func pageOf(ctx context.Context, all []view.Definition) ([]view.Definition, error) {
	params := api.Query(ctx)
	key, direction := or(params.Get("sort_key"), "created_at"), or(params.Get("sort_dir"), "desc")
	switch {
	case direction != "asc" && direction != "desc":
		return nil, commands.Refuse(commands.Invalid, "Invalid sort direction: %.40s", direction)
	case key == "name":
		slices.SortFunc(all, func(a, b view.Definition) int { return strings.Compare(a.Name, b.Name) })
	case key == "updated_at":
		slices.SortStableFunc(all, func(a, b view.Definition) int { return a.UpdatedAt.Compare(b.UpdatedAt) })
	case key != "created_at": // in which order they are
		return nil, commands.Refuse(commands.Invalid, "Invalid sort key: %.40s.", key)
	}
	if direction == "desc" {
		slices.Reverse(all)
	}
	if marker := params.Get("marker"); marker != "" {
		at := slices.IndexFunc(all, func(d view.Definition) bool { return d.Name == marker })
		if at < 0 {
			return nil, commands.Refuse(commands.NotFound, "The marker %.100s was not found.", marker)
		}
		all = all[at+1:]
	}
	if _, given := first(params, "limit"); given {
		size, err := limitOf(params)
		if err != nil {
			return nil, err
		}
		all = all[:min(size, len(all))]
	}
	return all, nil
}

func (s *Service) showDefinition(k kind) func(context.Context, *showDefinitionIn) (*documentOut, error) {
	return func(ctx context.Context, in *showDefinitionIn) (*documentOut, error) {
		n, err := mayNamespace(ctx, in.Namespace, k.show)
		if err != nil {
			return nil, err
		}
		name := in.Name
		if in.ResourceType != "" && k.name == view.PropertyKind {
			prefix := prefixFor(n, in.ResourceType)
			bare, ok := strings.CutPrefix(name, prefix)
			if !ok || prefix == "" {
				return nil, commands.Refuse(commands.NotFound,
					"Property %s does not start with the expected resource type association prefix of '%s'.", name, prefix)
			}
			name = bare
		}
		d, ok := n.Find(k.name, name)
		if !ok {
			return nil, commands.Refuse(commands.NotFound, "The metadata definition %s with name=%s was not found in namespace=%s.", k.name, name, n.Name)
		}
		return &documentOut{showDefinition(n, d)}, nil
	}
}

// add defines things and shows the last of them.
func (s *Service) add(ctx context.Context, c cmd.AddDefinitions) (*documentOut, error) {
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	n, _ := w.Image.Namespaces.Get(c.Namespace)
	d, _ := n.Find(c.Kind, c.Definitions[len(c.Definitions)-1].Name)
	return &documentOut{showDefinition(n, d)}, nil
}

func (s *Service) addDefinition(k kind) func(context.Context, *redefineIn) (*documentOut, error) {
	return func(ctx context.Context, in *redefineIn) (*documentOut, error) {
		if _, err := mayNamespace(ctx, in.Namespace, k.add); err != nil {
			return nil, err
		}
		body, err := readObject(in.RawBody)
		if err != nil {
			return nil, err
		}
		d, err := definitionOf(k.name, body)
		if err != nil {
			return nil, err
		}
		return s.add(ctx, cmd.AddDefinitions{Namespace: in.Namespace, Kind: k.name, Definitions: []cmd.Definition{d}})
	}
}

func (s *Service) addTag(ctx context.Context, in *ByDefinition) (*documentOut, error) {
	if _, err := mayNamespace(ctx, in.Namespace, "add_metadef_tag"); err != nil {
		return nil, err
	}
	d, err := definitionOf(view.TagKind, map[string]any{"name": in.Name})
	if err != nil {
		return nil, err
	}
	return s.add(ctx, cmd.AddDefinitions{Namespace: in.Namespace, Kind: view.TagKind, Definitions: []cmd.Definition{d}})
}

// addTags puts tags in the place of all that there are, or beside them.
func (s *Service) addTags(ctx context.Context, in *tagsIn) (*documentOut, error) {
	if _, err := mayNamespace(ctx, in.Namespace, tags.add); err != nil {
		return nil, err
	}
	body, err := readObject(in.RawBody)
	if err != nil {
		return nil, err
	}
	if err := (keys{"tags": isList}).suits("tags", body); err != nil {
		return nil, err
	}
	keep, err := truth("X-Openstack-Append", or(in.Append, "false"))
	if err != nil {
		return nil, err
	}
	c := cmd.AddDefinitions{Namespace: in.Namespace, Kind: view.TagKind, Instead: !keep}
	if c.Definitions, err = definitionsOf(body); err != nil {
		return nil, err
	}
	if _, err := s.Do(ctx, c); err != nil {
		return nil, err
	}
	shown := []object{}
	for _, d := range c.Definitions {
		shown = append(shown, object{"name": d.Name})
	}
	return &documentOut{object{"tags": shown}}, nil
}

func (s *Service) replaceDefinition(k kind) func(context.Context, *replaceIn) (*documentOut, error) {
	return func(ctx context.Context, in *replaceIn) (*documentOut, error) {
		if _, err := mayNamespace(ctx, in.Namespace, k.modify); err != nil {
			return nil, err
		}
		body, err := readObject(in.RawBody)
		if err != nil {
			return nil, err
		}
		d, err := definitionOf(k.name, body)
		if err != nil {
			return nil, err
		}
		w, err := s.Do(ctx, cmd.ReplaceDefinition{Namespace: in.Namespace, Name: in.Name, By: d})
		if err != nil {
			return nil, err
		}
		n, _ := w.Image.Namespaces.Get(in.Namespace)
		now, _ := n.Find(k.name, d.Name)
		return &documentOut{showDefinition(n, now)}, nil
	}
}

func (s *Service) removeDefinition(k kind) func(context.Context, *ByDefinition) (*api.Empty, error) {
	return func(ctx context.Context, in *ByDefinition) (*api.Empty, error) {
		if _, err := mayNamespace(ctx, in.Namespace, k.remove); err != nil {
			return nil, err
		}
		_, err := s.Do(ctx, cmd.RemoveDefinition{Namespace: in.Namespace, Kind: k.name, Name: in.Name})
		return &api.Empty{Status: http.StatusNoContent}, err
	}
}

func (s *Service) clearDefinitions(k kind) func(context.Context, *ByNamespace) (*api.Empty, error) {
	return func(ctx context.Context, in *ByNamespace) (*api.Empty, error) {
		if _, err := mayNamespace(ctx, in.Namespace, k.clear); err != nil {
			return nil, err
		}
		_, err := s.Do(ctx, cmd.ClearDefinitions{Namespace: in.Namespace, Kind: k.name})
		return &api.Empty{Status: http.StatusNoContent}, err
	}
}
