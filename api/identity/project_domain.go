package identity

import (
	"context"

	"skylog/api"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

// A domain is its own topmost project, one that belongs to no domain. Clients of that older way of
// saying it make, show, change and delete domains as projects with is_domain.

func domainAsProject(ctx context.Context, d view.Domain) with[project] {
	return with[project]{Extra: d.Extra, Known: project{ID: d.ID, Name: d.Name, Description: d.Description, Enabled: d.Enabled, IsDomain: true,
		Tags: []string{}, Options: shownOptions(d.Immutable), Links: link(ctx, "projects", d.ID)}}
}

// allowDomainAsProject asks the operation's own rule, where the domain is both the project and,
// for those who manage it, its domain.
func allowDomainAsProject(ctx context.Context, id string) error {
	return allow(ctx, map[string]string{"target.project.id": id, "target.project.domain_id": ""})
}

func (s *Service) createDomainAsProject(ctx context.Context, in *with[createProject]) (*projectOut, error) {
	if err := allowDomainAsProject(ctx, ""); err != nil {
		return nil, err
	}
	want := in.Known
	switch {
	case value(want.DomainID) != "" || value(want.ParentID) != "":
		return nil, malformed("A project that is a domain has no domain_id and no parent_id.")
	case len(want.Tags) > 0:
		return nil, malformed("A project that is a domain has no tags.")
	}
	id := api.NewHexID(ctx)
	w, err := s.Do(ctx, cmd.CreateDomain{ID: id, Name: want.Name, Description: value(want.Description), Enabled: yes(want.Enabled),
		Immutable: value(want.Options.immutable()), Extra: in.Extra})
	if err != nil {
		return nil, err
	}
	d, _ := w.Identity.Domains.Get(id)
	return &projectOut{oneProject[project]{domainAsProject(ctx, d)}}, nil
}

func (s *Service) changeDomainAsProject(ctx context.Context, in *changeProjectIn) (*projectOut, error) {
	if err := allowDomainAsProject(ctx, in.ID); err != nil {
		return nil, err
	}
	want := &in.Body.Project
	known := &want.Known
	if known.IsDomain != nil && !*known.IsDomain || value(known.DomainID) != "" || value(known.ParentID) != "" || known.Tags != nil {
		return nil, malformed("A project that is a domain stays one, without domain_id, parent_id and tags.")
	}
	w, err := s.Do(ctx, cmd.ChangeDomain{ID: in.ID, Name: known.Name, Description: cleared(want, "description", known.Description),
		Enabled: known.Enabled, Immutable: known.Options.immutable(), Extra: want.Extra})
	if err != nil {
		return nil, err
	}
	d, _ := w.Identity.Domains.Get(in.ID)
	return &projectOut{oneProject[project]{domainAsProject(ctx, d)}}, nil
}

// listDomainsAsProjects answers ?is_domain=true.
func listDomainsAsProjects(ctx context.Context, in *listProjectsIn) (*projectsOut, error) {
	passes, who := filters(ctx, "name"), api.From(ctx)
	found := where(rows(api.World(ctx).Identity.Domains.From(in.Marker)), func(d *view.Domain) bool {
		return d.ID != in.Marker && (who.DomainID == "" || who.DomainID == d.ID) && in.DomainID == "" && in.ParentID == "" &&
			passes(d.Name) && enabledAs(ctx, d.Enabled)
	})
	out := &projectsOut{}
	var err error
	out.Body.Projects, out.Body.Links, err = page(ctx, in.Paging, found, func(d *view.Domain) string { return d.ID }, domainAsProject)
	return out, err
}

// family adds what was asked of a project's parents and of those below it: as a list of what the
// caller has a role in, or as ids within ids.
func family(ctx context.Context, p view.Project, shown *project) error {
	t, query := &api.World(ctx).Identity, api.Query(ctx)
	if flag(ctx, "parents_as_list") && flag(ctx, "parents_as_ids") || flag(ctx, "subtree_as_list") && flag(ctx, "subtree_as_ids") {
		return malformed("Cannot use the as_list and as_ids query params at the same time.")
	}
	above := t.Projects.Ancestors(p)
	switch {
	case query.Has("parents_as_list") && flag(ctx, "parents_as_list"):
		shown.Parents = familiar(ctx, t, above)
	case flag(ctx, "parents_as_ids"):
		ids := map[string]any{p.DomainID: nil}
		for i := len(above) - 1; i >= 0; i-- {
			ids = map[string]any{above[i].ID: ids}
		}
		shown.Parents = ids
	}
	switch {
	case flag(ctx, "subtree_as_list"):
		shown.Subtree = familiar(ctx, t, t.Projects.Below(p.ID, unlimited))
	case flag(ctx, "subtree_as_ids"):
		left := unlimited
		shown.Subtree = subtree(t, p.ID, &left)
	}
	return nil
}

// familiar shows the projects in which the caller has a role.
func familiar(ctx context.Context, t *view.Tables, all []view.Project) []oneProject[project] {
	shown := []oneProject[project]{}
	mine, _, _ := t.Scopes(api.From(ctx).UserID, unlimited)
	has := make(map[string]bool, len(mine))
	for _, p := range mine {
		has[p.ID] = true
	}
	for _, p := range all {
		if has[p.ID] {
			shown = append(shown, oneProject[project]{showProject(ctx, p)})
		}
	}
	return shown
}

// subtree is the ids below a project, within each other; null where there are none.
func subtree(t *view.Tables, id string, left *int) any {
	below := map[string]any{}
	for _, p := range t.Projects.Children(id) {
		if *left--; *left < 0 {
			break
		}
		below[p.ID] = subtree(t, p.ID, left)
	}
	if len(below) == 0 {
		return nil
	}
	return below
}
