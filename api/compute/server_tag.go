package compute

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
)

func (s *Service) mountServerTags(a huma.API) {
	const path, rule = "/servers/{id}/tags", "os_compute_api:os-server-tags:"
	since := api.Between("2.26", "")
	api.Handle(a, "GET "+path, rule+"index", http.StatusOK, s.listTags, since)
	api.Handle(a, "PUT "+path, rule+"update_all", http.StatusOK, s.setTags, since)
	api.Handle(a, "DELETE "+path, rule+"delete_all", http.StatusNoContent, s.deleteTags, since)
	api.Handle(a, "GET "+path+"/{tag}", rule+"show", http.StatusNoContent, s.showTag, since)
	api.Handle(a, "PUT "+path+"/{tag}", rule+"update", http.StatusCreated, s.addTag, since)
	api.Handle(a, "DELETE "+path+"/{tag}", rule+"delete", http.StatusNoContent, s.deleteTag, since)
}

type (
	tagsBody struct {
		Tags []string `json:"tags" maxItems:"50"`
	}
	tagsIn struct {
		ID   string `path:"id" maxLength:"255"`
		Body tagsBody
	}
	tagsOut struct{ Body tagsBody }
	tagIn   struct {
		ID  string `path:"id" maxLength:"255"`
		Tag string `path:"tag"`
	}
	tagOut struct {
		Status   int
		Location string `header:"Location"`
	}
)

func checkTags(tags []string) error {
	for _, t := range tags {
		if t == "" || len([]rune(t)) > 60 || strings.ContainsAny(t, ",/") {
			return commands.Refuse(commands.Invalid, "Invalid input for field/attribute tags. Tags have 1 to 60 characters, none of them ',' or '/'.")
		}
	}
	return nil
}

func (s *Service) listTags(ctx context.Context, in *serverID) (*tagsOut, error) {
	one, err := seenServer(ctx, in.ID)
	return &tagsOut{tagsBody{one.Tags}}, err
}

func (s *Service) tag(ctx context.Context, c cmd.TagServer) ([]string, error) {
	if _, err := seenServer(ctx, c.ID); err != nil {
		return nil, err
	}
	c.By = by(ctx)
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	one, _ := w.Compute.Servers.Get(c.ID)
	return one.Tags, nil
}

func (s *Service) setTags(ctx context.Context, in *tagsIn) (*tagsOut, error) {
	if err := checkTags(in.Body.Tags); err != nil {
		return nil, err
	}
	tags, err := s.tag(ctx, cmd.TagServer{ID: in.ID, Tags: in.Body.Tags})
	return &tagsOut{tagsBody{tags}}, err
}

func (s *Service) deleteTags(ctx context.Context, in *serverID) (*api.Empty, error) {
	_, err := s.tag(ctx, cmd.TagServer{ID: in.ID})
	return &api.Empty{Status: http.StatusNoContent}, err
}

func (s *Service) showTag(ctx context.Context, in *tagIn) (*api.Empty, error) {
	one, err := seenServer(ctx, in.ID)
	if err == nil && !slices.Contains(one.Tags, in.Tag) {
		err = commands.Refuse(commands.NotFound, "Server %s has no tag '%.60s'", in.ID, in.Tag)
	}
	return &api.Empty{Status: http.StatusNoContent}, err
}

func (s *Service) addTag(ctx context.Context, in *tagIn) (*tagOut, error) {
	if err := checkTags([]string{in.Tag}); err != nil {
		return nil, err
	}
	one, err := seenServer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &tagOut{Status: http.StatusCreated, Location: api.Self(ctx)}
	if slices.Contains(one.Tags, in.Tag) {
		out = &tagOut{Status: http.StatusNoContent}
	}
	_, err = s.tag(ctx, cmd.TagServer{ID: in.ID, Add: in.Tag})
	return out, err
}

func (s *Service) deleteTag(ctx context.Context, in *tagIn) (*api.Empty, error) {
	_, err := s.tag(ctx, cmd.TagServer{ID: in.ID, Remove: in.Tag})
	return &api.Empty{Status: http.StatusNoContent}, err
}
