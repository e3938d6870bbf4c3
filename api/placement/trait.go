package placement

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/placement"
	"skylog/projections"
	view "skylog/projections/placement"
)

func (s *Service) mountTraits(a huma.API) {
	const path, one, rule = "/traits", "/traits/{name}", "placement:traits:"
	since := api.Between("1.6", "")
	api.Handle(a, "GET "+path, rule+"list", http.StatusOK, s.listTraits, since)
	api.Handle(a, "GET "+one, rule+"show", http.StatusNoContent, s.showTrait, since)
	api.Handle(a, "PUT "+one, rule+"update", http.StatusCreated, s.createTrait, since)
	api.Handle(a, "DELETE "+one, rule+"delete", http.StatusNoContent, s.deleteTrait, since)

	const of, ofRule = "/resource_providers/{uuid}/traits", "placement:resource_providers:traits:"
	api.Handle(a, "GET "+of, ofRule+"list", http.StatusOK, s.providerTraits, since)
	api.Handle(a, "PUT "+of, ofRule+"update", http.StatusOK, s.setTraits, since)
	api.Handle(a, "DELETE "+of, ofRule+"delete", http.StatusNoContent, s.removeTraits, since)
}

// customName is what clients' own classes and traits are called.
var customName = regexp.MustCompile(`^CUSTOM_[A-Z0-9_]{1,248}$`)

type (
	traitName struct {
		Name string `path:"name" maxLength:"255"`
	}
	traitsIn struct {
		Name       string `query:"name" maxLength:"16000" doc:"in:NAME,NAME or startswith:PREFIX"`
		Associated string `query:"associated" maxLength:"5" doc:"only those that providers have, or have not"`
	}
	traitsOut struct {
		Fresh
		Body struct {
			Traits []string `json:"traits"`
		}
	}
)

func (s *Service) listTraits(ctx context.Context, in *traitsIn) (*traitsOut, error) {
	if err := known(ctx, map[string]int{"name": 6, "associated": 6}); err != nil {
		return nil, err
	}
	w := api.World(ctx)
	want, err := traitFilter(w, in)
	if err != nil {
		return nil, err
	}
	out := &traitsOut{Fresh: asOf(ctx, time.Time{})}
	for _, name := range view.StandardTraits {
		if want(name) {
			out.Body.Traits = append(out.Body.Traits, name)
		}
	}
	for name := range w.Placement.Traits.All() { // bounded: clients may make only so many
		if want(name) {
			out.Body.Traits = append(out.Body.Traits, name)
		}
	}
	return out, nil
}

// traitFilter reads which traits are asked for.
func traitFilter(w *projections.World, in *traitsIn) (func(string) bool, error) {
	named := func(string) bool { return true }
	if in.Name != "" {
		op, value, ok := strings.Cut(in.Name, ":")
		if !ok {
			return nil, commands.Refuse(commands.Invalid, "Badly formatted name parameter. Expected name query string parameter in form: "+
				"?name=[in|startswith]:[name1,name2|prefix]. Got: %q", in.Name)
		}
		switch op {
		case "in":
			names := strings.Split(value, ",")
			named = func(name string) bool { return slices.Contains(names, name) }
		case "startswith":
			named = func(name string) bool { return strings.HasPrefix(name, value) }
		}
	}
	switch strings.ToLower(in.Associated) {
	case "":
		return named, nil
	case "true", "false":
		had := strings.ToLower(in.Associated) == "true"
		return func(name string) bool { return named(name) && w.Placement.Providers.HasTrait(name) == had }, nil
	}
	return nil, commands.Refuse(commands.Invalid, `The query parameter "associated" only accepts "true" or "false"`)
}

func (s *Service) showTrait(ctx context.Context, in *traitName) (*reply, error) {
	w := api.World(ctx)
	if !w.Placement.HasTrait(in.Name) {
		return nil, commands.Refuse(commands.NotFound, "No such trait(s): %.255s.", in.Name)
	}
	made, _ := w.Placement.Traits.Get(in.Name)
	return &reply{Status: http.StatusNoContent, Fresh: asOf(ctx, made.CreatedAt)}, nil
}

func (s *Service) createTrait(ctx context.Context, in *traitName) (*reply, error) {
	if !customName.MatchString(in.Name) {
		return nil, commands.Refuse(commands.Invalid, "The trait is invalid. A valid trait must be no longer than 255 characters, "+
			`start with the prefix "CUSTOM_" and use following characters: "A"-"Z", "0"-"9" and "_"`)
	}
	status := http.StatusCreated
	if api.World(ctx).Placement.HasTrait(in.Name) {
		status = http.StatusNoContent
	}
	w, err := s.Do(ctx, cmd.CreateTrait{Name: in.Name})
	if err != nil {
		return nil, err
	}
	made, _ := w.Placement.Traits.Get(in.Name)
	return &reply{Status: status, Location: api.Root(ctx) + "/traits/" + in.Name, Fresh: asOf(ctx, made.CreatedAt)}, nil
}

func (s *Service) deleteTrait(ctx context.Context, in *traitName) (*api.Empty, error) {
	_, err := s.Do(ctx, cmd.DeleteTrait{Name: in.Name})
	return &api.Empty{}, err
}

type providerTraitsOut struct {
	Fresh
	Body struct {
		Traits     []string `json:"traits"`
		Generation int      `json:"resource_provider_generation"`
	}
}

func showTraits(ctx context.Context, p *view.Provider) *providerTraitsOut {
	out := &providerTraitsOut{Fresh: asOf(ctx, p.UpdatedAt)}
	out.Body.Traits, out.Body.Generation = p.Traits, p.Generation
	return out
}

func (s *Service) providerTraits(ctx context.Context, in *providerID) (*providerTraitsOut, error) {
	p, err := providerOf(api.World(ctx), in.UUID)
	if err != nil {
		return nil, err
	}
	return showTraits(ctx, &p), nil
}

type setTraitsIn struct {
	UUID string `path:"uuid" maxLength:"255"`
	Body struct {
		Generation int      `json:"resource_provider_generation"`
		Traits     []string `json:"traits" maxItems:"512"`
	}
}

func (s *Service) setTraits(ctx context.Context, in *setTraitsIn) (*providerTraitsOut, error) {
	w, err := s.Do(ctx, cmd.SetTraits{ProviderID: in.UUID, Generation: &in.Body.Generation, Traits: in.Body.Traits})
	if err != nil {
		return nil, err
	}
	p, _ := w.Placement.Providers.Get(in.UUID)
	return showTraits(ctx, &p), nil
}

func (s *Service) removeTraits(ctx context.Context, in *providerID) (*api.Empty, error) {
	_, err := s.Do(ctx, cmd.SetTraits{ProviderID: in.UUID})
	return &api.Empty{}, err
}
