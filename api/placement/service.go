// Package placement speaks Placement's API, 1.0 with its microversions: it turns
// calls into commands of the placement service and shows providers, compute
// hosts among them, as the world has them. What servers have of hosts is shown
// as allocations and changed by nobody but the servers' own calls.
package placement

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"skylog/api"
	"skylog/api/policy"
	"skylog/commands"
	"skylog/projections"
	view "skylog/projections/placement"
)

// Service is the placement API.
type Service struct {
	// Do asks for changes; New wraps it with api.Ask.
	Do commands.Do[*projections.World]
}

var microversions = api.Microversions{Min: api.Version{Major: 1}, Max: api.Version{Major: 1, Minor: 39}, Type: "placement"}

// New makes the placement service for a gateway.
func New(do commands.Do[*projections.World]) *api.Service {
	s := &Service{Do: api.Ask(do)}
	return &api.Service{
		Name: "placement", Root: "/placement",
		Dialect:       api.PlacementDialect,
		Microversions: &microversions,
		Discovery:     api.Discovery{At: []api.DiscoveryDocument{versions}},
		Policy:        rules,
		Mount:         s.mount,
	}
}

var versions = api.DiscoveryDocument{Path: "", Status: http.StatusOK, Show: func(string) any {
	oldest, newest := microversions.Min.String(), microversions.Max.String()
	return struct {
		Versions []api.VersionEntry `json:"versions"`
	}{[]api.VersionEntry{{ID: "v1.0", Status: "CURRENT", MinVersion: &oldest, MaxVersion: &newest, Links: []api.Link{{Rel: "self"}}}}}
}}

// operator is who may do everything here: administrators, and other services.
const operator = "role:admin or role:service"

// rules are Placement's policy rules and their defaults.
var rules = policy.Rules{
	"placement:resource_providers:list":               operator,
	"placement:resource_providers:create":             operator,
	"placement:resource_providers:show":               operator,
	"placement:resource_providers:update":             operator,
	"placement:resource_providers:delete":             operator,
	"placement:resource_providers:inventories:list":   operator,
	"placement:resource_providers:inventories:create": operator,
	"placement:resource_providers:inventories:show":   operator,
	"placement:resource_providers:inventories:update": operator,
	"placement:resource_providers:inventories:delete": operator,
	"placement:resource_providers:aggregates:list":    operator,
	"placement:resource_providers:aggregates:update":  operator,
	"placement:resource_providers:traits:list":        operator,
	"placement:resource_providers:traits:update":      operator,
	"placement:resource_providers:traits:delete":      operator,
	"placement:resource_providers:allocations:list":   operator,
	"placement:resource_providers:usages":             operator,
	"placement:resource_classes:list":                 operator,
	"placement:resource_classes:create":               operator,
	"placement:resource_classes:show":                 operator,
	"placement:resource_classes:update":               operator,
	"placement:resource_classes:delete":               operator,
	"placement:traits:list":                           operator,
	"placement:traits:show":                           operator,
	"placement:traits:update":                         operator,
	"placement:traits:delete":                         operator,
	"placement:allocations:manage":                    operator,
	"placement:allocations:list":                      operator,
	"placement:allocations:update":                    operator,
	"placement:allocations:delete":                    operator,
	"placement:allocation_candidates:list":            operator,
	"placement:reshaper:reshape":                      operator,
	"placement:usages":                                operator + " or (role:reader and project_id:%(project_id)s)",
}

func (s *Service) mount(a huma.API) {
	s.mountProviders(a)
	s.mountInventories(a)
	s.mountTraits(a)
	s.mountResourceClasses(a)
	s.mountAllocations(a)
	s.mountUsages(a)
	api.Handle(a, "GET /allocation_candidates", "placement:allocation_candidates:list", http.StatusOK, s.listCandidates, api.Between("1.10", ""))
	api.Handle(a, "POST /reshaper", "placement:reshaper:reshape", http.StatusNoContent, s.reshape, api.Between("1.30", ""))
}

// Fresh are the headers by which clients know how old an answer is, since 1.15.
type Fresh struct {
	LastModified string `header:"Last-Modified"`
	CacheControl string `header:"Cache-Control"`
}

// asOf tells when what is shown was changed last; the zero time is now.
func asOf(ctx context.Context, changed time.Time) Fresh {
	if api.From(ctx).Version.Before(1, 15) {
		return Fresh{}
	}
	if changed.IsZero() {
		changed = time.Now()
	}
	return Fresh{changed.UTC().Format(http.TimeFormat), "no-cache"}
}

// reply is the output of most operations.
type reply struct {
	Status   int
	Location string `header:"Location"`
	Fresh
	Body any
}

type (
	nothing    struct{}
	providerID struct {
		UUID string `path:"uuid" maxLength:"255"`
	}
)

// providerOf finds the provider in the path.
func providerOf(w *projections.World, id string) (view.Provider, error) {
	p, ok := w.Placement.Providers.Get(id)
	if !ok {
		return p, commands.Refuse(commands.NotFound, "No resource provider with uuid %.64s found", id)
	}
	return p, nil
}

// idOf reads a UUID that may have been sent without dashes.
func idOf(what, sent string) (string, error) {
	id, err := uuid.Parse(sent)
	if err != nil || len(sent) != 36 && len(sent) != 32 {
		return "", commands.Refuse(commands.Invalid, "JSON does not validate: %s: '%.64s' is not a 'uuid'", what, sent)
	}
	return id.String(), nil
}

// known refuses query parameters that the microversion doesn't have. The number
// is the minor version that brought one.
func known(ctx context.Context, since map[string]int) error {
	query, at := api.Query(ctx), api.From(ctx).Version
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if minor, ok := since[name]; !ok || at.Before(1, minor) {
			return commands.Refuse(commands.Invalid, "Invalid query string parameters: Additional properties are not allowed ('%.64s' was unexpected)", name)
		}
	}
	return nil
}
