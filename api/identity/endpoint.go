package identity

import (
	"context"
	"iter"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

func (s *Service) mountEndpoints(a huma.API) {
	s.endpoints().mount(a)
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
	endpointsOut = listOut[endpoint]
)

func (createEndpoint) keys() (string, string) { return "endpoint", "endpoints" }
func (changeEndpoint) keys() (string, string) { return "endpoint", "endpoints" }
func (endpoint) keys() (string, string)       { return "endpoint", "endpoints" }

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

func (s *Service) endpoints() resource[view.Endpoint, createEndpoint, changeEndpoint, endpoint] {
	return resource[view.Endpoint, createEndpoint, changeEndpoint, endpoint]{
		Service: s, path: "/endpoints", name: "endpoint", what: "endpoint",
		get:  func(t *view.Tables, id string) (view.Endpoint, bool) { return t.Endpoints.Get(id) },
		show: showEndpoint, id: func(e *view.Endpoint) string { return e.ID },
		make: makeEndpoint, change: changeEndpointBy,
		delete: func(e view.Endpoint) commands.Command { return cmd.DeleteEndpoint{ID: e.ID} },
		all: func(ctx context.Context, t *view.Tables, marker string) iter.Seq[view.Endpoint] {
			passes, query := filters(ctx, "interface", "service_id", "region_id"), api.Query(ctx)
			var all iter.Seq[view.Endpoint] = rows(t.Endpoints.All())
			switch {
			case query.Get("service_id") != "":
				all = rows(t.Endpoints.OfService(query.Get("service_id")))
			case query.Get("region_id") != "":
				all = rows(t.Endpoints.OfRegion(query.Get("region_id")))
			}
			return where(after(all, marker, func(e *view.Endpoint) string { return e.ID }), func(e *view.Endpoint) bool {
				return passes(e.Interface, e.ServiceID, e.RegionID)
			})
		},
	}
}

func makeEndpoint(ctx context.Context, in *with[createEndpoint]) (wish, error) {
	want, w := in.Known, wish{id: api.NewHexID(ctx)}
	if err := checkURL(want.URL); err != nil {
		return w, err
	}
	regionID := value(want.RegionID)
	if regionID == "" && want.Region != nil { // the older way to name a region makes it
		regionID = *want.Region
		if regionID != "" && !api.World(ctx).Identity.Regions.Has(regionID) {
			w.do = append(w.do, cmd.CreateRegion{ID: regionID})
		}
	}
	w.do = append(w.do, cmd.CreateEndpoint{ID: w.id, ServiceID: want.ServiceID, Interface: want.Interface, RegionID: regionID, URL: want.URL,
		Enabled: yes(want.Enabled), Extra: in.Extra})
	return w, nil
}

func changeEndpointBy(_ context.Context, e view.Endpoint, in *with[changeEndpoint]) (commands.Command, error) {
	if err := checkURL(value(in.Known.URL)); err != nil {
		return nil, err
	}
	regionID := in.Known.RegionID
	if regionID == nil {
		regionID = in.Known.Region
	}
	return cmd.ChangeEndpoint{ID: e.ID, ServiceID: in.Known.ServiceID, Interface: in.Known.Interface, URL: in.Known.URL,
		RegionID: cleared(in, "region_id", regionID), Enabled: in.Known.Enabled, Extra: in.Extra}, nil
}
