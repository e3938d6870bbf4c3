package identity

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

// grants are the operations on one sort of assignment: of users or groups, on
// projects, domains or the system, there or inherited by the projects below.
type grants struct {
	*Service
	actor, target string
	inherited     bool
}

func (s *Service) mountGrants(a huma.API) {
	for _, actor := range []string{view.ForUser, view.ForGroup} {
		for _, target := range []string{view.OnProject, view.OnDomain} {
			path := "/" + target + "s/{target}/" + actor + "s/{actor}/roles"
			grants{s, actor, target, false}.mountOn(a, path, path+"/{role}")
			inherited := "/OS-INHERIT" + path
			grants{s, actor, target, true}.mountOn(a, inherited+"/inherited_to_projects", inherited+"/{role}/inherited_to_projects")
		}
		g, path, rule := grants{s, actor, view.OnSystem, false}, "/system/"+actor+"s/{actor}/roles", "_system_grant_for_"+actor
		api.Handle(a, "GET "+path, "identity:list_system_grants_for_"+actor, http.StatusOK, g.listOnSystem)
		api.Handle(a, "HEAD "+path+"/{role}", "identity:check"+rule, http.StatusNoContent, g.checkOnSystem)
		api.Handle(a, "PUT "+path+"/{role}", "identity:create"+rule, http.StatusNoContent, g.grantOnSystem)
		api.Handle(a, "DELETE "+path+"/{role}", "identity:revoke"+rule, http.StatusNoContent, g.revokeOnSystem)
	}
}

func (g grants) mountOn(a huma.API, list, one string) {
	api.Handle(a, "GET "+list, "identity:list_grants", http.StatusOK, g.list)
	api.Handle(a, "HEAD "+one, "identity:check_grant", http.StatusNoContent, g.check)
	api.Handle(a, "PUT "+one, "identity:create_grant", http.StatusNoContent, g.grant)
	api.Handle(a, "DELETE "+one, "identity:revoke_grant", http.StatusNoContent, g.revoke)
}

// GrantsIn names a target and an actor.
type GrantsIn struct {
	TargetID string `path:"target" maxLength:"255"`
	ActorID  string `path:"actor" maxLength:"255"`
}

// SystemGrantsIn names an actor; there is but one system.
type SystemGrantsIn struct {
	ActorID string `path:"actor" maxLength:"255"`
}

type (
	grantIn struct {
		GrantsIn
		RoleID string `path:"role" maxLength:"255"`
	}
	systemGrantIn struct {
		SystemGrantsIn
		RoleID string `path:"role" maxLength:"255"`
	}
)

func (g grants) onSystem(in *systemGrantIn) *grantIn {
	return &grantIn{GrantsIn{view.SystemID, in.ActorID}, in.RoleID}
}

func (g grants) listOnSystem(ctx context.Context, in *SystemGrantsIn) (*rolesOut, error) {
	return g.list(ctx, &GrantsIn{view.SystemID, in.ActorID})
}

func (g grants) checkOnSystem(ctx context.Context, in *systemGrantIn) (*api.Empty, error) {
	return g.check(ctx, g.onSystem(in))
}

func (g grants) grantOnSystem(ctx context.Context, in *systemGrantIn) (*api.Empty, error) {
	return g.grant(ctx, g.onSystem(in))
}

func (g grants) revokeOnSystem(ctx context.Context, in *systemGrantIn) (*api.Empty, error) {
	return g.revoke(ctx, g.onSystem(in))
}

// allow asks the rule with what it wants to know of actor, target and role, and
// then whether these are there.
func (g grants) allow(ctx context.Context, in *grantIn) error {
	t := &api.World(ctx).Identity
	attrs := map[string]string{}
	found := map[string]bool{}
	if u, ok := t.Users.Get(in.ActorID); ok && g.actor == view.ForUser {
		attrs["target.user.domain_id"], found[g.actor] = u.DomainID, true
	}
	if group, ok := t.Groups.Get(in.ActorID); ok && g.actor == view.ForGroup {
		attrs["target.group.domain_id"], found[g.actor] = group.DomainID, true
	}
	if p, ok := t.Projects.Get(in.TargetID); ok && g.target == view.OnProject {
		attrs["target.project.domain_id"], found[g.target] = p.DomainID, true
	}
	if d, ok := t.Domains.Get(in.TargetID); ok && g.target == view.OnDomain {
		attrs["target.domain.id"], found[g.target] = d.ID, true
	}
	if r, ok := t.Roles.Get(in.RoleID); ok {
		attrs["target.role.name"], attrs["target.role.domain_id"], found["role"] = r.Name, r.DomainID, true
		if r.DomainID == "" {
			attrs["target.role.domain_id"] = "None" // as rules ask for it
		}
	}
	if err := allow(ctx, attrs); err != nil {
		return err
	}
	switch {
	case !found[g.actor]:
		return missing(g.actor, in.ActorID)
	case !found[g.target] && g.target != view.OnSystem:
		return missing(g.target, in.TargetID)
	case in.RoleID != "" && !found["role"]:
		return missing("role", in.RoleID)
	}
	return nil
}

func (g grants) assignment(in *grantIn) cmd.Assignment {
	return cmd.Assignment{ActorKind: g.actor, ActorID: in.ActorID, TargetKind: g.target, TargetID: in.TargetID,
		RoleID: in.RoleID, Inherited: g.inherited}
}

func (g grants) list(ctx context.Context, in *GrantsIn) (*rolesOut, error) {
	if err := g.allow(ctx, &grantIn{GrantsIn: *in}); err != nil {
		return nil, err
	}
	t, out := &api.World(ctx).Identity, &rolesOut{}
	out.Body.Links = api.LinksOf(ctx, false, "")
	for a := range t.Assignments.OfActorOn(view.Actor{Kind: g.actor, ID: in.ActorID}, view.Target{Kind: g.target, ID: in.TargetID}) {
		if r, ok := t.Roles.Get(a.RoleID); ok && a.Inherited == g.inherited {
			out.Body.Items = append(out.Body.Items, showRole(ctx, r))
		}
	}
	return out, nil
}

func (g grants) check(ctx context.Context, in *grantIn) (*api.Empty, error) {
	if err := g.allow(ctx, in); err != nil {
		return nil, err
	}
	if !api.World(ctx).Identity.Assignments.Has(view.Assignment(g.assignment(in))) {
		return nil, missing("role assignment with role", in.RoleID)
	}
	return &api.Empty{Status: http.StatusNoContent}, nil
}

func (g grants) grant(ctx context.Context, in *grantIn) (*api.Empty, error) {
	if err := g.allow(ctx, in); err != nil {
		return nil, err
	}
	return done(g.Do(ctx, cmd.GrantRole{Assignment: g.assignment(in)}))
}

func (g grants) revoke(ctx context.Context, in *grantIn) (*api.Empty, error) {
	if err := g.allow(ctx, in); err != nil {
		return nil, err
	}
	return done(g.Do(ctx, cmd.RevokeRole{Assignment: g.assignment(in)}))
}
