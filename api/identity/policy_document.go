package identity

import (
	"context"
	"iter"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

// Policy documents are kept for services that ask for them; nothing here is ruled by them. The
// rules of this cloud are in its policy file.
func (s *Service) mountPolicies(a huma.API) {
	s.policies().mount(a)
	const base, rule = "/policies/{id}/OS-ENDPOINT-POLICY", "identity:"
	api.Handle(a, "GET "+base+"/endpoints", rule+"list_endpoints_for_policy", http.StatusOK, s.endpointsOfPolicy)
	api.Handle(a, "GET /endpoints/{id}/OS-ENDPOINT-POLICY/policy", rule+"get_policy_for_endpoint", http.StatusOK, s.policyOfEndpoint)
	mountPlace(a, policyPlaces{s, "endpoint"}, base+"/endpoints/{endpoint}", func(in *atEndpoint) (string, cmd.PolicyPlace) {
		return in.ID, cmd.PolicyPlace{EndpointID: in.EndpointID}
	})
	mountPlace(a, policyPlaces{s, "service"}, base+"/services/{service}", func(in *atService) (string, cmd.PolicyPlace) {
		return in.ID, cmd.PolicyPlace{ServiceID: in.ServiceID}
	})
	mountPlace(a, policyPlaces{s, "region_and_service"}, base+"/services/{service}/regions/{region}", func(in *atRegion) (string, cmd.PolicyPlace) {
		return in.ID, cmd.PolicyPlace{ServiceID: in.ServiceID, RegionID: in.RegionID}
	})
}

type (
	createPolicy struct {
		Type string `json:"type" minLength:"1" maxLength:"255"`
		Blob string `json:"blob" minLength:"1" maxLength:"65535"`
	}
	changePolicy struct {
		Type *string `json:"type,omitempty" minLength:"1" maxLength:"255"`
		Blob *string `json:"blob,omitempty" minLength:"1" maxLength:"65535"`
	}
	policyDocument struct {
		ID    string `json:"id"`
		Type  string `json:"type"`
		Blob  string `json:"blob"`
		Links self   `json:"links"`
	}
	atEndpoint struct {
		ByID
		EndpointID string `path:"endpoint" maxLength:"255"`
	}
	atService struct {
		ByID
		ServiceID string `path:"service" maxLength:"255"`
	}
	atRegion struct {
		ByID
		ServiceID string `path:"service" maxLength:"255"`
		RegionID  string `path:"region" maxLength:"255"`
	}
)

func (createPolicy) keys() (string, string)   { return "policy", "policies" }
func (changePolicy) keys() (string, string)   { return "policy", "policies" }
func (policyDocument) keys() (string, string) { return "policy", "policies" }

func showPolicy(ctx context.Context, p view.Policy) with[policyDocument] {
	return with[policyDocument]{Known: policyDocument{p.ID, p.Type, p.Blob, link(ctx, "policies", p.ID)}, Extra: p.Extra}
}

func (s *Service) policies() resource[view.Policy, createPolicy, changePolicy, policyDocument] {
	return resource[view.Policy, createPolicy, changePolicy, policyDocument]{
		Service: s, path: "/policies", name: "policy", plural: "policies", what: "policy",
		get:  func(t *view.Tables, id string) (view.Policy, bool) { return t.Policies.Get(id) },
		show: showPolicy, id: func(p *view.Policy) string { return p.ID },
		make: func(ctx context.Context, in *with[createPolicy]) (wish, error) {
			id := api.NewHexID(ctx)
			return wish{id: id, do: []commands.Command{cmd.CreatePolicy{ID: id, Type: in.Known.Type, Blob: in.Known.Blob, Extra: in.Extra}}}, nil
		},
		change: func(_ context.Context, p view.Policy, in *with[changePolicy]) (commands.Command, error) {
			return cmd.ChangePolicy{ID: p.ID, Type: in.Known.Type, Blob: in.Known.Blob, Extra: in.Extra}, nil
		},
		delete: func(p view.Policy) commands.Command { return cmd.DeletePolicy{ID: p.ID} },
		all: func(ctx context.Context, t *view.Tables, marker string) iter.Seq[view.Policy] {
			passes := filters(ctx, "type")
			return where(rows(t.Policies.From(marker)), func(p *view.Policy) bool { return p.ID != marker && passes(p.Type) })
		},
	}
}

// policyPlaces are the operations on what a policy document is for.
type policyPlaces struct {
	*Service
	name string
}

func mountPlace[I any](a huma.API, p policyPlaces, path string, of func(*I) (policyID string, place cmd.PolicyPlace)) {
	rule := "_policy_association_for_" + p.name
	api.Handle(a, "GET "+path, "identity:check"+rule, http.StatusNoContent, func(ctx context.Context, in *I) (*api.Empty, error) {
		id, place := of(in)
		return p.check(ctx, id, place)
	})
	api.Handle(a, "PUT "+path, "identity:create"+rule, http.StatusNoContent, func(ctx context.Context, in *I) (*api.Empty, error) {
		id, place := of(in)
		return p.do(ctx, cmd.AssociatePolicy{PolicyPlace: place, PolicyID: id})
	})
	api.Handle(a, "DELETE "+path, "identity:delete"+rule, http.StatusNoContent, func(ctx context.Context, in *I) (*api.Empty, error) {
		id, place := of(in)
		return p.do(ctx, cmd.DissociatePolicy{PolicyPlace: place, PolicyID: id})
	})
}

func (p policyPlaces) check(ctx context.Context, id string, place cmd.PolicyPlace) (*api.Empty, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	if has, ok := api.World(ctx).Identity.PolicyAssociations.Get(view.PolicyPlace(place)); !ok || has.PolicyID != id {
		return nil, missing("policy association with policy", id)
	}
	return &api.Empty{Status: http.StatusNoContent}, nil
}

func (p policyPlaces) do(ctx context.Context, c commands.Command) (*api.Empty, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	return done(p.Do(ctx, c))
}

func (s *Service) endpointsOfPolicy(ctx context.Context, in *ByID) (*endpointsOut, error) {
	if _, err := s.policies().find(ctx, in.ID); err != nil {
		return nil, err
	}
	t := &api.World(ctx).Identity
	return endpointList(ctx, func(e *view.Endpoint) bool {
		p, ok := t.PolicyOf(e)
		return ok && p.ID == in.ID
	}), nil
}

func (s *Service) policyOfEndpoint(ctx context.Context, in *ByID) (*oneOut[policyDocument], error) {
	e, err := s.endpoints().find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p, ok := api.World(ctx).Identity.PolicyOf(&e)
	if !ok {
		return nil, missing("policy of endpoint", in.ID)
	}
	return s.policies().shown(ctx, p), nil
}
