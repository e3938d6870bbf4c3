package placement

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	cmd "skylog/commands/placement"
	view "skylog/projections/placement"
)

func (s *Service) mountProviders(a huma.API) {
	const path, one, rule = "/resource_providers", "/resource_providers/{uuid}", "placement:resource_providers:"
	api.Handle(a, "GET "+path, rule+"list", http.StatusOK, s.listProviders)
	api.Handle(a, "POST "+path, rule+"create", http.StatusOK, s.createProvider)
	api.Handle(a, "GET "+one, rule+"show", http.StatusOK, s.showProvider)
	api.Handle(a, "PUT "+one, rule+"update", http.StatusOK, s.changeProvider)
	api.Handle(a, "DELETE "+one, rule+"delete", http.StatusNoContent, s.deleteProvider)
	api.Handle(a, "GET "+one+"/aggregates", rule+"aggregates:list", http.StatusOK, s.listAggregates, api.Between("1.1", ""))
	api.Handle(a, "PUT "+one+"/aggregates", rule+"aggregates:update", http.StatusOK, s.setAggregates, api.Between("1.1", ""))
	api.Handle(a, "GET "+one+"/allocations", rule+"allocations:list", http.StatusOK, s.providerAllocations)
	api.Handle(a, "GET "+one+"/usages", rule+"usages", http.StatusOK, s.providerUsages)
}

type provider struct {
	UUID       string     `json:"uuid"`
	Name       string     `json:"name"`
	Generation int        `json:"generation"`
	Links      []api.Link `json:"links"`
	ParentID   *string    `json:"parent_provider_uuid" since:"1.14"`
	RootID     string     `json:"root_provider_uuid" since:"1.14"`
}

// parts are what a provider's links lead to, each with the minor version that brought it.
var parts = []struct {
	name  string
	since int
}{{"inventories", 0}, {"usages", 0}, {"aggregates", 1}, {"traits", 6}, {"allocations", 11}}

func showProvider(at api.Version, p *view.Provider) provider {
	self := "/placement/resource_providers/" + p.ID
	out := provider{UUID: p.ID, Name: p.Name, Generation: p.Generation, RootID: p.RootID, ParentID: optional(p.ParentID),
		Links: []api.Link{{Rel: "self", Href: self}}}
	for _, part := range parts {
		if !at.Before(1, part.since) {
			out.Links = append(out.Links, api.Link{Rel: part.name, Href: self + "/" + part.name})
		}
	}
	return out
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

type providerOut struct {
	Fresh
	Body provider
}

type createProviderIn struct {
	Body struct {
		Name     string  `json:"name" minLength:"1" maxLength:"200"`
		UUID     string  `json:"uuid,omitempty" maxLength:"36"`
		ParentID *string `json:"parent_provider_uuid,omitempty" nullable:"true" maxLength:"36" since:"1.14"`
	}
}

func (s *Service) createProvider(ctx context.Context, in *createProviderIn) (*reply, error) {
	c := cmd.CreateProvider{Name: in.Body.Name}
	var err error
	if c.ParentID, err = parentOf(in.Body.ParentID); err != nil {
		return nil, err
	}
	if in.Body.UUID == "" {
		c.ID = api.NewID(ctx)
	} else if c.ID, err = idOf("uuid", in.Body.UUID); err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	out := &reply{Status: http.StatusCreated, Location: api.Root(ctx) + "/resource_providers/" + c.ID}
	if at := api.From(ctx).Version; !at.Before(1, 20) {
		p, _ := w.Placement.Providers.Get(c.ID)
		out.Status, out.Fresh, out.Body = http.StatusOK, asOf(ctx, p.UpdatedAt), showProvider(at, &p)
	}
	return out, nil
}

func parentOf(sent *string) (string, error) {
	if sent == nil {
		return "", nil
	}
	return idOf("parent_provider_uuid", *sent)
}

func (s *Service) showProvider(ctx context.Context, in *providerID) (*providerOut, error) {
	p, err := providerOf(api.World(ctx), in.UUID)
	if err != nil {
		return nil, err
	}
	return &providerOut{asOf(ctx, p.UpdatedAt), showProvider(api.From(ctx).Version, &p)}, nil
}

type changeProviderIn struct {
	UUID string `path:"uuid" maxLength:"255"`
	Body struct {
		Name     string  `json:"name" minLength:"1" maxLength:"200"`
		ParentID *string `json:"parent_provider_uuid,omitempty" nullable:"true" maxLength:"36" since:"1.14"`
	}
}

func (s *Service) changeProvider(ctx context.Context, in *changeProviderIn) (*providerOut, error) {
	at := api.From(ctx).Version
	parent, err := parentOf(in.Body.ParentID)
	if err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, cmd.ChangeProvider{ID: in.UUID, Name: in.Body.Name, ParentID: parent,
		Parented: api.Sent(ctx, "parent_provider_uuid"), Again: !at.Before(1, 37)})
	if err != nil {
		return nil, err
	}
	p, _ := w.Placement.Providers.Get(in.UUID)
	return &providerOut{asOf(ctx, p.UpdatedAt), showProvider(at, &p)}, nil
}

func (s *Service) deleteProvider(ctx context.Context, in *providerID) (*api.Empty, error) {
	_, err := s.Do(ctx, cmd.DeleteProvider{ID: in.UUID})
	return &api.Empty{}, err
}

type aggregatesOut struct {
	Fresh
	Body struct {
		Aggregates []string `json:"aggregates"`
		Generation int      `json:"resource_provider_generation" since:"1.19"`
	}
}

func showAggregates(ctx context.Context, p *view.Provider) *aggregatesOut {
	out := &aggregatesOut{Fresh: asOf(ctx, time.Time{})}
	out.Body.Aggregates, out.Body.Generation = p.Aggregates, p.Generation
	return out
}

func (s *Service) listAggregates(ctx context.Context, in *providerID) (*aggregatesOut, error) {
	p, err := providerOf(api.World(ctx), in.UUID)
	if err != nil {
		return nil, err
	}
	return showAggregates(ctx, &p), nil
}
