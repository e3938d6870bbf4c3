package identity

import (
	"context"
	"iter"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

func (s *Service) mountRoles(a huma.API) {
	s.roles().mount(a)
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
	roleOut  = oneOut[role]
	rolesOut = listOut[role]
)

func (createRole) keys() (string, string) { return "role", "roles" }
func (changeRole) keys() (string, string) { return "role", "roles" }
func (role) keys() (string, string)       { return "role", "roles" }

func showRole(ctx context.Context, r view.Role) with[role] {
	return with[role]{Extra: r.Extra, Known: role{ID: r.ID, Name: r.Name, DomainID: orNull(r.DomainID), Description: orNull(r.Description),
		Options: shownOptions(r.Immutable), Links: link(ctx, "roles", r.ID)}}
}

func (s *Service) roles() resource[view.Role, createRole, changeRole, role] {
	return resource[view.Role, createRole, changeRole, role]{
		Service: s, path: "/roles", name: "role", what: "role",
		get: func(t *view.Tables, id string) (view.Role, bool) { return t.Roles.Get(id) },
		attrs: func(r view.Role) map[string]string {
			return map[string]string{"target.role.name": r.Name, "target.role.domain_id": r.DomainID}
		},
		show: showRole, id: func(r *view.Role) string { return r.ID },
		make: func(ctx context.Context, in *with[createRole]) (wish, error) {
			id, want := api.NewHexID(ctx), in.Known
			return wish{id: id, do: []commands.Command{cmd.CreateRole{ID: id, DomainID: value(want.DomainID), Name: want.Name,
				Description: value(want.Description), Immutable: value(want.Options.immutable()), Extra: in.Extra}}}, nil
		},
		change: func(_ context.Context, r view.Role, in *with[changeRole]) (commands.Command, error) {
			if d := in.Known.DomainID; d != nil && *d != r.DomainID {
				return nil, malformed("A role's domain can't be changed.")
			}
			return cmd.ChangeRole{ID: r.ID, Name: in.Known.Name, Description: cleared(in, "description", in.Known.Description),
				Immutable: in.Known.Options.immutable(), Extra: in.Extra}, nil
		},
		delete: func(r view.Role) commands.Command { return cmd.DeleteRole{ID: r.ID} },
		all: func(ctx context.Context, t *view.Tables, marker string) iter.Seq[view.Role] {
			passes := filters(ctx, "name")
			all := after(rows(t.Roles.OfDomain(api.Query(ctx).Get("domain_id"))), marker, func(r *view.Role) string { return r.ID })
			return where(all, func(r *view.Role) bool { return passes(r.Name) })
		},
	}
}
