package image

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	view "skylog/projections/image"
)

// CachedFile is a file in a compute host's cache. It is known by the beginning
// of its SHA-512: several images may have the same bytes.
type CachedFile struct {
	Hash, Format string
	SizeBytes    int64
	Hits         int
	UsedAt       time.Time // last, or when it came if it never was
}

// Cache is what a compute host has of images' bytes.
type Cache interface {
	Cached() ([]CachedFile, error)
	// Queued are the images that wait for being brought there, in their order.
	Queued() []string
	// Queue has an image brought there; it may refuse.
	Queue(i view.Image) error
	Unqueue(id string)
	// Drop removes a file; it refuses one that a machine needs.
	Drop(f CachedFile) error
}

func (s *Service) mountCache(a huma.API) {
	api.Handle(a, "GET /cache", "cache_list", http.StatusOK, s.showCache, api.PresentOnly)
	api.Handle(a, "PUT /cache/{id}", "cache_image", http.StatusAccepted, s.queueImage, api.Unrehearsed)
	api.Handle(a, "DELETE /cache/{id}", "cache_delete", http.StatusNoContent, s.uncacheImage, api.Unrehearsed)
	api.Handle(a, "DELETE /cache", "cache_delete", http.StatusNoContent, s.clearCache, api.Unrehearsed)
}

// mayCache asks the operation's rule, and whether there is a cache at all.
func (s *Service) mayCache(ctx context.Context) error {
	if err := api.Allow(ctx, api.Target{}); err != nil {
		return err
	}
	if s.Cache == nil {
		return commands.Refuse(commands.NotFound, "Caching via API is not supported at this site.")
	}
	return nil
}

// cached goes through what is cached, as images. A file whose image was deleted
// is nobody's any more: it isn't shown, and goes when room is needed.
func (s *Service) cached(ctx context.Context, do func(view.Image, CachedFile)) error {
	files, err := s.Cache.Cached()
	if err != nil {
		return err
	}
	for _, f := range files {
		for i := range api.World(ctx).Image.Images.WithHash(f.Hash) {
			if i.Format == f.Format {
				do(i, f)
			}
		}
	}
	return nil
}

// seconds is a time as Glance's cache tells it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func (s *Service) showCache(ctx context.Context, _ *struct{}) (*documentOut, error) {
	if err := s.mayCache(ctx); err != nil {
		return nil, err
	}
	files := []object{}
	err := s.cached(ctx, func(i view.Image, f CachedFile) {
		used := 0.0 // never
		if f.Hits > 0 {
			used = seconds(f.UsedAt)
		}
		files = append(files, object{"image_id": i.ID, "hits": f.Hits, "last_accessed": used, "last_modified": seconds(f.UsedAt), "size": f.SizeBytes})
	})
	return &documentOut{object{"cached_images": files, "queued_images": s.Cache.Queued()}}, err
}

func (s *Service) queueImage(ctx context.Context, in *ByID) (*api.Empty, error) {
	if err := s.mayCache(ctx); err != nil {
		return nil, err
	}
	i, err := see(ctx, api.World(ctx), in.ID)
	switch {
	case err != nil:
		return nil, err
	case i.Status != view.Active:
		return nil, commands.Refuse(commands.Invalid, "Only images with status active can be targeted for queueing")
	}
	return &api.Empty{Status: http.StatusAccepted}, s.Cache.Queue(i)
}

func (s *Service) uncacheImage(ctx context.Context, in *ByID) (*api.Empty, error) {
	if err := s.mayCache(ctx); err != nil {
		return nil, err
	}
	queued := slices.Contains(s.Cache.Queued(), in.ID)
	if _, err := see(ctx, api.World(ctx), in.ID); err != nil && !queued {
		return nil, err
	}
	s.Cache.Unqueue(in.ID)
	var failed error
	err := s.cached(ctx, func(i view.Image, f CachedFile) {
		if i.ID == in.ID {
			failed = s.Cache.Drop(f)
		}
	})
	if err == nil {
		err = failed
	}
	return &api.Empty{Status: http.StatusNoContent}, err
}

type clearIn struct {
	Target string `header:"X-Image-Cache-Clear-Target"`
}

// clearCache empties cache and queue, or one of them. What machines need stays.
func (s *Service) clearCache(ctx context.Context, in *clearIn) (*api.Empty, error) {
	if err := s.mayCache(ctx); err != nil {
		return nil, err
	}
	target := strings.ToLower(in.Target)
	if !slices.Contains([]string{"", "cache", "queue"}, target) {
		return nil, commands.Refuse(commands.Invalid, "If provided 'x-image-cache-clear-target' must be 'cache', 'queue' or empty string.")
	}
	if target != "cache" {
		for _, id := range s.Cache.Queued() {
			s.Cache.Unqueue(id)
		}
	}
	if target == "queue" {
		return &api.Empty{Status: http.StatusNoContent}, nil
	}
	files, err := s.Cache.Cached()
	for _, f := range files {
		if failed := s.Cache.Drop(f); failed != nil {
			if _, refused := commands.Refused(failed); !refused {
				err = failed
			}
		}
	}
	return &api.Empty{Status: http.StatusNoContent}, err
}
