package identity

import (
	"context"
	"iter"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

func (s *Service) mountRoles(a huma.API) {
	const path, rule = "/roles", "identity:"
	api.Handle(a, "POST "+path, rule+"create_role", http.StatusCreated, s.createRole)
	api.Handle(a, "GET "+path, rule+"list_roles", http.StatusOK, s.listRoles)
	api.Handle(a, "GET "+path+"/{id}", rule+"get_role", http.StatusOK, s.showRole)
	api.Handle(a, "PATCH "+path+"/{id}", rule+"update_role", http.StatusOK, s.changeRole)
	api.Handle(a, "DELETE "+path+"/{id}", rule+"delete_role", http.StatusNoContent, s.deleteRole)
	s.mountImplications(a)
}

type (
	createRole struct {
		Name        string   `json:"name" minLength:"1" maxLength:"255"`
		DomainID    *string  `json:"domain_id,omitempty" maxLength:"64"`
		Description *string  `json:"description,omitempty" maxLength:"255"`
		Options     *options `json:"options,omitempty"`
	}
	changeRole struct {
		Name        *string  `json:"name,omitempty" minLength:"1" maxLength:"255"`
		DomainID    *string  `json:"domain_id,omitempty" maxLength:"64"`
		Description *string  `json:"description,omitempty" maxLength:"255"`
		Options     *options `json:"options,omitempty"`
	}
	role struct {
		ID          string  `json:"id"`
		Name        string  `json:"name"`
		DomainID    *string `json:"domain_id"`
		Description *string `json:"description"`
		Options     options `json:"options"`
		Links       self    `json:"links"`
	}
	oneRole[T any] struct {
		Role with[T] `json:"role"`
	}
	createRoleIn struct{ Body oneRole[createRole] }
	changeRoleIn struct {
		ByID
		Body oneRole[changeRole]
	}
	roleOut  struct{ Body oneRole[role] }
	rolesOut struct {
		Body struct {
			Roles []with[role] `json:"roles"`
			Links api.Links    `json:"links"`
		}
	}
	listRolesIn struct {
		api.Paging
		Name     string `query:"name"`
		DomainID string `query:"domain_id"`
	}
)

func showRole(ctx context.Context, r view.Role) with[role] {
	return with[role]{Extra: r.Extra, Known: role{ID: r.ID, Name: r.Name, DomainID: orNull(r.DomainID), Description: orNull(r.Description),
		Options: shownOptions(r.Immutable), Links: link(ctx, "roles", r.ID)}}
}

func (s *Service) createRole(ctx context.Context, in *createRoleIn) (*roleOut, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	want := in.Body.Role.Known
	id := api.NewHexID(ctx)
	w, err := s.Do(ctx, cmd.CreateRole{ID: id, DomainID: value(want.DomainID), Name: want.Name, Description: value(want.Description),
		Immutable: value(want.Options.immutable()), Extra: in.Body.Role.Extra})
	if err != nil {
		return nil, err
	}
	r, _ := w.Identity.Roles.Get(id)
	return &roleOut{oneRole[role]{showRole(ctx, r)}}, nil
}

func roleID(r *view.Role) string { return r.ID }

func (s *Service) listRoles(ctx context.Context, in *listRolesIn) (*rolesOut, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	t := &api.World(ctx).Identity
	var all iter.Seq[view.Role] = rows(t.Roles.OfDomain(in.DomainID))
	passes := filters(ctx, "name")
	found := where(after(all, in.Marker, roleID), func(r *view.Role) bool { return passes(r.Name) })
	out := &rolesOut{}
	var err error
	out.Body.Roles, out.Body.Links, err = page(ctx, in.Paging, found, roleID, showRole)
	return out, err
}

// roleFor finds a role and asks whether the caller may do this to it.
func roleFor(ctx context.Context, id string) (view.Role, error) {
	r, ok := api.World(ctx).Identity.Roles.Get(id)
	if err := allow(ctx, map[string]string{"target.role.name": r.Name, "target.role.domain_id": r.DomainID}); err != nil {
		return r, err
	}
	if !ok {
		return r, missing("role", id)
	}
	return r, nil
}

func (s *Service) showRole(ctx context.Context, in *ByID) (*roleOut, error) {
	r, err := roleFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &roleOut{oneRole[role]{showRole(ctx, r)}}, nil
}

func (s *Service) changeRole(ctx context.Context, in *changeRoleIn) (*roleOut, error) {
	r, err := roleFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	want := &in.Body.Role
	if d := want.Known.DomainID; d != nil && *d != r.DomainID {
		return nil, malformed("A role's domain can't be changed.")
	}
	w, err := s.Do(ctx, cmd.ChangeRole{ID: in.ID, Name: want.Known.Name, Description: cleared(want, "description", want.Known.Description),
		Immutable: want.Known.Options.immutable(), Extra: want.Extra})
	if err != nil {
		return nil, err
	}
	r, _ = w.Identity.Roles.Get(in.ID)
	return &roleOut{oneRole[role]{showRole(ctx, r)}}, nil
}

func (s *Service) deleteRole(ctx context.Context, in *ByID) (*api.Empty, error) {
	if _, err := roleFor(ctx, in.ID); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.DeleteRole{ID: in.ID}))
}
