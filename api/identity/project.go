package identity

import (
	"context"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

func (s *Service) mountProjects(a huma.API) {
	const path, rule = "/projects", "identity:"
	api.Handle(a, "POST "+path, rule+"create_project", http.StatusCreated, s.createProject)
	api.Handle(a, "GET "+path, rule+"list_projects", http.StatusOK, s.listProjects)
	api.Handle(a, "GET "+path+"/{id}", rule+"get_project", http.StatusOK, s.showProject)
	api.Handle(a, "PATCH "+path+"/{id}", rule+"update_project", http.StatusOK, s.changeProject)
	api.Handle(a, "DELETE "+path+"/{id}", rule+"delete_project", http.StatusNoContent, s.deleteProject)
	s.mountTags(a)
}

type (
	createProject struct {
		Name        string   `json:"name" minLength:"1" maxLength:"64"`
		DomainID    *string  `json:"domain_id,omitempty" maxLength:"64"`
		ParentID    *string  `json:"parent_id,omitempty" maxLength:"64"`
		IsDomain    *bool    `json:"is_domain,omitempty"`
		Description *string  `json:"description,omitempty" maxLength:"65535"`
		Enabled     *bool    `json:"enabled,omitempty"`
		Tags        []string `json:"tags,omitempty" maxItems:"80"`
		Options     *options `json:"options,omitempty"`
	}
	changeProject struct {
		Name        *string   `json:"name,omitempty" minLength:"1" maxLength:"64"`
		DomainID    *string   `json:"domain_id,omitempty" maxLength:"64"`
		ParentID    *string   `json:"parent_id,omitempty" maxLength:"64"`
		IsDomain    *bool     `json:"is_domain,omitempty"`
		Description *string   `json:"description,omitempty" maxLength:"65535"`
		Enabled     *bool     `json:"enabled,omitempty"`
		Tags        *[]string `json:"tags,omitempty" maxItems:"80"`
		Options     *options  `json:"options,omitempty"`
	}
	project struct {
		ID          string   `json:"id"`
		Name        string   `json:"name"`
		DomainID    *string  `json:"domain_id"`
		Description string   `json:"description"`
		Enabled     bool     `json:"enabled"`
		ParentID    *string  `json:"parent_id"`
		IsDomain    bool     `json:"is_domain"`
		Tags        []string `json:"tags"`
		Options     options  `json:"options"`
		Links       self     `json:"links"`

		Parents any `json:"parents,omitempty"`
		Subtree any `json:"subtree,omitempty"`
	}
	oneProject[T any] struct {
		Project with[T] `json:"project"`
	}
	createProjectIn struct{ Body oneProject[createProject] }
	changeProjectIn struct {
		ByID
		Body oneProject[changeProject]
	}
	projectOut  struct{ Body oneProject[project] }
	projectsOut struct {
		Body struct {
			Projects []with[project] `json:"projects"`
			Links    api.Links       `json:"links"`
		}
	}
	listProjectsIn struct {
		api.Paging
		Name     string `query:"name"`
		DomainID string `query:"domain_id"`
		ParentID string `query:"parent_id"`
		Tags     string `query:"tags"`
		TagsAny  string `query:"tags-any"`
		NotTags  string `query:"not-tags"`
		NotAny   string `query:"not-tags-any"`
	}
)

func showProject(ctx context.Context, p view.Project) with[project] {
	return with[project]{Extra: p.Extra, Known: project{ID: p.ID, Name: p.Name, DomainID: &p.DomainID, Description: p.Description,
		Enabled: p.Enabled, ParentID: orNull(p.Parent()), Tags: append([]string{}, p.Tags...), Options: shownOptions(p.Immutable),
		Links: link(ctx, "projects", p.ID)}}
}

func (s *Service) createProject(ctx context.Context, in *createProjectIn) (*projectOut, error) {
	want := in.Body.Project.Known
	if value(want.IsDomain) {
		return s.createDomainAsProject(ctx, &in.Body.Project)
	}
	domainID, parentID := value(want.DomainID), value(want.ParentID)
	if parent, ok := api.World(ctx).Identity.Projects.Get(parentID); ok && domainID == "" {
		domainID = parent.DomainID
	} else if domainID == "" && api.World(ctx).Identity.Domains.Has(parentID) {
		domainID = parentID
	}
	if domainID == "" {
		domainID = homeDomain(api.From(ctx))
	}
	if err := allow(ctx, map[string]string{"target.project.domain_id": domainID}); err != nil {
		return nil, err
	}
	id := api.NewHexID(ctx)
	w, err := s.Do(ctx, cmd.CreateProject{ID: id, DomainID: domainID, ParentID: parentID, Name: want.Name, Description: value(want.Description),
		Enabled: yes(want.Enabled), Immutable: value(want.Options.immutable()), Tags: want.Tags, Extra: in.Body.Project.Extra})
	if err != nil {
		return nil, err
	}
	p, _ := w.Identity.Projects.Get(id)
	return &projectOut{oneProject[project]{showProject(ctx, p)}}, nil
}

// homeDomain is where new things of a caller go who names no domain: that of the
// token, or of its project, or the default one for the system's administrators.
func homeDomain(who api.Who) string {
	switch {
	case who.DomainID != "":
		return who.DomainID
	case who.ProjectDomainID != "":
		return who.ProjectDomainID
	}
	return "default"
}

func projectID(p *view.Project) string { return p.ID }

func (s *Service) listProjects(ctx context.Context, in *listProjectsIn) (*projectsOut, error) {
	who, t := api.From(ctx), &api.World(ctx).Identity
	domainID := in.DomainID
	if who.DomainID != "" {
		domainID = who.DomainID
	}
	if err := allow(ctx, map[string]string{"target.domain_id": domainID}); err != nil {
		return nil, err
	}
	var all iter.Seq[view.Project]
	switch {
	case in.Name != "":
		all = after(rows(t.Projects.OfName(in.Name)), in.Marker, projectID)
	case in.ParentID != "":
		all = after(rows(t.Projects.Children(in.ParentID)), in.Marker, projectID)
	case in.Tags != "":
		first, _, _ := strings.Cut(in.Tags, ",")
		all = after(rows(t.Projects.OfTag(first)), in.Marker, projectID)
	case domainID != "":
		all = rows(t.Projects.OfDomain(domainID, in.Marker))
	default:
		all = where(rows(t.Projects.From(in.Marker)), func(p *view.Project) bool { return p.ID != in.Marker })
	}
	if flag(ctx, "is_domain") {
		return listDomainsAsProjects(ctx, in)
	}
	passes := filters(ctx, "name")
	found := where(all, func(p *view.Project) bool {
		return (domainID == "" || p.DomainID == domainID) && (in.ParentID == "" || p.Parent() == in.ParentID) &&
			enabledAs(ctx, p.Enabled) && passes(p.Name) && in.tagged(p.Tags)
	})
	out := &projectsOut{}
	var err error
	out.Body.Projects, out.Body.Links, err = page(ctx, in.Paging, found, projectID, showProject)
	return out, err
}

// tagged says whether a project's tags pass the four filters by tags.
func (in *listProjectsIn) tagged(tags []string) bool {
	has := func(tag string) bool { return slices.Contains(tags, tag) }
	lacks := func(tag string) bool { return !has(tag) }
	list := func(filter string) []string { return strings.Split(filter, ",") }
	return (in.Tags == "" || !slices.ContainsFunc(list(in.Tags), lacks)) &&
		(in.TagsAny == "" || slices.ContainsFunc(list(in.TagsAny), has)) &&
		(in.NotTags == "" || slices.ContainsFunc(list(in.NotTags), lacks)) &&
		(in.NotAny == "" || !slices.ContainsFunc(list(in.NotAny), has))
}

// projectFor finds a project and asks whether the caller may do this to it.
func projectFor(ctx context.Context, id string) (view.Project, error) {
	p, ok := api.World(ctx).Identity.Projects.Get(id)
	if err := allow(ctx, map[string]string{"target.project.id": p.ID, "target.project.domain_id": p.DomainID}); err != nil {
		return p, err
	}
	if !ok {
		return p, missing("project", id)
	}
	return p, nil
}

func (s *Service) showProject(ctx context.Context, in *ByID) (*projectOut, error) {
	if d, ok := api.World(ctx).Identity.Domains.Get(in.ID); ok {
		if err := allowDomainAsProject(ctx, d.ID); err != nil {
			return nil, err
		}
		return &projectOut{oneProject[project]{domainAsProject(ctx, d)}}, nil
	}
	p, err := projectFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	shown := showProject(ctx, p)
	err = family(ctx, p, &shown.Known)
	return &projectOut{oneProject[project]{shown}}, err
}

func (s *Service) changeProject(ctx context.Context, in *changeProjectIn) (*projectOut, error) {
	if api.World(ctx).Identity.Domains.Has(in.ID) {
		return s.changeDomainAsProject(ctx, in)
	}
	p, err := projectFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	want := &in.Body.Project
	switch known := &want.Known; {
	case known.DomainID != nil && *known.DomainID != p.DomainID:
		return nil, malformed("A project's domain can't be changed.")
	case known.ParentID != nil && *known.ParentID != p.Parent():
		return nil, api.Fail(http.StatusForbidden, "A project's parent can't be changed.")
	case value(known.IsDomain):
		return nil, malformed("A project can't become a domain.")
	}
	w, err := s.Do(ctx, cmd.ChangeProject{ID: in.ID, Name: want.Known.Name, Description: cleared(want, "description", want.Known.Description),
		Enabled: want.Known.Enabled, Immutable: want.Known.Options.immutable(), Tags: want.Known.Tags, Extra: want.Extra})
	if err != nil {
		return nil, err
	}
	p, _ = w.Identity.Projects.Get(in.ID)
	return &projectOut{oneProject[project]{showProject(ctx, p)}}, nil
}

func (s *Service) deleteProject(ctx context.Context, in *ByID) (*api.Empty, error) {
	if api.World(ctx).Identity.Domains.Has(in.ID) {
		if err := allowDomainAsProject(ctx, in.ID); err != nil {
			return nil, err
		}
		return done(s.Do(ctx, cmd.DeleteDomain{ID: in.ID}))
	}
	if _, err := projectFor(ctx, in.ID); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.DeleteProject{ID: in.ID}))
}
