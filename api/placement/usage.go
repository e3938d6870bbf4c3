package placement

import (
	"context"
	"net/http"
	"regexp"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	"skylog/projections"
	view "skylog/projections/placement"
)

func (s *Service) mountUsages(a huma.API) {
	api.Handle(a, "GET /usages", "placement:usages", http.StatusOK, s.usages, api.Between("1.9", ""))
}

type providerUsagesOut struct {
	Fresh
	Body struct {
		Generation int            `json:"resource_provider_generation"`
		Usages     map[string]int `json:"usages"`
	}
}

func (s *Service) providerUsages(ctx context.Context, in *providerID) (*providerUsagesOut, error) {
	w := api.World(ctx)
	p, err := providerOf(w, in.UUID)
	if err != nil {
		return nil, err
	}
	out := &providerUsagesOut{Fresh: asOf(ctx, time.Time{})}
	out.Body.Generation, out.Body.Usages = p.Generation, map[string]int{}
	for _, i := range p.Inventories {
		out.Body.Usages[i.Class] = w.Taken(&p, i.Class)
	}
	return out, nil
}

// Types of consumers that usages can be asked by besides those that clients name.
const (
	allTypes = "all"
	unknown  = "unknown"
	instance = "INSTANCE" // servers are
)

var consumerType = regexp.MustCompile(`^([A-Z0-9_]+|all|unknown)$`)

type usagesIn struct {
	ProjectID    string `query:"project_id" required:"true" minLength:"1" maxLength:"255"`
	UserID       string `query:"user_id" maxLength:"255"`
	ConsumerType string `query:"consumer_type" maxLength:"255" since:"1.38"`
}

type usagesOut struct {
	Fresh
	Body struct {
		Usages any `json:"usages"`
	}
}

// usages are what a project's consumers have, or those of a user there.
func (s *Service) usages(ctx context.Context, in *usagesIn) (*usagesOut, error) {
	forbidden := api.Fail(http.StatusForbidden, "Policy doesn't allow placement:usages to be performed.")
	if err := api.Allow(ctx, api.Target{ProjectID: in.ProjectID, Missing: forbidden}); err != nil {
		return nil, err
	}
	if err := known(ctx, map[string]int{"project_id": 9, "user_id": 9, "consumer_type": 38}); err != nil {
		return nil, err
	}
	if in.ConsumerType != "" && !consumerType.MatchString(in.ConsumerType) {
		return nil, commands.Refuse(commands.Invalid, "Invalid query string parameters: consumer_type '%.64s' is malformed", in.ConsumerType)
	}
	byType := usagesOf(api.World(ctx), in.ProjectID, in.UserID)
	out := &usagesOut{Fresh: asOf(ctx, time.Time{})}
	switch {
	case api.From(ctx).Version.Before(1, 38):
		sum := merged(byType)
		delete(sum, consumers)
		out.Body.Usages = sum
	case in.ConsumerType == "":
		out.Body.Usages = byType
	default:
		only := map[string]map[string]int{}
		if sum := merged(byType); in.ConsumerType == allTypes && len(sum) > 0 {
			only[allTypes] = sum
		} else if sum, ok := byType[in.ConsumerType]; ok {
			only[in.ConsumerType] = sum
		}
		out.Body.Usages = only
	}
	return out, nil
}

// consumers is the key under which consumers themselves are counted.
const consumers = "consumer_count"

// usagesOf sums by type of consumer what clients allocated and servers take.
func usagesOf(w *projections.World, project, user string) map[string]map[string]int {
	byType := map[string]map[string]int{}
	add := func(kind, class string, n int) {
		if kind == "" {
			kind = unknown
		}
		if byType[kind] == nil {
			byType[kind] = map[string]int{}
		}
		if n > 0 {
			byType[kind][class] += n
		}
	}
	for g, n := range w.Placement.Allocations.Sums(project, user) {
		add(g.Type, g.Class, n)
	}
	for g, n := range w.Placement.Consumers.Counts(project, user) {
		add(g.Type, consumers, n)
	}
	if claimed := w.Compute.Servers.ClaimedBy(project, user); claimed.Servers > 0 {
		for _, class := range []string{view.VCPU, view.MemoryMB, view.DiskGB} {
			add(instance, class, projections.Portion(claimed, class))
		}
		add(instance, consumers, claimed.Servers)
	}
	return byType
}

func merged(byType map[string]map[string]int) map[string]int {
	sum := map[string]int{}
	for _, classes := range byType {
		for class, n := range classes {
			sum[class] += n
		}
	}
	return sum
}
