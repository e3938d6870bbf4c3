package network

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/network"
	"skylog/projections"
)

func (s *Service) mountTags(a huma.API) {
	mountTagsOf(s, a, networks)
	mountTagsOf(s, a, subnets)
	mountTagsOf(s, a, ports)
	mountTagsOf(s, a, groups)
	mountTagsOf(s, a, groupRules)
}

type (
	tagIn struct {
		IDIn
		Tag string `path:"tag" maxLength:"255"`
	}
	tagsIn struct {
		IDIn
		Body tagsBody
	}
	tagsBody struct {
		Tags []string `json:"tags"`
	}
	tagsOut struct{ Body tagsBody }
)

// mountTagsOf mounts the tags of one kind of things.
func mountTagsOf[R any](s *Service, a huma.API, k *kind[R]) {
	path := k.path() + "/{id}/tags"
	see, change, remove := "get_"+k.plural+"_tags", "update_"+k.plural+"_tags", "delete_"+k.plural+"_tags"
	do := func(ctx context.Context, c cmd.ChangeTags, rule string) (*projections.World, error) {
		if _, err := k.reach(ctx, api.World(ctx), c.ID, rule); err != nil {
			return nil, err
		}
		var err error
		c.Kind = k.plural
		if c.Revision, err = revision(ctx); err != nil {
			return nil, err
		}
		return s.Do(ctx, c)
	}
	api.Handle(a, "GET "+path, see, http.StatusOK, func(ctx context.Context, in *IDIn) (*tagsOut, error) {
		w := api.World(ctx)
		tags, err := k.tags(ctx, w, in.ID, see)
		return &tagsOut{tagsBody{list(tags)}}, err
	})
	api.Handle(a, "PUT "+path, change, http.StatusOK, func(ctx context.Context, in *tagsIn) (*tagsOut, error) {
		all := list(in.Body.Tags)
		if err := checkTags(all...); err != nil {
			return nil, err
		}
		w, err := do(ctx, cmd.ChangeTags{ID: in.ID, All: &all}, change)
		if err != nil {
			return nil, err
		}
		tags, err := k.tags(ctx, w, in.ID, see)
		return &tagsOut{tagsBody{list(tags)}}, err
	})
	api.Handle(a, "DELETE "+path, remove, http.StatusNoContent, func(ctx context.Context, in *IDIn) (*api.Empty, error) {
		_, err := do(ctx, cmd.ChangeTags{ID: in.ID, All: &[]string{}}, remove)
		return &api.Empty{Status: http.StatusNoContent}, err
	})
	api.Handle(a, "GET "+path+"/{tag}", see, http.StatusNoContent, func(ctx context.Context, in *tagIn) (*api.Empty, error) {
		tags, err := k.tags(ctx, api.World(ctx), in.ID, see)
		if err == nil && !slices.Contains(tags, in.Tag) {
			err = commands.RefuseAs(commands.NotFound, "TagNotFound", "Tag %s could not be found.", clip(in.Tag))
		}
		return &api.Empty{Status: http.StatusNoContent}, err
	})
	api.Handle(a, "PUT "+path+"/{tag}", change, http.StatusCreated, func(ctx context.Context, in *tagIn) (*api.Empty, error) {
		if err := checkTags(in.Tag); err != nil {
			return nil, err
		}
		_, err := do(ctx, cmd.ChangeTags{ID: in.ID, Add: []string{in.Tag}}, change)
		return &api.Empty{Status: http.StatusCreated}, err
	})
	api.Handle(a, "DELETE "+path+"/{tag}", remove, http.StatusNoContent, func(ctx context.Context, in *tagIn) (*api.Empty, error) {
		_, err := do(ctx, cmd.ChangeTags{ID: in.ID, Remove: []string{in.Tag}}, remove)
		return &api.Empty{Status: http.StatusNoContent}, err
	})
}

// tags are those of a thing that the caller may see.
func (k *kind[R]) tags(ctx context.Context, w *projections.World, id, rule string) ([]string, error) {
	r, err := k.reach(ctx, w, id, rule)
	if err != nil {
		return nil, err
	}
	tags, _ := attributeOf(k.show(w, r), "tags").([]string)
	return tags, nil
}

// checkTags refuses what can't be a tag.
func checkTags(tags ...string) error {
	for _, t := range tags {
		if t == "" || len(t) > 255 || strings.ContainsAny(t, ",/") {
			return bad("tags", "'%s' is not a tag: 1 to 255 characters without commas and slashes are", clip(t))
		}
	}
	return nil
}
