package network

import (
	"context"
	"iter"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/projections"
	computeview "skylog/projections/compute"
)

func (s *Service) mountAgents(a huma.API) {
	api.Handle(a, "GET /agents", "get_agent", http.StatusOK, func(ctx context.Context, _ *struct{}) (*api.Respond, error) { return agents.list(ctx) })
	api.Handle(a, "GET /agents/{id}", "get_agent", http.StatusOK, s.showAgent)
	api.Handle(a, "GET /availability_zones", "get_availability_zone", http.StatusOK, s.listZones)
	api.Handle(a, "GET /service-providers", "get_service_provider", http.StatusOK, s.listProviders)
}

// agent is what does the network's work on a host, as Neutron shows it. With us
// that is the one agent of each host.
type agent struct {
	ID             string         `json:"id"`
	AgentType      string         `json:"agent_type"`
	Binary         string         `json:"binary"`
	Topic          string         `json:"topic"`
	Host           string         `json:"host"`
	Zone           *string        `json:"availability_zone"`
	Alive          bool           `json:"alive"`
	AdminStateUp   bool           `json:"admin_state_up"`
	CreatedAt      string         `json:"created_at"`
	StartedAt      string         `json:"started_at"`
	Heartbeat      string         `json:"heartbeat_timestamp"`
	Description    *string        `json:"description"`
	Configurations map[string]any `json:"configurations"`
}

var agents = &kind[computeview.Host]{
	singular: "agent", plural: "agents", missing: "AgentNotFound", sentence: "Agent %s could not be found",
	wire: reflect.TypeFor[agent](),
	get:  func(w *projections.World, id string) (computeview.Host, bool) { return w.Compute.Hosts.WithID(id) },
	find: findAgents, show: func(_ *projections.World, h computeview.Host) any { return showAgent(h) },
	target: func(*projections.World, computeview.Host) api.Target { return api.Target{} },
}

func showAgent(h computeview.Host) agent {
	return agent{ID: h.ID, AgentType: "Linux bridge agent", Binary: "skylog", Topic: "N/A", Host: h.Name, Zone: null(h.Zone), Alive: h.Up,
		AdminStateUp: true, CreatedAt: agentTime(h.JoinedAt), StartedAt: agentTime(h.JoinedAt), Heartbeat: agentTime(h.UpdatedAt),
		Configurations: map[string]any{"tunnel_types": []string{vxlan}, "tunneling_ip": h.HostIP}}
}

// findAgents goes through the hosts in the order of their names, behind the
// agent given.
func findAgents(f *finder, from string) iter.Seq2[string, computeview.Host] {
	hosts := &f.world.Compute.Hosts
	behind, _ := hosts.WithID(from)
	if names := f.values("host"); len(names) > 0 {
		return func(yield func(string, computeview.Host) bool) {
			for _, name := range names {
				if h, ok := hosts.Get(name); ok && name > behind.Name && !yield(h.ID, h) {
					return
				}
			}
		}
	}
	return func(yield func(string, computeview.Host) bool) {
		for _, h := range hosts.From(behind.Name) {
			if !yield(h.ID, h) {
				return
			}
		}
	}
}

func (s *Service) showAgent(ctx context.Context, in *IDIn) (*api.Respond, error) {
	w := api.World(ctx)
	h, err := agents.reach(ctx, w, in.ID, "get_agent")
	if err != nil {
		return nil, err
	}
	return agents.reply(ctx, w, http.StatusOK, h), nil
}

type (
	zone struct {
		Name     string `json:"name"`
		Resource string `json:"resource"`
		State    string `json:"state"`
	}
	zonesOut struct {
		Body struct {
			Zones []zone `json:"availability_zones"`
		}
	}
	providersOut struct {
		Body struct {
			Providers []struct{} `json:"service_providers"`
		}
	}
)

// listZones shows the zones of the hosts, of which there are at most some ten thousand.
func (s *Service) listZones(ctx context.Context, _ *struct{}) (*zonesOut, error) {
	out := &zonesOut{}
	up := map[string]bool{}
	for _, h := range api.World(ctx).Compute.Hosts.All() {
		up[h.Zone] = up[h.Zone] || h.Up
	}
	for name, alive := range up {
		z := zone{name, "network", "unavailable"}
		if alive {
			z.State = "available"
		}
		out.Body.Zones = append(out.Body.Zones, z)
	}
	slices.SortFunc(out.Body.Zones, func(a, b zone) int { return order(a.Name, b.Name) })
	return out, nil
}

// listProviders shows none: no service here has a choice of providers.
func (s *Service) listProviders(context.Context, *struct{}) (*providersOut, error) {
	return &providersOut{}, nil
}
