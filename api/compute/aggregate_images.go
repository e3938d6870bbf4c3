package compute

import (
	"context"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
)

type (
	cacheImagesIn struct {
		ID   string `path:"id" maxLength:"255"`
		Body struct {
			Cache []cachedImage `json:"cache" minItems:"1" maxItems:"100"`
		}
	}
	cachedImage struct {
		ID string `json:"id" format:"uuid"`
	}
)

// cacheImages has the hosts of an aggregate bring images ahead of the servers that
// need them. They are asked once: one that goes down meanwhile has forgotten it.
func (s *Service) cacheImages(ctx context.Context, in *cacheImagesIn) (*api.Empty, error) {
	a, err := findAggregate(api.World(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	c := cmd.CacheImages{ID: a.ID}
	sent := map[string]bool{}
	for _, i := range in.Body.Cache {
		if sent[i.ID] {
			return nil, commands.Refuse(commands.Invalid, "Duplicate images in request")
		}
		sent[i.ID] = true
		c.Images = append(c.Images, i.ID)
	}
	w, err := s.Do(ctx, c)
	if err != nil || api.Rehearsing(ctx) {
		return &api.Empty{}, err
	}
	for _, name := range a.Hosts {
		if h, ok := w.Compute.Hosts.Get(name); !ok || !h.Alive() {
			continue
		}
		for _, id := range c.Images {
			if i, ok := w.Image.Images.Get(id); ok {
				s.Bring(name, i)
			}
		}
	}
	return &api.Empty{}, nil
}
