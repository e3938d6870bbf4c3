package identity

import (
	"context"
	"iter"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	view "skylog/projections/identity"
)

func (s *Service) mountRoleAssignments(a huma.API) {
	api.Handle(a, "GET /role_assignments", "identity:list_role_assignments", http.StatusOK, s.listRoleAssignments)
}

type (
	actorRef struct {
		ID     string `json:"id"`
		Name   string `json:"name,omitempty"`
		Domain *named `json:"domain,omitempty"`
	}
	assignmentScope struct {
		Project   *actorRef       `json:"project,omitempty"`
		Domain    *actorRef       `json:"domain,omitempty"`
		System    map[string]bool `json:"system,omitempty"`
		Inherited string          `json:"OS-INHERIT:inherited_to,omitempty"`
	}
	roleAssignment struct {
		Role  actorRef        `json:"role"`
		User  *actorRef       `json:"user,omitempty"`
		Group *actorRef       `json:"group,omitempty"`
		Scope assignmentScope `json:"scope"`
		Links struct {
			Assignment string `json:"assignment"`
			Membership string `json:"membership,omitempty"`
			PriorRole  string `json:"prior_role,omitempty"`
		} `json:"links"`
	}
	roleAssignmentsOut struct {
		Body struct {
			RoleAssignments []roleAssignment `json:"role_assignments"`
			Links           api.Links        `json:"links"`
		}
	}
	listRoleAssignmentsIn struct {
		UserID    string `query:"user.id"`
		GroupID   string `query:"group.id"`
		RoleID    string `query:"role.id"`
		ProjectID string `query:"scope.project.id"`
		DomainID  string `query:"scope.domain.id"`
		System    string `query:"scope.system"`
		Inherited string `query:"scope.OS-INHERIT:inherited_to"`
	}
)

// counted is one assignment as it is listed: as it was granted, or, among the
// effective ones, what it comes to for one user, one target and one role.
type counted struct {
	view.Assignment
	granted view.Assignment // what it comes from
}

// check refuses filters that exclude each other.
func (in *listRoleAssignmentsIn) check(effective bool) error {
	switch {
	case in.DomainID != "" && in.ProjectID != "":
		return malformed("Specify a domain or project, not both")
	case in.System != "" && (in.DomainID != "" || in.ProjectID != ""):
		return malformed("Specify the system, a domain or a project, not several")
	case in.UserID != "" && in.GroupID != "":
		return malformed("Specify a user or group, not both")
	case effective && in.GroupID != "":
		return malformed("Combining effective and group filter will always result in an empty list.")
	case effective && in.Inherited != "" && in.DomainID != "":
		return malformed("Combining effective, domain and inherited filters will always result in an empty list.")
	}
	return nil
}

// target is the scope that was asked for, zero for any.
func (in *listRoleAssignmentsIn) target() view.Target {
	switch {
	case in.ProjectID != "":
		return view.Target{Kind: view.OnProject, ID: in.ProjectID}
	case in.DomainID != "":
		return view.Target{Kind: view.OnDomain, ID: in.DomainID}
	case in.System != "":
		return view.Target{Kind: view.OnSystem, ID: view.SystemID}
	}
	return view.Target{}
}

func (s *Service) listRoleAssignments(ctx context.Context, in *listRoleAssignmentsIn) (*roleAssignmentsOut, error) {
	who, t := api.From(ctx), &api.World(ctx).Identity
	effective, names, tree := flag(ctx, "effective"), flag(ctx, "include_names"), flag(ctx, "include_subtree")
	attrs := map[string]string{"target.domain_id": who.DomainID}
	rule := "identity:list_role_assignments"
	if tree {
		p, _ := t.Projects.Get(in.ProjectID)
		attrs["target.domain_id"], rule = p.DomainID, "identity:list_role_assignments_for_tree"
	}
	if err := api.AllowRule(ctx, rule, api.Target{Attrs: attrs}); err != nil {
		return nil, err
	}
	if err := in.check(effective); err != nil {
		return nil, err
	}
	if tree && in.ProjectID == "" {
		return nil, malformed("scope.project.id must be specified if include_subtree is also specified")
	}
	scopes := []view.Target{in.target()}
	if tree {
		for _, p := range t.Projects.Below(in.ProjectID, unlimited) {
			scopes = append(scopes, view.Target{Kind: view.OnProject, ID: p.ID})
		}
	}
	out := &roleAssignmentsOut{}
	out.Body.Links = api.LinksOf(ctx, false, "")
	for _, scope := range scopes {
		for c := range in.find(t, scope, effective) {
			if who.DomainID != "" && domainOfTarget(t, c.Assignment) != who.DomainID {
				continue
			}
			if len(out.Body.RoleAssignments) == unlimited {
				return nil, malformed("There are more than %d role assignments. Filter by user, group, role or scope.", unlimited)
			}
			out.Body.RoleAssignments = append(out.Body.RoleAssignments, showAssignment(ctx, t, c, names))
		}
	}
	return out, nil
}

func domainOfTarget(t *view.Tables, a view.Assignment) string {
	if a.TargetKind == view.OnProject {
		p, _ := t.Projects.Get(a.TargetID)
		return p.DomainID
	}
	return a.TargetID
}

// find goes through the assignments on a scope that pass the filters.
func (in *listRoleAssignmentsIn) find(t *view.Tables, scope view.Target, effective bool) iter.Seq[counted] {
	return func(yield func(counted) bool) {
		seen := map[view.Assignment]bool{}
		for a := range in.candidates(t, scope, effective) {
			expanded := []counted{{a, a}}
			if effective {
				expanded = in.expand(t, a, scope)
			}
			for _, c := range expanded {
				if seen[c.Assignment] || !in.passes(&c, scope) {
					continue
				}
				seen[c.Assignment] = true
				if !yield(c) {
					return
				}
			}
		}
	}
}

func (in *listRoleAssignmentsIn) passes(c *counted, scope view.Target) bool {
	return (in.UserID == "" || c.ActorKind == view.ForUser && c.ActorID == in.UserID) &&
		(in.GroupID == "" || c.ActorKind == view.ForGroup && c.ActorID == in.GroupID) &&
		(in.RoleID == "" || c.RoleID == in.RoleID) &&
		(scope == view.Target{} || scope == view.Target{Kind: c.TargetKind, ID: c.TargetID}) &&
		(in.Inherited == "" || c.Inherited == (in.Inherited == "projects"))
}

// candidates goes through the grants among which those that are asked for must
// be, by the narrowest index there is.
func (in *listRoleAssignmentsIn) candidates(t *view.Tables, scope view.Target, effective bool) iter.Seq[view.Assignment] {
	all := &t.Assignments
	switch {
	case in.GroupID != "":
		return all.OfActor(view.Actor{Kind: view.ForGroup, ID: in.GroupID})
	case in.UserID != "":
		own := []iter.Seq[view.Assignment]{all.OfActor(view.Actor{Kind: view.ForUser, ID: in.UserID})}
		for m := range t.Memberships.OfUser(in.UserID) {
			if effective {
				own = append(own, all.OfActor(view.Actor{Kind: view.ForGroup, ID: m.GroupID}))
			}
		}
		return chain(own)
	case scope != view.Target{}:
		on := []iter.Seq[view.Assignment]{rows(all.OnTarget(scope))}
		if p, ok := t.Projects.Get(scope.ID); ok && effective && scope.Kind == view.OnProject {
			for _, above := range t.Projects.Ancestors(p) {
				on = append(on, rows(all.OnTarget(view.Target{Kind: view.OnProject, ID: above.ID})))
			}
			on = append(on, rows(all.OnTarget(view.Target{Kind: view.OnDomain, ID: p.DomainID})))
		}
		return chain(on)
	case in.RoleID != "" && !effective:
		return rows(all.OfRole(in.RoleID))
	}
	return rows(all.All())
}

func chain[T any](parts []iter.Seq[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, part := range parts {
			for v := range part {
				if !yield(v) {
					return
				}
			}
		}
	}
}

// expand tells what a grant comes to: for each user of a group, on each project
// that inherits it, and with the roles that are implied.
func (in *listRoleAssignmentsIn) expand(t *view.Tables, a view.Assignment, scope view.Target) []counted {
	users := []string{a.ActorID}
	if a.ActorKind == view.ForGroup {
		users = users[:0]
		for m := range t.Memberships.OfGroup(a.ActorID) {
			if in.UserID == "" || in.UserID == m.UserID {
				users = append(users, m.UserID)
			}
		}
	}
	targets := []view.Target{{Kind: a.TargetKind, ID: a.TargetID}}
	if a.Inherited {
		targets = targets[:0]
		for _, p := range t.Projects.Below(a.TargetID, unlimited) {
			if below := (view.Target{Kind: view.OnProject, ID: p.ID}); scope == (view.Target{}) || scope == below {
				targets = append(targets, below)
			}
		}
	}
	var all []counted
	for _, roleID := range t.Implications.Closure([]string{a.RoleID}) {
		if r, ok := t.Roles.Get(roleID); !ok || r.DomainID != "" {
			continue
		}
		for _, target := range targets {
			for _, userID := range users {
				all = append(all, counted{granted: a, Assignment: view.Assignment{ActorKind: view.ForUser, ActorID: userID,
					TargetKind: target.Kind, TargetID: target.ID, RoleID: roleID, Inherited: a.Inherited}})
			}
		}
	}
	return all
}

func showAssignment(ctx context.Context, t *view.Tables, c counted, names bool) roleAssignment {
	shown := roleAssignment{Role: actorRef{ID: c.RoleID}}
	actor, target := &actorRef{ID: c.ActorID}, &actorRef{ID: c.TargetID}
	if c.ActorKind == view.ForUser {
		shown.User = actor
	} else {
		shown.Group = actor
	}
	switch c.TargetKind {
	case view.OnProject:
		shown.Scope.Project = target
	case view.OnDomain:
		shown.Scope.Domain = target
	default:
		shown.Scope.System = map[string]bool{"all": true}
	}
	if c.Inherited {
		shown.Scope.Inherited = "projects"
	}
	if names {
		nameAssignment(t, c, &shown, actor, target)
	}
	g := c.granted
	path := []string{g.TargetKind + "s", g.TargetID, g.ActorKind + "s", g.ActorID, "roles", g.RoleID}
	switch {
	case g.TargetKind == view.OnSystem:
		path = append([]string{"system"}, path[2:]...)
	case g.Inherited:
		path = append(append([]string{"OS-INHERIT"}, path...), "inherited_to_projects")
	}
	shown.Links.Assignment = link(ctx, path...).Self
	if g.ActorKind != c.ActorKind {
		shown.Links.Membership = link(ctx, "groups", g.ActorID, "users", c.ActorID).Self
	}
	if g.RoleID != c.RoleID {
		shown.Links.PriorRole = link(ctx, "roles", g.RoleID, "implies", c.RoleID).Self
	}
	return shown
}

// nameAssignment adds the names of what an assignment speaks of.
func nameAssignment(t *view.Tables, c counted, shown *roleAssignment, actor, target *actorRef) {
	r, _ := t.Roles.Get(c.RoleID)
	shown.Role.Name = r.Name
	in := func(domainID string) *named {
		d := domainNamed(t, domainID)
		return &d
	}
	if u, ok := t.Users.Get(c.ActorID); ok && c.ActorKind == view.ForUser {
		actor.Name, actor.Domain = u.Name, in(u.DomainID)
	} else if g, ok := t.Groups.Get(c.ActorID); ok {
		actor.Name, actor.Domain = g.Name, in(g.DomainID)
	}
	if p, ok := t.Projects.Get(c.TargetID); ok && c.TargetKind == view.OnProject {
		target.Name, target.Domain = p.Name, in(p.DomainID)
	} else if d, ok := t.Domains.Get(c.TargetID); ok {
		target.Name = d.Name
	}
}
