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

func (s *Service) mountRegions(a huma.API) {
	s.regions().mount(a)
	api.Handle(a, "PUT /regions/{id}", "identity:create_region", http.StatusCreated, s.putRegion)
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
)

func (createRegion) keys() (string, string) { return "region", "regions" }
func (changeRegion) keys() (string, string) { return "region", "regions" }
func (region) keys() (string, string)       { return "region", "regions" }

func showRegion(ctx context.Context, r view.Region) with[region] {
	return with[region]{Extra: r.Extra, Known: region{r.ID, orNull(r.ParentID), r.Description, link(ctx, "regions", r.ID)}}
}

func (s *Service) regions() resource[view.Region, createRegion, changeRegion, region] {
	return resource[view.Region, createRegion, changeRegion, region]{
		Service: s, path: "/regions", name: "region", what: "region",
		get:  func(t *view.Tables, id string) (view.Region, bool) { return t.Regions.Get(id) },
		show: showRegion, id: func(r *view.Region) string { return r.ID },
		make: func(ctx context.Context, in *with[createRegion]) (wish, error) {
			id, want := in.Known.ID, in.Known
			if id == "" {
				id = api.NewHexID(ctx)
			}
			return wish{id: id, do: []commands.Command{cmd.CreateRegion{ID: id, ParentID: value(want.ParentID),
				Description: value(want.Description), Extra: in.Extra}}}, nil
		},
		change: func(_ context.Context, r view.Region, in *with[changeRegion]) (commands.Command, error) {
			return cmd.ChangeRegion{ID: r.ID, ParentID: cleared(in, "parent_region_id", in.Known.ParentID),
				Description: cleared(in, "description", in.Known.Description), Extra: in.Extra}, nil
		},
		delete: func(r view.Region) commands.Command { return cmd.DeleteRegion{ID: r.ID} },
		all: func(ctx context.Context, t *view.Tables, marker string) iter.Seq[view.Region] {
			passes := filters(ctx, "parent_region_id")
			return where(rows(t.Regions.From(marker)), func(r *view.Region) bool { return r.ID != marker && passes(r.ParentID) })
		},
	}
}

// putRegion makes a region whose id stands in the address.
func (s *Service) putRegion(ctx context.Context, in *patchIn[createRegion]) (*oneOut[region], error) {
	if sent := in.Body.Known.ID; sent != "" && sent != in.ID {
		return nil, malformed("The region's id in the body isn't that of the address.")
	}
	in.Body.Known.ID = in.ID
	return s.regions().post(ctx, &oneIn[createRegion]{in.Body})
}
