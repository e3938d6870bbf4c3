package identity

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

func (s *Service) mountRegions(a huma.API) {
	const path, rule = "/regions", "identity:"
	api.Handle(a, "POST "+path, rule+"create_region", http.StatusCreated, s.createRegion)
	api.Handle(a, "GET "+path, rule+"list_regions", http.StatusOK, s.listRegions)
	api.Handle(a, "GET "+path+"/{id}", rule+"get_region", http.StatusOK, s.showRegion)
	api.Handle(a, "PUT "+path+"/{id}", rule+"create_region", http.StatusCreated, s.putRegion)
	api.Handle(a, "PATCH "+path+"/{id}", rule+"update_region", http.StatusOK, s.changeRegion)
	api.Handle(a, "DELETE "+path+"/{id}", rule+"delete_region", http.StatusNoContent, s.deleteRegion)
}

type (
	createRegion struct {
		ID          string  `json:"id,omitempty" maxLength:"255"`
		ParentID    *string `json:"parent_region_id,omitempty" maxLength:"255"`
		Description *string `json:"description,omitempty" maxLength:"255"`
	}
	changeRegion struct {
		ID          *string `json:"id,omitempty" maxLength:"255"`
		ParentID    *string `json:"parent_region_id,omitempty" maxLength:"255"`
		Description *string `json:"description,omitempty" maxLength:"255"`
	}
	region struct {
		ID          string  `json:"id"`
		ParentID    *string `json:"parent_region_id"`
		Description string  `json:"description"`
		Links       self    `json:"links"`
	}
	oneRegion[T any] struct {
		Region with[T] `json:"region"`
	}
	createRegionIn struct{ Body oneRegion[createRegion] }
	putRegionIn    struct {
		ByID
		Body oneRegion[createRegion]
	}
	changeRegionIn struct {
		ByID
		Body oneRegion[changeRegion]
	}
	regionOut  struct{ Body oneRegion[region] }
	regionsOut struct {
		Body struct {
			Regions []with[region] `json:"regions"`
			Links   api.Links      `json:"links"`
		}
	}
	listRegionsIn struct {
		api.Paging
		ParentID string `query:"parent_region_id"`
	}
)

func showRegion(ctx context.Context, r view.Region) with[region] {
	return with[region]{Extra: r.Extra, Known: region{r.ID, orNull(r.ParentID), r.Description, link(ctx, "regions", r.ID)}}
}

func (s *Service) createRegion(ctx context.Context, in *createRegionIn) (*regionOut, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	want := in.Body.Region.Known
	id := want.ID
	if id == "" {
		id = api.NewHexID(ctx)
	}
	w, err := s.Do(ctx, cmd.CreateRegion{ID: id, ParentID: value(want.ParentID), Description: value(want.Description), Extra: in.Body.Region.Extra})
	if err != nil {
		return nil, err
	}
	r, _ := w.Identity.Regions.Get(id)
	return &regionOut{oneRegion[region]{showRegion(ctx, r)}}, nil
}

// putRegion makes a region whose id stands in the address.
func (s *Service) putRegion(ctx context.Context, in *putRegionIn) (*regionOut, error) {
	if sent := in.Body.Region.Known.ID; sent != "" && sent != in.ID {
		return nil, malformed("The region's id in the body isn't that of the address.")
	}
	in.Body.Region.Known.ID = in.ID
	return s.createRegion(ctx, &createRegionIn{in.Body})
}

func (s *Service) listRegions(ctx context.Context, in *listRegionsIn) (*regionsOut, error) {
	t := &api.World(ctx).Identity
	found := where(rows(t.Regions.From(in.Marker)), func(r *view.Region) bool {
		return r.ID != in.Marker && (in.ParentID == "" || r.ParentID == in.ParentID)
	})
	out := &regionsOut{}
	var err error
	out.Body.Regions, out.Body.Links, err = page(ctx, in.Paging, found, func(r *view.Region) string { return r.ID }, showRegion)
	return out, err
}

func regionFor(ctx context.Context, id string) (view.Region, error) {
	r, ok := api.World(ctx).Identity.Regions.Get(id)
	if err := allow(ctx, nil); err != nil {
		return r, err
	}
	if !ok {
		return r, missing("region", id)
	}
	return r, nil
}

func (s *Service) showRegion(ctx context.Context, in *ByID) (*regionOut, error) {
	r, err := regionFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &regionOut{oneRegion[region]{showRegion(ctx, r)}}, nil
}

func (s *Service) changeRegion(ctx context.Context, in *changeRegionIn) (*regionOut, error) {
	if _, err := regionFor(ctx, in.ID); err != nil {
		return nil, err
	}
	want := &in.Body.Region
	w, err := s.Do(ctx, cmd.ChangeRegion{ID: in.ID, ParentID: cleared(want, "parent_region_id", want.Known.ParentID),
		Description: cleared(want, "description", want.Known.Description), Extra: want.Extra})
	if err != nil {
		return nil, err
	}
	r, _ := w.Identity.Regions.Get(in.ID)
	return &regionOut{oneRegion[region]{showRegion(ctx, r)}}, nil
}

func (s *Service) deleteRegion(ctx context.Context, in *ByID) (*api.Empty, error) {
	if _, err := regionFor(ctx, in.ID); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.DeleteRegion{ID: in.ID}))
}
