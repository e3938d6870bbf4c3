package identity

import (
	"context"
	"iter"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

func (s *Service) mountEndpointGroups(a huma.API) {
	s.endpointGroups().mount(a)
	const base, rule = "/OS-EP-FILTER", "identity:"
	group := base + "/endpoint_groups/{id}"
	api.Handle(a, "GET "+group+"/endpoints", rule+"list_endpoints_associated_with_endpoint_group", http.StatusOK, s.endpointsOfGroup)
	api.Handle(a, "GET "+group+"/projects", rule+"list_projects_associated_with_endpoint_group", http.StatusOK, s.projectsOfGroup)
	api.Handle(a, "GET "+group+"/projects/{project}", rule+"get_endpoint_group_in_project", http.StatusOK, s.showGroupInProject)
	api.Handle(a, "PUT "+group+"/projects/{project}", rule+"add_endpoint_group_to_project", http.StatusNoContent, s.addGroupToProject)
	api.Handle(a, "DELETE "+group+"/projects/{project}", rule+"remove_endpoint_group_from_project", http.StatusNoContent, s.removeGroupFromProject)
	api.Handle(a, "GET "+base+"/endpoints/{id}/projects", rule+"list_projects_for_endpoint", http.StatusOK, s.projectsOfEndpoint)
	api.Handle(a, "GET "+base+"/projects/{project}/endpoint_groups", rule+"list_endpoint_groups_for_project", http.StatusOK, s.groupsOfProject)
	api.Handle(a, "GET "+base+"/projects/{project}/endpoints", rule+"list_endpoints_for_project", http.StatusOK, s.endpointsOfProject)
	one := base + "/projects/{project}/endpoints/{id}"
	api.Handle(a, "GET "+one, rule+"check_endpoint_in_project", http.StatusNoContent, s.checkEndpointInProject)
	api.Handle(a, "PUT "+one, rule+"add_endpoint_to_project", http.StatusNoContent, s.addEndpointToProject)
	api.Handle(a, "DELETE "+one, rule+"remove_endpoint_from_project", http.StatusNoContent, s.removeEndpointFromProject)
}

type (
	endpointFilters struct {
		ServiceID string `json:"service_id,omitempty" maxLength:"255"`
		RegionID  string `json:"region_id,omitempty" maxLength:"255"`
		Interface string `json:"interface,omitempty" enum:"public,internal,admin"`
	}
	createEndpointGroup struct {
		Name        string          `json:"name" minLength:"1" maxLength:"255"`
		Description *string         `json:"description,omitempty" maxLength:"65535"`
		Filters     endpointFilters `json:"filters"`
	}
	changeEndpointGroup struct {
		Name        *string          `json:"name,omitempty" minLength:"1" maxLength:"255"`
		Description *string          `json:"description,omitempty" maxLength:"65535"`
		Filters     *endpointFilters `json:"filters,omitempty"`
	}
	endpointGroup struct {
		ID          string          `json:"id"`
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Filters     endpointFilters `json:"filters"`
		Links       self            `json:"links"`
	}
	inProjectIn struct {
		ByID
		ProjectID string `path:"project" maxLength:"255"`
	}
	ofProjectIn struct {
		ProjectID string `path:"project" maxLength:"255"`
	}
	inProjectOut struct {
		Body struct {
			Association groupInProject `json:"project_endpoint_group"`
		}
	}
	groupInProject struct {
		GroupID   string `json:"endpoint_group_id"`
		ProjectID string `json:"project_id"`
		Links     self   `json:"links"`
	}
)

func (createEndpointGroup) keys() (string, string) { return "endpoint_group", "endpoint_groups" }
func (changeEndpointGroup) keys() (string, string) { return "endpoint_group", "endpoint_groups" }
func (endpointGroup) keys() (string, string)       { return "endpoint_group", "endpoint_groups" }

func showEndpointGroup(ctx context.Context, g view.EndpointGroup) with[endpointGroup] {
	return with[endpointGroup]{Known: endpointGroup{g.ID, g.Name, g.Description, endpointFilters{g.ServiceID, g.RegionID, g.Interface},
		link(ctx, "OS-EP-FILTER", "endpoint_groups", g.ID)}}
}

func (s *Service) endpointGroups() resource[view.EndpointGroup, createEndpointGroup, changeEndpointGroup, endpointGroup] {
	return resource[view.EndpointGroup, createEndpointGroup, changeEndpointGroup, endpointGroup]{
		Service: s, path: "/OS-EP-FILTER/endpoint_groups", name: "endpoint_group", what: "endpoint group",
		get:  func(t *view.Tables, id string) (view.EndpointGroup, bool) { return t.EndpointGroups.Get(id) },
		show: showEndpointGroup, id: func(g *view.EndpointGroup) string { return g.ID },
		make: func(ctx context.Context, in *with[createEndpointGroup]) (wish, error) {
			id, want := api.NewHexID(ctx), in.Known
			return wish{id: id, do: []commands.Command{cmd.CreateEndpointGroup{ID: id, Name: want.Name, Description: value(want.Description),
				ServiceID: want.Filters.ServiceID, RegionID: want.Filters.RegionID, Interface: want.Filters.Interface}}}, nil
		},
		change: func(_ context.Context, g view.EndpointGroup, in *with[changeEndpointGroup]) (commands.Command, error) {
			c := cmd.ChangeEndpointGroup{ID: g.ID, Name: in.Known.Name, Description: cleared(in, "description", in.Known.Description)}
			if f := in.Known.Filters; f != nil {
				c.ServiceID, c.RegionID, c.Interface = &f.ServiceID, &f.RegionID, &f.Interface
			}
			return c, nil
		},
		delete: func(g view.EndpointGroup) commands.Command { return cmd.DeleteEndpointGroup{ID: g.ID} },
		all: func(ctx context.Context, t *view.Tables, marker string) iter.Seq[view.EndpointGroup] {
			passes := filters(ctx, "name")
			return where(rows(t.EndpointGroups.From(marker)), func(g *view.EndpointGroup) bool { return g.ID != marker && passes(g.Name) })
		},
	}
}

// endpointList shows the endpoints that pass.
func endpointList(ctx context.Context, passes func(*view.Endpoint) bool) *endpointsOut {
	out := &endpointsOut{}
	out.Body.Links = api.LinksOf(ctx, false, "")
	for _, e := range api.World(ctx).Identity.Endpoints.All() {
		if passes(&e) {
			out.Body.Items = append(out.Body.Items, showEndpoint(ctx, e))
		}
	}
	return out
}

func (s *Service) endpointsOfGroup(ctx context.Context, in *ByID) (*endpointsOut, error) {
	g, err := s.endpointGroups().find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return endpointList(ctx, g.Has), nil
}

// projectsWith shows the projects that an endpoint or a group is associated with.
func projectsWith(ctx context.Context, id string) *projectsOut {
	t, out := &api.World(ctx).Identity, &projectsOut{}
	out.Body.Links = api.LinksOf(ctx, false, "")
	for a := range t.EndpointAssociations.OfThing(id) {
		if p, ok := t.Projects.Get(a.ProjectID); ok && len(out.Body.Projects) < unlimited {
			out.Body.Projects = append(out.Body.Projects, showProject(ctx, p))
		}
	}
	return out
}

func (s *Service) projectsOfGroup(ctx context.Context, in *ByID) (*projectsOut, error) {
	if _, err := s.endpointGroups().find(ctx, in.ID); err != nil {
		return nil, err
	}
	return projectsWith(ctx, in.ID), nil
}

func (s *Service) projectsOfEndpoint(ctx context.Context, in *ByID) (*projectsOut, error) {
	if _, err := s.endpoints().find(ctx, in.ID); err != nil {
		return nil, err
	}
	return projectsWith(ctx, in.ID), nil
}

// projectThere asks the rule, and whether there is such a project.
func projectThere(ctx context.Context, id string) error {
	if err := allow(ctx, nil); err != nil {
		return err
	}
	if !api.World(ctx).Identity.Projects.Has(id) {
		return missing("project", id)
	}
	return nil
}

func (s *Service) groupsOfProject(ctx context.Context, in *ofProjectIn) (*listOut[endpointGroup], error) {
	if err := projectThere(ctx, in.ProjectID); err != nil {
		return nil, err
	}
	t, out := &api.World(ctx).Identity, &listOut[endpointGroup]{}
	out.Body.Links = api.LinksOf(ctx, false, "")
	for a := range t.EndpointAssociations.OfProject(in.ProjectID) {
		if g, ok := t.EndpointGroups.Get(a.ID); ok && a.Kind == view.AnEndpointGroup {
			out.Body.Items = append(out.Body.Items, showEndpointGroup(ctx, g))
		}
	}
	return out, nil
}

func (s *Service) endpointsOfProject(ctx context.Context, in *ofProjectIn) (*endpointsOut, error) {
	if err := projectThere(ctx, in.ProjectID); err != nil {
		return nil, err
	}
	shows, chosen := api.World(ctx).Identity.Shows(in.ProjectID)
	if !chosen {
		shows = func(*view.Endpoint) bool { return false }
	}
	return endpointList(ctx, shows), nil
}

// associated asks the rule and whether a project has an endpoint or a group.
func associated(ctx context.Context, in *inProjectIn, kind string) error {
	if err := projectThere(ctx, in.ProjectID); err != nil {
		return err
	}
	if !api.World(ctx).Identity.EndpointAssociations.Has(view.EndpointAssociation{ProjectID: in.ProjectID, Kind: kind, ID: in.ID}) {
		return missing(kind+" of the project", in.ID)
	}
	return nil
}

func (s *Service) associate(ctx context.Context, in *inProjectIn, kind string) (*api.Empty, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.AssociateEndpoint{ProjectID: in.ProjectID, Kind: kind, ID: in.ID}))
}

func (s *Service) dissociate(ctx context.Context, in *inProjectIn, kind string) (*api.Empty, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.DissociateEndpoint{ProjectID: in.ProjectID, Kind: kind, ID: in.ID}))
}

func (s *Service) showGroupInProject(ctx context.Context, in *inProjectIn) (*inProjectOut, error) {
	if err := associated(ctx, in, view.AnEndpointGroup); err != nil {
		return nil, err
	}
	out := &inProjectOut{}
	out.Body.Association = groupInProject{in.ID, in.ProjectID, link(ctx, "OS-EP-FILTER", "endpoint_groups", in.ID, "projects", in.ProjectID)}
	return out, nil
}

func (s *Service) addGroupToProject(ctx context.Context, in *inProjectIn) (*api.Empty, error) {
	return s.associate(ctx, in, view.AnEndpointGroup)
}

func (s *Service) removeGroupFromProject(ctx context.Context, in *inProjectIn) (*api.Empty, error) {
	return s.dissociate(ctx, in, view.AnEndpointGroup)
}

func (s *Service) checkEndpointInProject(ctx context.Context, in *inProjectIn) (*api.Empty, error) {
	if err := associated(ctx, in, view.AnEndpoint); err != nil {
		return nil, err
	}
	return &api.Empty{Status: http.StatusNoContent}, nil
}

func (s *Service) addEndpointToProject(ctx context.Context, in *inProjectIn) (*api.Empty, error) {
	return s.associate(ctx, in, view.AnEndpoint)
}

func (s *Service) removeEndpointFromProject(ctx context.Context, in *inProjectIn) (*api.Empty, error) {
	return s.dissociate(ctx, in, view.AnEndpoint)
}
