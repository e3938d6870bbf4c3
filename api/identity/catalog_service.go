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

func (s *Service) mountServices(a huma.API) {
	const path, rule = "/services", "identity:"
	api.Handle(a, "POST "+path, rule+"create_service", http.StatusCreated, s.createService)
	api.Handle(a, "GET "+path, rule+"list_services", http.StatusOK, s.listServices)
	api.Handle(a, "GET "+path+"/{id}", rule+"get_service", http.StatusOK, s.showService)
	api.Handle(a, "PATCH "+path+"/{id}", rule+"update_service", http.StatusOK, s.changeService)
	api.Handle(a, "DELETE "+path+"/{id}", rule+"delete_service", http.StatusNoContent, s.deleteService)
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
	oneService[T any] struct {
		Service with[T] `json:"service"`
	}
	createServiceIn struct{ Body oneService[createService] }
	changeServiceIn struct {
		ByID
		Body oneService[changeService]
	}
	serviceOut  struct{ Body oneService[service] }
	servicesOut struct {
		Body struct {
			Services []with[service] `json:"services"`
			Links    api.Links       `json:"links"`
		}
	}
	listServicesIn struct {
		api.Paging
		Type string `query:"type"`
		Name string `query:"name"`
	}
)

func showService(ctx context.Context, v view.Service) with[service] {
	return with[service]{Extra: v.Extra, Known: service{v.ID, v.Type, v.Name, v.Description, v.Enabled, link(ctx, "services", v.ID)}}
}

func (s *Service) createService(ctx context.Context, in *createServiceIn) (*serviceOut, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	want, id := in.Body.Service.Known, api.NewHexID(ctx)
	w, err := s.Do(ctx, cmd.CreateService{ID: id, Type: want.Type, Name: value(want.Name), Description: value(want.Description),
		Enabled: yes(want.Enabled), Extra: in.Body.Service.Extra})
	if err != nil {
		return nil, err
	}
	v, _ := w.Identity.Services.Get(id)
	return &serviceOut{oneService[service]{showService(ctx, v)}}, nil
}

func serviceID(v *view.Service) string { return v.ID }

func (s *Service) listServices(ctx context.Context, in *listServicesIn) (*servicesOut, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	t := &api.World(ctx).Identity
	var all iter.Seq[view.Service] = rows(t.Services.All())
	if in.Type != "" {
		all = rows(t.Services.OfType(in.Type))
	}
	passes := filters(ctx, "name", "type")
	found := where(after(all, in.Marker, serviceID), func(v *view.Service) bool { return passes(v.Name, v.Type) })
	out := &servicesOut{}
	var err error
	out.Body.Services, out.Body.Links, err = page(ctx, in.Paging, found, serviceID, showService)
	return out, err
}

func serviceFor(ctx context.Context, id string) (view.Service, error) {
	v, ok := api.World(ctx).Identity.Services.Get(id)
	if err := allow(ctx, nil); err != nil {
		return v, err
	}
	if !ok {
		return v, missing("service", id)
	}
	return v, nil
}

func (s *Service) showService(ctx context.Context, in *ByID) (*serviceOut, error) {
	v, err := serviceFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &serviceOut{oneService[service]{showService(ctx, v)}}, nil
}

func (s *Service) changeService(ctx context.Context, in *changeServiceIn) (*serviceOut, error) {
	if _, err := serviceFor(ctx, in.ID); err != nil {
		return nil, err
	}
	want := &in.Body.Service
	w, err := s.Do(ctx, cmd.ChangeService{ID: in.ID, Type: want.Known.Type, Name: want.Known.Name,
		Description: cleared(want, "description", want.Known.Description), Enabled: want.Known.Enabled, Extra: want.Extra})
	if err != nil {
		return nil, err
	}
	v, _ := w.Identity.Services.Get(in.ID)
	return &serviceOut{oneService[service]{showService(ctx, v)}}, nil
}

func (s *Service) deleteService(ctx context.Context, in *ByID) (*api.Empty, error) {
	if _, err := serviceFor(ctx, in.ID); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.DeleteService{ID: in.ID}))
}
