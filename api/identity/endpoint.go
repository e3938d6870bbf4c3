package identity

import (
	"context"
	"iter"
	"net/http"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

func (s *Service) mountEndpoints(a huma.API) {
	const path, rule = "/endpoints", "identity:"
	api.Handle(a, "POST "+path, rule+"create_endpoint", http.StatusCreated, s.createEndpoint)
	api.Handle(a, "GET "+path, rule+"list_endpoints", http.StatusOK, s.listEndpoints)
	api.Handle(a, "GET "+path+"/{id}", rule+"get_endpoint", http.StatusOK, s.showEndpoint)
	api.Handle(a, "PATCH "+path+"/{id}", rule+"update_endpoint", http.StatusOK, s.changeEndpoint)
	api.Handle(a, "DELETE "+path+"/{id}", rule+"delete_endpoint", http.StatusNoContent, s.deleteEndpoint)
}

type (
	createEndpoint struct {
		ServiceID string  `json:"service_id" minLength:"1" maxLength:"255"`
		Interface string  `json:"interface" enum:"public,internal,admin"`
		URL       string  `json:"url" minLength:"1" maxLength:"2048"`
		RegionID  *string `json:"region_id,omitempty" maxLength:"255"`
		Region    *string `json:"region,omitempty" maxLength:"255"`
		Enabled   *bool   `json:"enabled,omitempty"`
	}
	changeEndpoint struct {
		ServiceID *string `json:"service_id,omitempty" minLength:"1" maxLength:"255"`
		Interface *string `json:"interface,omitempty" enum:"public,internal,admin"`
		URL       *string `json:"url,omitempty" minLength:"1" maxLength:"2048"`
		RegionID  *string `json:"region_id,omitempty" maxLength:"255"`
		Region    *string `json:"region,omitempty" maxLength:"255"`
		Enabled   *bool   `json:"enabled,omitempty"`
	}
	endpoint struct {
		ID        string  `json:"id"`
		ServiceID string  `json:"service_id"`
		Interface string  `json:"interface"`
		Region    *string `json:"region"`
		RegionID  *string `json:"region_id"`
		URL       string  `json:"url"`
		Enabled   bool    `json:"enabled"`
		Links     self    `json:"links"`
	}
	oneEndpoint[T any] struct {
		Endpoint with[T] `json:"endpoint"`
	}
	createEndpointIn struct{ Body oneEndpoint[createEndpoint] }
	changeEndpointIn struct {
		ByID
		Body oneEndpoint[changeEndpoint]
	}
	endpointOut  struct{ Body oneEndpoint[endpoint] }
	endpointsOut struct {
		Body struct {
			Endpoints []with[endpoint] `json:"endpoints"`
			Links     api.Links        `json:"links"`
		}
	}
	listEndpointsIn struct {
		api.Paging
		ServiceID string `query:"service_id"`
		Interface string `query:"interface"`
		RegionID  string `query:"region_id"`
	}
)

func showEndpoint(ctx context.Context, e view.Endpoint) with[endpoint] {
	url := strings.ReplaceAll(e.URL, "{public}", api.Base(ctx)) // what is our own, clients know nothing of
	return with[endpoint]{Extra: e.Extra, Known: endpoint{e.ID, e.ServiceID, e.Interface, orNull(e.RegionID), orNull(e.RegionID), url,
		e.Enabled, link(ctx, "endpoints", e.ID)}}
}

// placeholders are what an endpoint's URL may leave to be filled in; anything
// else in that form would break the catalogs of all tokens.
var placeholders = regexp.MustCompile(`[$%]\(([^)]*)\)s`)

func checkURL(url string) error {
	for _, found := range placeholders.FindAllStringSubmatch(url, -1) {
		if found[1] != "project_id" && found[1] != "tenant_id" {
			return malformed("The URL may leave project_id and tenant_id to be filled in, not %.40s.", found[1])
		}
	}
	return nil
}

func (s *Service) createEndpoint(ctx context.Context, in *createEndpointIn) (*endpointOut, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	want, id := in.Body.Endpoint.Known, api.NewHexID(ctx)
	if err := checkURL(want.URL); err != nil {
		return nil, err
	}
	regionID := value(want.RegionID)
	var batch []commands.Command
	if regionID == "" && want.Region != nil { // the older way to name a region makes it
		regionID = *want.Region
		if regionID != "" && !api.World(ctx).Identity.Regions.Has(regionID) {
			batch = append(batch, cmd.CreateRegion{ID: regionID})
		}
	}
	batch = append(batch, cmd.CreateEndpoint{ID: id, ServiceID: want.ServiceID, Interface: want.Interface, RegionID: regionID, URL: want.URL,
		Enabled: yes(want.Enabled), Extra: in.Body.Endpoint.Extra})
	w, err := s.Do(ctx, batch...)
	if err != nil {
		return nil, err
	}
	e, _ := w.Identity.Endpoints.Get(id)
	return &endpointOut{oneEndpoint[endpoint]{showEndpoint(ctx, e)}}, nil
}

func endpointID(e *view.Endpoint) string { return e.ID }

func (s *Service) listEndpoints(ctx context.Context, in *listEndpointsIn) (*endpointsOut, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	t := &api.World(ctx).Identity
	var all iter.Seq[view.Endpoint] = rows(t.Endpoints.All())
	switch {
	case in.ServiceID != "":
		all = rows(t.Endpoints.OfService(in.ServiceID))
	case in.RegionID != "":
		all = rows(t.Endpoints.OfRegion(in.RegionID))
	}
	found := where(after(all, in.Marker, endpointID), func(e *view.Endpoint) bool {
		return (in.Interface == "" || e.Interface == in.Interface) && (in.RegionID == "" || e.RegionID == in.RegionID)
	})
	out := &endpointsOut{}
	var err error
	out.Body.Endpoints, out.Body.Links, err = page(ctx, in.Paging, found, endpointID, showEndpoint)
	return out, err
}

func endpointFor(ctx context.Context, id string) (view.Endpoint, error) {
	e, ok := api.World(ctx).Identity.Endpoints.Get(id)
	if err := allow(ctx, nil); err != nil {
		return e, err
	}
	if !ok {
		return e, missing("endpoint", id)
	}
	return e, nil
}

func (s *Service) showEndpoint(ctx context.Context, in *ByID) (*endpointOut, error) {
	e, err := endpointFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &endpointOut{oneEndpoint[endpoint]{showEndpoint(ctx, e)}}, nil
}

func (s *Service) changeEndpoint(ctx context.Context, in *changeEndpointIn) (*endpointOut, error) {
	if _, err := endpointFor(ctx, in.ID); err != nil {
		return nil, err
	}
	want := &in.Body.Endpoint
	if err := checkURL(value(want.Known.URL)); err != nil {
		return nil, err
	}
	regionID := want.Known.RegionID
	if regionID == nil {
		regionID = want.Known.Region
	}
	w, err := s.Do(ctx, cmd.ChangeEndpoint{ID: in.ID, ServiceID: want.Known.ServiceID, Interface: want.Known.Interface, URL: want.Known.URL,
		RegionID: cleared(want, "region_id", regionID), Enabled: want.Known.Enabled, Extra: want.Extra})
	if err != nil {
		return nil, err
	}
	e, _ := w.Identity.Endpoints.Get(in.ID)
	return &endpointOut{oneEndpoint[endpoint]{showEndpoint(ctx, e)}}, nil
}

func (s *Service) deleteEndpoint(ctx context.Context, in *ByID) (*api.Empty, error) {
	if _, err := endpointFor(ctx, in.ID); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.DeleteEndpoint{ID: in.ID}))
}
