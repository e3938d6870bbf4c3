package image

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/image"
	view "skylog/projections/image"
)

const namespaces = "/metadefs/namespaces"

func (s *Service) mountNamespaces(a huma.API) {
	const one = namespaces + "/{namespace}"
	api.Handle(a, "GET /metadefs/resource_types", "list_metadef_resource_types", http.StatusOK, s.listResourceTypes)
	api.Handle(a, "GET "+namespaces, "get_metadef_namespaces", http.StatusOK, s.listNamespaces)
	api.Handle(a, "POST "+namespaces, "add_metadef_namespace", http.StatusCreated, s.createNamespace, unread)
	api.Handle(a, "GET "+one, "get_metadef_namespace", http.StatusOK, s.showNamespace)
	api.Handle(a, "PUT "+one, "modify_metadef_namespace", http.StatusOK, s.redefineNamespace, unread)
	api.Handle(a, "DELETE "+one, "delete_metadef_namespace", http.StatusNoContent, s.deleteNamespace)
	s.mountDefinitions(a)
}

type (
	// ByNamespace is the namespace in a path.
	ByNamespace struct {
		Namespace string `path:"namespace" maxLength:"80"`
	}
	showNamespaceIn struct {
		ByNamespace
		ResourceType string `query:"resource_type" maxLength:"80"`
	}
	namespaceIn struct {
		RawBody []byte `contentType:"application/json"`
	}
	redefineIn struct {
		ByNamespace
		RawBody []byte `contentType:"application/json"`
	}
	namespaceOut struct {
		Location string `header:"Location"`
		Body     object
	}
)

// namespaceTarget is a namespace as policy sees it. Who may not know of it is
// told that there is none.
func namespaceTarget(n view.Namespace) api.Target {
	t := api.Target{ProjectID: n.OwnerID, Attrs: map[string]string{"visibility": n.Visibility, "owner": n.OwnerID}}
	if n.Visibility == view.Public {
		t.Missing = commands.Refuse(commands.Forbidden, "You may only read metadata definition namespace %s.", n.Name)
	} else {
		t.Missing = noNamespace(n.Name)
	}
	return t
}

func noNamespace(name string) error {
	return commands.Refuse(commands.NotFound, "Metadata definition namespace=%s was not found.", name)
}

// mayNamespace finds a namespace and asks a rule.
func mayNamespace(ctx context.Context, name, rule string) (view.Namespace, error) {
	n, ok := api.World(ctx).Image.Namespaces.Get(name)
	if !ok {
		return n, noNamespace(name)
	}
	return n, api.AllowRule(ctx, rule, namespaceTarget(n))
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func showNamespace(n view.Namespace) object {
	shown := object{"namespace": n.Name, "visibility": n.Visibility, "protected": n.Protected, "owner": n.OwnerID,
		"created_at": instant(n.CreatedAt), "updated_at": instant(n.UpdatedAt), "self": "/v2" + namespaces + "/" + n.Name, "schema": "/v2/schemas/metadefs/namespace"}
	for key, value := range map[string]string{"display_name": n.DisplayName, "description": n.Description} {
		if value != "" {
			shown[key] = value
		}
	}
	if types := n.Of(view.ResourceTypeKind); len(types) > 0 {
		shown["resource_type_associations"] = showAll(n, types)
	}
	return shown
}

// showWhole shows a namespace with all that it defines.
func showWhole(n view.Namespace) object {
	shown := showNamespace(n)
	if all := n.Of(view.ObjectKind); len(all) > 0 {
		shown["objects"] = showAll(n, all)
	}
	if all := n.Of(view.PropertyKind); len(all) > 0 {
		shown["properties"] = showProperties(all)
	}
	if all := n.Of(view.TagKind); len(all) > 0 {
		shown["tags"] = showTags(all)
	}
	return shown
}

func (s *Service) createNamespace(ctx context.Context, in *namespaceIn) (*namespaceOut, error) {
	if err := api.Allow(ctx, api.Target{ProjectID: api.From(ctx).ProjectID}); err != nil {
		return nil, err
	}
	body, err := readObject(in.RawBody)
	if err != nil {
		return nil, err
	}
	c, err := namespaceOf(body, api.From(ctx).ProjectID)
	if err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	n, _ := w.Image.Namespaces.Get(c.Namespace)
	return &namespaceOut{Location: api.Root(ctx) + namespaces + "/" + n.Name, Body: showWhole(n)}, nil
}

func (s *Service) redefineNamespace(ctx context.Context, in *redefineIn) (*documentOut, error) {
	if _, err := mayNamespace(ctx, in.Namespace, "modify_metadef_namespace"); err != nil {
		return nil, err
	}
	body, err := readObject(in.RawBody)
	if err != nil {
		return nil, err
	}
	c, err := namespaceOf(body, api.From(ctx).ProjectID)
	if err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, cmd.RedefineNamespace{Namespace: in.Namespace, As: c.Namespace, OwnerID: c.OwnerID, DisplayName: c.DisplayName,
		Description: c.Description, Visibility: c.Visibility, Protected: c.Protected})
	if err != nil {
		return nil, err
	}
	n, _ := w.Image.Namespaces.Get(c.Namespace)
	return &documentOut{showNamespace(n)}, nil
}

func (s *Service) deleteNamespace(ctx context.Context, in *ByNamespace) (*api.Empty, error) {
	if _, err := mayNamespace(ctx, in.Namespace, "delete_metadef_namespace"); err != nil {
		return nil, err
	}
	_, err := s.Do(ctx, cmd.DeleteNamespace{Namespace: in.Namespace})
	return &api.Empty{Status: http.StatusNoContent}, err
}

// showNamespace shows all of a namespace; for a type of resource, its properties
// under the names that they have there.
func (s *Service) showNamespace(ctx context.Context, in *showNamespaceIn) (*documentOut, error) {
	n, err := mayNamespace(ctx, in.Namespace, "get_metadef_namespace")
	if err != nil {
		return nil, err
	}
	if prefix := prefixFor(n, in.ResourceType); prefix != "" {
		n.Definitions = slices.Clone(n.Definitions)
		for i, d := range n.Definitions {
			n.Definitions[i] = prefixed(d, prefix)
		}
	}
	return &documentOut{showWhole(n)}, nil
}

// prefixFor is what stands before the names of properties on a type of resource.
func prefixFor(n view.Namespace, resourceType string) string {
	var association struct {
		Prefix string `json:"prefix"`
	}
	if d, ok := n.Find(view.ResourceTypeKind, resourceType); ok {
		_ = json.Unmarshal([]byte(d.Body), &association) // we wrote it
	}
	return association.Prefix
}

func prefixed(d view.Definition, prefix string) view.Definition {
	switch d.Kind {
	case view.PropertyKind:
		d.Name = prefix + d.Name
	case view.ObjectKind:
		var body map[string]any
		_ = json.Unmarshal([]byte(d.Body), &body) // we wrote it
		inside, _ := body["properties"].(map[string]any)
		named := map[string]any{}
		for name, value := range inside {
			named[prefix+name] = value
		}
		required, _ := body["required"].([]any)
		for i := range required {
			required[i] = prefix + required[i].(string)
		}
		body["properties"] = named
		whole, _ := json.Marshal(body) // what was read can be written
		d.Body = string(whole)
	}
	return d
}

func (s *Service) listResourceTypes(ctx context.Context, _ *struct{}) (*documentOut, error) {
	if err := api.Allow(ctx, api.Target{ProjectID: api.From(ctx).ProjectID}); err != nil {
		return nil, err
	}
	all := []object{}
	for _, t := range api.World(ctx).Image.ResourceTypes.All() {
		all = append(all, object{"name": t.Name, "created_at": instant(t.CreatedAt), "updated_at": instant(t.CreatedAt)})
	}
	return &documentOut{object{"resource_types": all}}, nil
}

// namespaceOrders are what namespaces are sorted by.
var namespaceOrders = map[string]func(a, b *view.Namespace) int{
	"created_at": func(a, b *view.Namespace) int { return a.CreatedAt.Compare(b.CreatedAt) },
	"updated_at": func(a, b *view.Namespace) int { return a.UpdatedAt.Compare(b.UpdatedAt) },
	"namespace":  func(a, b *view.Namespace) int { return strings.Compare(a.Name, b.Name) },
	"visibility": func(a, b *view.Namespace) int { return strings.Compare(a.Visibility, b.Visibility) },
	"owner":      func(a, b *view.Namespace) int { return strings.Compare(a.OwnerID, b.OwnerID) },
}

// listNamespaces takes in all namespaces that the caller may know of: there are few.
func (s *Service) listNamespaces(ctx context.Context, _ *struct{}) (*documentOut, error) {
	if err := api.Allow(ctx, api.Target{ProjectID: api.From(ctx).ProjectID}); err != nil {
		return nil, err
	}
	params := api.Query(ctx)
	size, err := limitOf(params)
	if err != nil {
		return nil, err
	}
	order, found := namespaceOrders[or(params.Get("sort_key"), "created_at")]
	direction, visibility := or(params.Get("sort_dir"), "desc"), params.Get("visibility")
	switch {
	case !found:
		return nil, commands.Refuse(commands.Invalid, "Invalid sort key: %.40s.", params.Get("sort_key"))
	case direction != "asc" && direction != "desc":
		return nil, commands.Refuse(commands.Invalid, "Invalid sort direction: %.40s", direction)
	case visibility != "" && visibility != view.Public && visibility != view.Private:
		return nil, commands.Refuse(commands.Invalid, "Invalid visibility value: %.40s", visibility)
	}
	all := visibleNamespaces(ctx, visibility, params.Get("resource_types"))
	slices.SortFunc(all, func(a, b view.Namespace) int {
		c := order(&a, &b)
		if c == 0 {
			c = strings.Compare(a.Name, b.Name)
		}
		if direction == "desc" {
			c = -c
		}
		return c
	})
	if marker := params.Get("marker"); marker != "" {
		at := slices.IndexFunc(all, func(n view.Namespace) bool { return n.Name == marker })
		if at < 0 {
			return nil, noNamespace(marker) // Glance says 404 here, not 400
		}
		all = all[at+1:]
	}
	params.Del("marker")
	shown := []object{}
	for _, n := range all[:min(size, len(all))] {
		shown = append(shown, showNamespace(n))
	}
	body := object{"namespaces": shown, "schema": "/v2/schemas/metadefs/namespaces", "first": withQuery("/v2"+namespaces, params)}
	if size > 0 && len(all) > size {
		params.Set("marker", all[size-1].Name)
		body["next"] = withQuery("/v2"+namespaces, params)
	}
	return &documentOut{body}, nil
}

func visibleNamespaces(ctx context.Context, visibility, types string) (all []view.Namespace) {
	for _, n := range api.World(ctx).Image.Namespaces.All() {
		if visibility != "" && n.Visibility != visibility || types != "" && !forTypes(&n, types) || !api.Can(ctx, "get_metadef_namespace", namespaceTarget(n)) {
			continue
		}
		all = append(all, n)
	}
	return all
}

// forTypes says whether a namespace is for one of several types of resources.
func forTypes(n *view.Namespace, types string) bool {
	for name := range strings.SplitSeq(types, ",") {
		if _, ok := n.Find(view.ResourceTypeKind, name); ok {
			return true
		}
	}
	return false
}
