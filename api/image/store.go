package image

import (
	"context"
	"math"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/image"
	view "skylog/projections/image"
)

func (s *Service) mountStores(a huma.API) {
	api.Handle(a, "GET /info/import", api.Authenticated, http.StatusOK, func(context.Context, *struct{}) (*documentOut, error) {
		return &documentOut{object{"import-methods": object{"description": "Import methods available.", "type": "array", "value": s.methods()}}}, nil
	})
	api.Handle(a, "GET /info/stores", api.Authenticated, http.StatusOK, func(context.Context, *struct{}) (*documentOut, error) {
		return &documentOut{object{"stores": s.showStores(false)}}, nil
	})
	api.Handle(a, "GET /info/stores/detail", "stores_info_detail", http.StatusOK, func(context.Context, *struct{}) (*documentOut, error) {
		return &documentOut{object{"stores": s.showStores(true)}}, nil
	})
	api.Handle(a, "GET /info/usage", api.Authenticated, http.StatusOK, s.showUsage)
	api.Handle(a, "DELETE /stores/{store}/{id}", "delete_image_location", http.StatusNoContent, s.dropFromStore)
}

// store is one of the stores, by its name.
func (s *Service) store(name string) (NamedStore, bool) {
	for _, one := range s.Stores {
		if one.Name == name {
			return one, true
		}
	}
	return NamedStore{}, false
}

func (s *Service) storeNames() (names []string) {
	for _, one := range s.Stores {
		names = append(names, one.Name)
	}
	return names
}

// showStores tells of the stores. What is said of the default one is a text in
// Glance, too.
func (s *Service) showStores(detailed bool) []object {
	var all []object
	for n, one := range s.Stores {
		shown := object{"id": one.Name}
		if one.Description != "" {
			shown["description"] = one.Description
		}
		if n == 0 {
			shown["default"] = "true"
		}
		if detailed {
			shown["type"], shown["weight"] = "file", 0
			shown["properties"] = object{"data_dir": one.Dir, "chunk_size": chunk, "thin_provisioning": false}
		}
		all = append(all, shown)
	}
	return all
}

// showUsage tells what the caller's project has of what is limited.
func (s *Service) showUsage(ctx context.Context, _ *struct{}) (*documentOut, error) {
	project := api.From(ctx).ProjectID
	if project == "" {
		return nil, commands.Refuse(commands.Forbidden, "Usage is a project's: ask with a token of one.")
	}
	w := api.World(ctx)
	images := &w.Image.Images
	of := func(name string, otherwise, usage int64) object {
		limit := w.Limit(project, "image", name, otherwise)
		if limit == math.MaxInt64 {
			limit = -1
		}
		return object{"limit": limit, "usage": usage}
	}
	const mebi = 1 << 20
	usage := object{}
	for name, one := range map[string][2]int64{
		"image_size_total":      {s.ProjectBytes / mebi, images.BytesOf(project) / mebi},
		"image_stage_total":     {view.MaxStaged / mebi, images.StagedOf(project) / mebi},
		"image_count_total":     {view.MaxImages, int64(images.CountOf(project))},
		"image_count_uploading": {view.MaxUploads, int64(images.UploadsOf(project))},
	} {
		usage[name] = of(name, one[0], one[1])
	}
	return &documentOut{object{"usage": usage}}, nil
}

type dropIn struct {
	ByID
	Store string `path:"store" maxLength:"255"`
}

// dropFromStore removes the bytes once the log says that they are needed no more.
func (s *Service) dropFromStore(ctx context.Context, in *dropIn) (*api.Empty, error) {
	from, ok := s.store(in.Store)
	if !ok {
		return nil, commands.Refuse(commands.Conflict, "The selected store %s is not available on this node.", in.Store)
	}
	i, err := may(ctx, in.ID, "get_image_location")
	if err != nil {
		return nil, err
	}
	if _, err := s.do(ctx, in.ID, "delete_image_location", cmd.DropFromStore{ID: in.ID, Store: in.Store}); err != nil {
		return nil, err
	}
	if api.Rehearsing(ctx) {
		return &api.Empty{Status: http.StatusNoContent}, nil
	}
	if err := from.Remove(i.Blob); err != nil {
		return nil, err
	}
	return &api.Empty{Status: http.StatusNoContent}, nil
}
