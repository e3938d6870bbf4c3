package identity

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

func (s *Service) mountDomains(a huma.API) {
	const path, rule = "/domains", "identity:"
	api.Handle(a, "POST "+path, rule+"create_domain", http.StatusCreated, s.createDomain)
	api.Handle(a, "GET "+path, rule+"list_domains", http.StatusOK, s.listDomains)
	api.Handle(a, "GET "+path+"/{id}", rule+"get_domain", http.StatusOK, s.showDomain)
	api.Handle(a, "PATCH "+path+"/{id}", rule+"update_domain", http.StatusOK, s.changeDomain)
	api.Handle(a, "DELETE "+path+"/{id}", rule+"delete_domain", http.StatusNoContent, s.deleteDomain)
}

// ByID is embedded in the input of operations on one thing. Embedded inputs are exported, or huma would not see into them.
type ByID struct {
	ID string `path:"id" maxLength:"255"`
}

type (
	createDomain struct {
		Name        string   `json:"name" minLength:"1" maxLength:"64"`
		Description string   `json:"description,omitempty" maxLength:"65535"`
		Enabled     *bool    `json:"enabled,omitempty"`
		Options     *options `json:"options,omitempty"`
		ExplicitID  string   `json:"explicit_domain_id,omitempty" pattern:"^[0-9a-f]{32}$"`
	}
	changeDomain struct {
		Name        *string  `json:"name,omitempty" minLength:"1" maxLength:"64"`
		Description *string  `json:"description,omitempty" maxLength:"65535"`
		Enabled     *bool    `json:"enabled,omitempty"`
		Options     *options `json:"options,omitempty"`
	}
	domain struct {
		ID          string   `json:"id"`
		Name        string   `json:"name"`
		Description string   `json:"description"`
		Enabled     bool     `json:"enabled"`
		Tags        []string `json:"tags"`
		Options     options  `json:"options"`
		Links       self     `json:"links"`
	}
	oneDomain[T any] struct {
		Domain with[T] `json:"domain"`
	}
	createDomainIn struct{ Body oneDomain[createDomain] }
	changeDomainIn struct {
		ByID
		Body oneDomain[changeDomain]
	}
	domainOut  struct{ Body oneDomain[domain] }
	domainsOut struct {
		Body struct {
			Domains []with[domain] `json:"domains"`
			Links   api.Links      `json:"links"`
		}
	}
	listDomainsIn struct {
		api.Paging
		Name string `query:"name"`
	}
)

func showDomain(ctx context.Context, d view.Domain) with[domain] {
	return with[domain]{Extra: d.Extra, Known: domain{ID: d.ID, Name: d.Name, Description: d.Description, Enabled: d.Enabled,
		Tags: []string{}, Options: shownOptions(d.Immutable), Links: link(ctx, "domains", d.ID)}}
}

func (s *Service) createDomain(ctx context.Context, in *createDomainIn) (*domainOut, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	want := in.Body.Domain.Known
	id := want.ExplicitID
	if id == "" {
		id = api.NewHexID(ctx)
	}
	w, err := s.Do(ctx, cmd.CreateDomain{ID: id, Name: want.Name, Description: want.Description, Enabled: yes(want.Enabled),
		Immutable: value(want.Options.immutable()), Extra: in.Body.Domain.Extra})
	if err != nil {
		return nil, err
	}
	d, _ := w.Identity.Domains.Get(id)
	return &domainOut{oneDomain[domain]{showDomain(ctx, d)}}, nil
}

func (s *Service) listDomains(ctx context.Context, in *listDomainsIn) (*domainsOut, error) {
	who, t := api.From(ctx), &api.World(ctx).Identity
	if err := allow(ctx, map[string]string{"target.domain.id": who.DomainID}); err != nil {
		return nil, err
	}
	passes := filters(ctx, "name")
	found := where(rows(t.Domains.From(in.Marker)), func(d *view.Domain) bool {
		return d.ID != in.Marker && (who.DomainID == "" || who.DomainID == d.ID) &&
			passes(d.Name) && enabledAs(ctx, d.Enabled)
	})
	out := &domainsOut{}
	var err error
	out.Body.Domains, out.Body.Links, err = page(ctx, in.Paging, found, func(d *view.Domain) string { return d.ID }, showDomain)
	return out, err
}

// domainFor finds a domain and asks whether the caller may do this to it.
func domainFor(ctx context.Context, id string) (view.Domain, error) {
	d, ok := api.World(ctx).Identity.Domains.Get(id)
	if err := allow(ctx, map[string]string{"target.domain.id": d.ID}); err != nil {
		return d, err
	}
	if !ok {
		return d, missing("domain", id)
	}
	return d, nil
}

func (s *Service) showDomain(ctx context.Context, in *ByID) (*domainOut, error) {
	d, err := domainFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &domainOut{oneDomain[domain]{showDomain(ctx, d)}}, nil
}

func (s *Service) changeDomain(ctx context.Context, in *changeDomainIn) (*domainOut, error) {
	if _, err := domainFor(ctx, in.ID); err != nil {
		return nil, err
	}
	want := &in.Body.Domain
	w, err := s.Do(ctx, cmd.ChangeDomain{ID: in.ID, Name: want.Known.Name, Description: cleared(want, "description", want.Known.Description),
		Enabled: want.Known.Enabled, Immutable: want.Known.Options.immutable(), Extra: want.Extra})
	if err != nil {
		return nil, err
	}
	d, _ := w.Identity.Domains.Get(in.ID)
	return &domainOut{oneDomain[domain]{showDomain(ctx, d)}}, nil
}

func (s *Service) deleteDomain(ctx context.Context, in *ByID) (*api.Empty, error) {
	if _, err := domainFor(ctx, in.ID); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.DeleteDomain{ID: in.ID}))
}
