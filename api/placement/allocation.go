package placement

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/placement"
	"skylog/projections"
	computeview "skylog/projections/compute"
	view "skylog/projections/placement"
)

func (s *Service) mountAllocations(a huma.API) {
	const path, one, rule = "/allocations", "/allocations/{uuid}", "placement:allocations:"
	api.Handle(a, "POST "+path, rule+"manage", http.StatusNoContent, s.setAllocations, api.Between("1.13", ""))
	api.Handle(a, "GET "+one, rule+"list", http.StatusOK, s.consumerAllocations)
	api.Handle(a, "PUT "+one, rule+"update", http.StatusNoContent, s.setConsumerAllocations)
	api.Handle(a, "DELETE "+one, rule+"delete", http.StatusNoContent, s.removeAllocations)
}

type (
	consumerID struct {
		UUID string `path:"uuid" maxLength:"255"`
	}
	resources struct {
		Generation int            `json:"generation"`
		Resources  map[string]int `json:"resources"`
	}
	consumerAllocationsOut struct {
		Fresh
		Body struct {
			Allocations map[string]resources `json:"allocations"`
			ProjectID   string               `json:"project_id,omitempty" since:"1.12"`
			UserID      string               `json:"user_id,omitempty" since:"1.12"`
			Generation  *int                 `json:"consumer_generation,omitempty" since:"1.28"`
			Type        string               `json:"consumer_type,omitempty" since:"1.38"`
		}
	}
)

// consumerAllocations shows what a consumer has; who has nothing isn't known,
// and has an empty answer.
func (s *Service) consumerAllocations(ctx context.Context, in *consumerID) (*consumerAllocationsOut, error) {
	w := api.World(ctx)
	out := &consumerAllocationsOut{}
	body := &out.Body
	body.Allocations = map[string]resources{}
	add := func(provider, class string, amount int) {
		r, ok := body.Allocations[provider]
		if !ok {
			p, _ := w.Placement.Providers.Get(provider)
			r = resources{p.Generation, map[string]int{}}
			body.Allocations[provider] = r
		}
		r.Resources[class] += amount
	}
	c, ok := w.Placement.Consumers.Get(in.UUID)
	if ok {
		for a := range w.Placement.Allocations.OfConsumer(in.UUID) {
			add(a.ProviderID, a.Class, a.Amount)
		}
	} else if server, is := w.Compute.Servers.Get(in.UUID); is {
		c, ok = serverConsumer(&server), true
		for _, claim := range server.Claims() {
			eachClaimed(w, claim, add)
		}
	}
	if ok && len(body.Allocations) > 0 {
		body.ProjectID, body.UserID, body.Generation, body.Type = c.ProjectID, c.UserID, &c.Generation, c.Type
		if c.Type == "" {
			body.Type = unknown
		}
	}
	out.Fresh = asOf(ctx, c.UpdatedAt)
	return out, nil
}

// serverConsumer is a server as a consumer: its generation is that of what is wanted of it.
func serverConsumer(s *computeview.Server) view.Consumer {
	return view.Consumer{ID: s.ID, ProjectID: s.ProjectID, UserID: s.UserID, Type: instance, Generation: int(s.Generation), UpdatedAt: s.UpdatedAt}
}

// eachClaimed tells what a server's claim takes of the provider of its host.
func eachClaimed(w *projections.World, c computeview.Claim, tell func(provider, class string, amount int)) {
	h, ok := w.Compute.Hosts.Get(c.Host)
	if !ok {
		return
	}
	for _, class := range []string{view.VCPU, view.MemoryMB, view.DiskGB} {
		if n := projections.Portion(c.Usage, class); n > 0 {
			tell(h.ID, class, n)
		}
	}
}

// maxConsumers is how many consumers' allocations are shown at once.
const maxConsumers = 10000

type (
	consumed struct {
		Resources  map[string]int `json:"resources"`
		Generation int            `json:"consumer_generation" since:"1.28"`
	}
	providerAllocationsOut struct {
		Fresh
		Body struct {
			Allocations map[string]consumed `json:"allocations"`
			Generation  int                 `json:"resource_provider_generation"`
		}
	}
)

func (s *Service) providerAllocations(ctx context.Context, in *providerID) (*providerAllocationsOut, error) {
	w := api.World(ctx)
	p, err := providerOf(w, in.UUID)
	if err != nil {
		return nil, err
	}
	out := &providerAllocationsOut{Fresh: asOf(ctx, time.Time{})}
	all := map[string]consumed{}
	out.Body.Allocations, out.Body.Generation = all, p.Generation
	add := func(c view.Consumer, class string, amount int) {
		if _, ok := all[c.ID]; !ok {
			all[c.ID] = consumed{map[string]int{}, c.Generation}
		}
		all[c.ID].Resources[class] += amount
	}
	for k, a := range w.Placement.Allocations.OfProvider(p.ID) {
		c, _ := w.Placement.Consumers.Get(k.ConsumerID)
		if add(c, a.Class, a.Amount); len(all) > maxConsumers {
			return nil, tooMany(p.ID)
		}
	}
	if h, ok := w.Compute.Hosts.Get(p.Host); ok && h.ID == p.ID {
		for server, claim := range w.Compute.Servers.ClaimsOn(h.Name) {
			eachClaimed(w, claim, func(_, class string, amount int) { add(serverConsumer(&server), class, amount) })
			if len(all) > maxConsumers {
				return nil, tooMany(p.ID)
			}
		}
	}
	return out, nil
}

func tooMany(id string) error {
	return commands.Refuse(commands.Invalid, "Resource provider %s has more than %d consumers, which are too many to list.", id, maxConsumers)
}

type setConsumerIn struct {
	UUID string `path:"uuid" maxLength:"255"`
	Body SentConsumer
}

func (s *Service) setConsumerAllocations(ctx context.Context, in *setConsumerIn) (*api.Empty, error) {
	c, err := in.Body.of(ctx, in.UUID)
	if err != nil {
		return nil, err
	}
	if len(c.Allotments) == 0 && api.From(ctx).Version.Before(1, 28) {
		return nil, commands.Refuse(commands.Invalid, "JSON does not validate: allocations must not be empty")
	}
	_, err = s.Do(ctx, cmd.SetAllocations{Consumers: []cmd.Consumer{c}})
	return &api.Empty{}, err
}

type setAllocationsIn struct {
	Body map[string]SentConsumer
}

func (s *Service) setAllocations(ctx context.Context, in *setAllocationsIn) (*api.Empty, error) {
	if len(in.Body) == 0 {
		return nil, commands.Refuse(commands.Invalid, "JSON does not validate: {} does not have enough properties")
	}
	all, err := consumersOf(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	_, err = s.Do(ctx, cmd.SetAllocations{Consumers: all})
	return &api.Empty{}, err
}

func (s *Service) removeAllocations(ctx context.Context, in *consumerID) (*api.Empty, error) {
	_, err := s.Do(ctx, cmd.RemoveAllocations{ConsumerID: in.UUID})
	return &api.Empty{}, err
}
