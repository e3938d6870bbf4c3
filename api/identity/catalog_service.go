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

func (s *Service) mountServices(a huma.API) {
	s.services().mount(a)
}

type (
	createService struct {
		Type        string  `json:"type" minLength:"1" maxLength:"255"`
		Name        *string `json:"name,omitempty" maxLength:"255"`
		Description *string `json:"description,omitempty" maxLength:"65535"`
		Enabled     *bool   `json:"enabled,omitempty"`
	}
	changeService struct {
		Type        *string `json:"type,omitempty" minLength:"1" maxLength:"255"`
		Name        *string `json:"name,omitempty" maxLength:"255"`
		Description *string `json:"description,omitempty" maxLength:"65535"`
		Enabled     *bool   `json:"enabled,omitempty"`
	}
	service struct {
		ID          string `json:"id"`
		Type        string `json:"type"`
		Name        string `json:"name"`
		Description string `json:"description,omitempty"`
		Enabled     bool   `json:"enabled"`
		Links       self   `json:"links"`
	}
)

func (createService) keys() (string, string) { return "service", "services" }
func (changeService) keys() (string, string) { return "service", "services" }
func (service) keys() (string, string)       { return "service", "services" }

func showService(ctx context.Context, v view.Service) with[service] {
	return with[service]{Extra: v.Extra, Known: service{v.ID, v.Type, v.Name, v.Description, v.Enabled, link(ctx, "services", v.ID)}}
}

func (s *Service) services() resource[view.Service, createService, changeService, service] {
	return resource[view.Service, createService, changeService, service]{
		Service: s, path: "/services", name: "service", what: "service",
		get:  func(t *view.Tables, id string) (view.Service, bool) { return t.Services.Get(id) },
		show: showService, id: func(v *view.Service) string { return v.ID },
		make: func(ctx context.Context, in *with[createService]) (wish, error) {
			id, want := api.NewHexID(ctx), in.Known
			return wish{id: id, do: []commands.Command{cmd.CreateService{ID: id, Type: want.Type, Name: value(want.Name),
				Description: value(want.Description), Enabled: yes(want.Enabled), Extra: in.Extra}}}, nil
		},
		change: func(_ context.Context, v view.Service, in *with[changeService]) (commands.Command, error) {
			return cmd.ChangeService{ID: v.ID, Type: in.Known.Type, Name: in.Known.Name,
				Description: cleared(in, "description", in.Known.Description), Enabled: in.Known.Enabled, Extra: in.Extra}, nil
		},
		delete: func(v view.Service) commands.Command { return cmd.DeleteService{ID: v.ID} },
		all: func(ctx context.Context, t *view.Tables, marker string) iter.Seq[view.Service] {
			passes := filters(ctx, "name", "type")
			var all iter.Seq[view.Service] = rows(t.Services.All())
			if kind := api.Query(ctx).Get("type"); kind != "" {
				all = rows(t.Services.OfType(kind))
			}
			return where(after(all, marker, func(v *view.Service) string { return v.ID }), func(v *view.Service) bool { return passes(v.Name, v.Type) })
		},
	}
}
