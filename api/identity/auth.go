package identity

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	view "skylog/projections/identity"
)

func (s *Service) mountAuth(a huma.API) {
	api.Handle(a, "GET /auth/catalog", "identity:get_auth_catalog", http.StatusOK, s.authCatalog)
	api.Handle(a, "GET /auth/projects", "identity:get_auth_projects", http.StatusOK, s.authProjects)
	api.Handle(a, "GET /auth/domains", "identity:get_auth_domains", http.StatusOK, s.authDomains)
	api.Handle(a, "GET /auth/system", "identity:get_auth_system", http.StatusOK, s.authSystem)
}

type (
	catalogEntry struct {
		ID        string            `json:"id"`
		Type      string            `json:"type"`
		Name      string            `json:"name"`
		Endpoints []catalogEndpoint `json:"endpoints"`
	}
	catalogEndpoint struct {
		ID        string  `json:"id"`
		Interface string  `json:"interface"`
		Region    *string `json:"region"`
		RegionID  *string `json:"region_id"`
		URL       string  `json:"url"`
	}
	catalogOut struct {
		Body struct {
			Catalog []catalogEntry `json:"catalog"`
			Links   api.Links      `json:"links"`
		}
	}
	systemOut struct {
		Body struct {
			System []map[string]bool `json:"system"`
			Links  api.Links         `json:"links"`
		}
	}
)

// catalog lists where a token's bearer finds the services.
func catalog(ctx context.Context, t *view.Tables, scope view.Target) []catalogEntry {
	entries := []catalogEntry{}
	shows := func(*view.Endpoint) bool { return true }
	if scope.Kind == view.OnProject {
		shows, _ = t.Shows(scope.ID)
	}
	for svc := range t.Services.ByType() {
		if !svc.Enabled {
			continue
		}
		entry := catalogEntry{ID: svc.ID, Type: svc.Type, Name: svc.Name, Endpoints: []catalogEndpoint{}}
		for _, e := range t.Endpoints.OfService(svc.ID) {
			url, ok := address(e.URL, api.Base(ctx), scope)
			if !e.Enabled || !ok || !shows(&e) {
				continue
			}
			entry.Endpoints = append(entry.Endpoints, catalogEndpoint{e.ID, e.Interface, orNull(e.RegionID), orNull(e.RegionID), url})
		}
		entries = append(entries, entry)
	}
	return entries
}

// address fills an endpoint's URL in. One that speaks of a project is left out of
// the catalog of tokens without.
func address(url, public string, scope view.Target) (string, bool) {
	url = strings.ReplaceAll(url, "{public}", public)
	for _, name := range []string{"project_id", "tenant_id"} {
		for _, placeholder := range []string{"$(" + name + ")s", "%(" + name + ")s"} {
			if !strings.Contains(url, placeholder) {
				continue
			}
			if scope.Kind != view.OnProject {
				return "", false
			}
			url = strings.ReplaceAll(url, placeholder, scope.ID)
		}
	}
	return url, true
}

func (s *Service) authCatalog(ctx context.Context, _ *struct{}) (*catalogOut, error) {
	k := claims(api.From(ctx))
	if k.Scope.Kind == "" {
		return nil, api.Fail(http.StatusForbidden, "A token without a scope has no catalog.")
	}
	out := &catalogOut{}
	out.Body.Catalog, out.Body.Links = catalog(ctx, &api.World(ctx).Identity, k.Scope), api.LinksOf(ctx, false, "")
	return out, nil
}

func (s *Service) authProjects(ctx context.Context, _ *struct{}) (*projectsOut, error) {
	k := claims(api.From(ctx))
	projects, _, _ := api.World(ctx).Identity.Scopes(k.UserID, unlimited)
	out := &projectsOut{}
	out.Body.Links = api.LinksOf(ctx, false, "")
	for _, p := range projects {
		bound := k.Delegated() && p.ID != k.Scope.ID
		if d, _ := api.World(ctx).Identity.Domains.Get(p.DomainID); p.Enabled && d.Enabled && !bound {
			out.Body.Projects = append(out.Body.Projects, showProject(ctx, p))
		}
	}
	return out, nil
}

func (s *Service) authDomains(ctx context.Context, _ *struct{}) (*domainsOut, error) {
	k := claims(api.From(ctx))
	_, domains, _ := api.World(ctx).Identity.Scopes(k.UserID, unlimited)
	out := &domainsOut{}
	out.Body.Links = api.LinksOf(ctx, false, "")
	for _, d := range domains {
		if d.Enabled && !k.Delegated() {
			out.Body.Domains = append(out.Body.Domains, showDomain(ctx, d))
		}
	}
	return out, nil
}

func (s *Service) authSystem(ctx context.Context, _ *struct{}) (*systemOut, error) {
	k := claims(api.From(ctx))
	_, _, system := api.World(ctx).Identity.Scopes(k.UserID, 0)
	out := &systemOut{}
	out.Body.Links = api.LinksOf(ctx, false, "")
	if system && !k.Delegated() {
		out.Body.System = []map[string]bool{{"all": true}}
	}
	return out, nil
}
