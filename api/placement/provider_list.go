package placement

import (
	"context"
	"iter"

	"skylog/api"
	"skylog/projections"
	view "skylog/projections/placement"
)

type (
	providersIn struct {
		api.Paging
		Name      string   `query:"name" maxLength:"200"`
		UUID      string   `query:"uuid" maxLength:"36"`
		InTree    string   `query:"in_tree" maxLength:"36" since:"1.14" doc:"a provider of the tree"`
		MemberOf  []string `query:"member_of,explode" maxItems:"100" since:"1.3" doc:"an aggregate, in:ID,ID, !ID or !in:ID,ID"`
		Resources string   `query:"resources" maxLength:"16000" since:"1.4" doc:"VCPU:2,MEMORY_MB:512"`
		Required  []string `query:"required,explode" maxItems:"100" since:"1.18" doc:"NAME,!NAME or in:NAME,NAME"`
	}
	providersOut struct {
		Fresh
		Body struct {
			Providers []provider `json:"resource_providers"`
			Links     []api.Link `json:"resource_providers_links,omitempty"`
		}
	}
)

// maxLooks is how many providers are looked at for one page.
const maxLooks = 10000

// listProviders shows a page of the providers that are asked for. Where there
// may be more, a link leads on, even from a page with fewer than were wanted.
func (s *Service) listProviders(ctx context.Context, in *providersIn) (*providersOut, error) {
	if err := known(ctx, map[string]int{"name": 0, "uuid": 0, "member_of": 3, "resources": 4, "in_tree": 14, "required": 18, "limit": 0, "marker": 0}); err != nil {
		return nil, err
	}
	w, at := api.World(ctx), api.From(ctx).Version
	size, err := in.Size(ctx)
	if err != nil {
		return nil, err
	}
	f, err := filterOf(ctx, w, "")
	if err != nil {
		return nil, err
	}
	if in.UUID != "" {
		if in.UUID, err = idOf("uuid", in.UUID); err != nil {
			return nil, err
		}
	}
	if in.Marker != "" && !w.Placement.Providers.Has(in.Marker) {
		return nil, api.BadMarker(in.Marker)
	}
	out := &providersOut{}
	var newest view.Provider
	looks, last := 0, ""
	for p := range providersLike(w, in, &f) {
		if looks++; len(out.Body.Providers) == size || looks > maxLooks {
			out.Body.Links = api.Next(ctx, true, last)
			break
		}
		last = p.ID
		if !in.wants(w, &p, &f) {
			continue
		}
		out.Body.Providers = append(out.Body.Providers, showProvider(at, &p))
		if p.UpdatedAt.After(newest.UpdatedAt) {
			newest = p
		}
	}
	out.Fresh = asOf(ctx, newest.UpdatedAt)
	return out, nil
}

// wants says whether a provider is one of those asked for.
func (in *providersIn) wants(w *projections.World, p *view.Provider, f *filter) bool {
	if in.Name != "" && in.Name != p.Name || in.UUID != "" && in.UUID != p.ID {
		return false
	}
	if f.inTree != "" {
		if other, ok := w.Placement.Providers.Get(f.inTree); !ok || other.RootID != p.RootID {
			return false
		}
	}
	return f.like(p, p) && f.room(w, p)
}

// providersLike goes through providers behind the marker, by the index that
// leaves the fewest to look at.
func providersLike(w *projections.World, in *providersIn, f *filter) iter.Seq[view.Provider] {
	t := &w.Placement.Providers
	one := func(p view.Provider, ok bool) iter.Seq[view.Provider] {
		return func(yield func(view.Provider) bool) {
			if ok && p.ID > in.Marker {
				yield(p)
			}
		}
	}
	switch {
	case in.UUID != "":
		return one(t.Get(in.UUID))
	case in.Name != "":
		return one(t.Named(in.Name))
	case f.inTree != "":
		p, _ := t.Get(f.inTree)
		return t.In(p.RootID, in.Marker)
	}
	for _, any := range f.memberOf {
		if len(any) == 1 {
			return t.Members(any[0], in.Marker)
		}
	}
	for _, any := range f.required {
		if len(any) == 1 {
			return t.WithTrait(any[0], in.Marker)
		}
	}
	if len(f.resources) > 0 {
		return giving(t, f.resources[0].Class, in.Marker)
	}
	return t.Behind(in.Marker)
}

// giving goes through those that give a class: the others first, then the compute hosts.
func giving(t *view.Providers, class, marker string) iter.Seq[view.Provider] {
	last, _ := t.Get(marker)
	return func(yield func(view.Provider) bool) {
		if last.Host == "" {
			for p := range t.Giving(view.Giver{Class: class}, marker) {
				if !yield(p) {
					return
				}
			}
			marker = ""
		}
		for p := range t.Giving(view.Giver{Class: class, Host: true}, marker) {
			if !yield(p) {
				return
			}
		}
	}
}
