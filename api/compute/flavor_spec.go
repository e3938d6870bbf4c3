package compute

import (
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
)

func (s *Service) mountFlavorSpecs(a huma.API) {
	const path, rule = "/flavors/{id}/os-extra_specs", "os_compute_api:os-flavor-extra-specs:"
	api.Handle(a, "GET "+path, rule+"index", http.StatusOK, s.listFlavorSpecs)
	api.Handle(a, "POST "+path, rule+"create", http.StatusOK, s.createFlavorSpecs)
	api.Handle(a, "GET "+path+"/{key}", rule+"show", http.StatusOK, s.showFlavorSpec)
	api.Handle(a, "PUT "+path+"/{key}", rule+"update", http.StatusOK, s.updateFlavorSpec)
	api.Handle(a, "DELETE "+path+"/{key}", rule+"delete", http.StatusOK, s.deleteFlavorSpec)

	const access = "os_compute_api:os-flavor-access"
	api.Handle(a, "GET /flavors/{id}/os-flavor-access", access, http.StatusOK, s.listFlavorAccess)
	actions := api.NewActions(a, "/flavors/{id}/action")
	api.On(actions, "addTenantAccess", access+":add_tenant_access", s.addTenantAccess)
	api.On(actions, "removeTenantAccess", access+":remove_tenant_access", s.removeTenantAccess)
}

type (
	specsBody struct {
		ExtraSpecs map[string]any `json:"extra_specs"`
	}
	specsIn struct {
		ID   string `path:"id" maxLength:"255"`
		Body specsBody
	}
	specsOut struct {
		Body struct {
			ExtraSpecs map[string]string `json:"extra_specs"`
		}
	}
	specKey struct {
		ID  string `path:"id" maxLength:"255"`
		Key string `path:"key" maxLength:"255"`
	}
	specIn struct {
		ID   string `path:"id" maxLength:"255"`
		Key  string `path:"key" maxLength:"255"`
		Body map[string]any
	}
	specOut struct{ Body map[string]string }
)

func (s *Service) listFlavorSpecs(ctx context.Context, in *flavorID) (*specsOut, error) {
	f, err := seenFlavor(ctx, in.ID)
	out := &specsOut{}
	out.Body.ExtraSpecs = f.ExtraSpecs
	return out, err
}

var specKeys = regexp.MustCompile(`^[a-zA-Z0-9\-_:. ]{1,255}$`)

// specValues checks what was sent as extra specs; numbers are kept as text.
func specValues(sent map[string]any) (map[string]string, error) {
	out := make(map[string]string, len(sent))
	for key, v := range sent {
		if !specKeys.MatchString(key) {
			return nil, commands.Refuse(commands.Invalid, "Invalid input for field/attribute extra_specs. Additional properties are not allowed ('%.255s' was unexpected)", key)
		}
		switch v := v.(type) {
		case string:
			out[key] = v
		case float64:
			out[key] = strconv.FormatFloat(v, 'f', -1, 64)
		default:
			return nil, commands.Refuse(commands.Invalid, "Invalid input for field/attribute %s. It is not of type 'string' or 'number'.", key)
		}
		if len(out[key]) > 255 {
			return nil, commands.Refuse(commands.Invalid, "Invalid input for field/attribute %s. It is too long.", key)
		}
	}
	return out, nil
}

func (s *Service) createFlavorSpecs(ctx context.Context, in *specsIn) (*specsOut, error) {
	specs, err := specValues(in.Body.ExtraSpecs)
	if err != nil {
		return nil, err
	}
	if _, err := s.Do(ctx, cmd.ChangeFlavorSpecs{ID: in.ID, Put: specs}); err != nil {
		return nil, err
	}
	out := &specsOut{}
	out.Body.ExtraSpecs = specs
	return out, nil
}

func (s *Service) showFlavorSpec(ctx context.Context, in *specKey) (*specOut, error) {
	f, err := seenFlavor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	v, ok := f.ExtraSpecs[in.Key]
	if !ok {
		return nil, commands.Refuse(commands.NotFound, "Flavor %s has no extra specs with key %s.", in.ID, in.Key)
	}
	return &specOut{map[string]string{in.Key: v}}, nil
}

func (s *Service) updateFlavorSpec(ctx context.Context, in *specIn) (*specOut, error) {
	specs, err := specValues(in.Body)
	if err != nil {
		return nil, err
	}
	if _, ok := specs[in.Key]; !ok || len(specs) != 1 {
		return nil, commands.Refuse(commands.Invalid, "Request body and URI mismatch")
	}
	_, err = s.Do(ctx, cmd.ChangeFlavorSpecs{ID: in.ID, Put: specs})
	return &specOut{specs}, err
}

func (s *Service) deleteFlavorSpec(ctx context.Context, in *specKey) (*api.Empty, error) {
	_, err := s.Do(ctx, cmd.ChangeFlavorSpecs{ID: in.ID, Delete: []string{in.Key}})
	return &api.Empty{Status: http.StatusOK}, err
}

type flavorAccess struct {
	FlavorID string `json:"flavor_id"`
	TenantID string `json:"tenant_id"`
}

type flavorAccessBody struct {
	FlavorAccess []flavorAccess `json:"flavor_access"`
}

type flavorAccessOut struct{ Body flavorAccessBody }

type tenant struct {
	Tenant string `json:"tenant" minLength:"1" maxLength:"255"`
}

func (s *Service) listFlavorAccess(ctx context.Context, in *flavorID) (*flavorAccessOut, error) {
	f, ok := api.World(ctx).Compute.Flavors.Get(in.ID)
	switch {
	case !ok:
		return nil, flavorMissing(in.ID)
	case f.Public:
		return nil, commands.Refuse(commands.NotFound, "Access list not available for public flavors.")
	}
	out := &flavorAccessOut{}
	for p := range api.World(ctx).Compute.Access.OfFlavor(in.ID) {
		out.Body.FlavorAccess = append(out.Body.FlavorAccess, flavorAccess{in.ID, p})
	}
	return out, nil
}

func (s *Service) addTenantAccess(ctx context.Context, id string, in *tenant) (*api.Respond, error) {
	return s.changeAccess(ctx, id, cmd.GrantFlavor{ID: id, ProjectID: in.Tenant})
}

func (s *Service) removeTenantAccess(ctx context.Context, id string, in *tenant) (*api.Respond, error) {
	return s.changeAccess(ctx, id, cmd.RevokeFlavor{ID: id, ProjectID: in.Tenant})
}

func (s *Service) changeAccess(ctx context.Context, id string, c commands.Command) (*api.Respond, error) {
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	body := flavorAccessBody{}
	for p := range w.Compute.Access.OfFlavor(id) {
		body.FlavorAccess = append(body.FlavorAccess, flavorAccess{id, p})
	}
	return &api.Respond{Status: http.StatusOK, Body: body}, nil
}

func keysOfMap[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
