package identity

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	cmd "skylog/commands/identity"
	"skylog/projections"
)

func (s *Service) mountTags(a huma.API) {
	const path, rule = "/projects/{id}/tags", "identity:"
	api.Handle(a, "GET "+path, rule+"list_project_tags", http.StatusOK, s.listTags)
	api.Handle(a, "PUT "+path, rule+"update_project_tags", http.StatusOK, s.replaceTags)
	api.Handle(a, "DELETE "+path, rule+"delete_project_tags", http.StatusNoContent, s.deleteTags)
	api.Handle(a, "GET "+path+"/{tag}", rule+"get_project_tag", http.StatusNoContent, s.checkTag)
	api.Handle(a, "PUT "+path+"/{tag}", rule+"create_project_tag", http.StatusCreated, s.addTag)
	api.Handle(a, "DELETE "+path+"/{tag}", rule+"delete_project_tag", http.StatusNoContent, s.deleteTag)
}

type (
	tagsOut struct {
		Body struct {
			Tags  []string  `json:"tags"`
			Links api.Links `json:"links"`
		}
	}
	replaceTagsIn struct {
		ByID
		Body struct {
			Tags []string `json:"tags" maxItems:"80"`
		}
	}
	tagIn struct {
		ByID
		Tag string `path:"tag" minLength:"1" maxLength:"255"`
	}
)

// done is the outcome of an operation that shows nothing.
func done(_ *projections.World, err error) (*api.Empty, error) {
	if err != nil {
		return nil, err
	}
	return &api.Empty{Status: http.StatusNoContent}, nil
}

func (s *Service) listTags(ctx context.Context, in *ByID) (*tagsOut, error) {
	p, err := projectFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &tagsOut{}
	out.Body.Tags, out.Body.Links = p.Tags, api.LinksOf(ctx, false, "")
	return out, nil
}

func (s *Service) replaceTags(ctx context.Context, in *replaceTagsIn) (*tagsOut, error) {
	if _, err := projectFor(ctx, in.ID); err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, cmd.ChangeProject{ID: in.ID, Tags: &in.Body.Tags})
	if err != nil {
		return nil, err
	}
	p, _ := w.Identity.Projects.Get(in.ID)
	out := &tagsOut{}
	out.Body.Tags, out.Body.Links = p.Tags, api.LinksOf(ctx, false, "")
	return out, nil
}

func (s *Service) deleteTags(ctx context.Context, in *ByID) (*api.Empty, error) {
	if _, err := projectFor(ctx, in.ID); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.ChangeProject{ID: in.ID, Tags: &[]string{}}))
}

func (s *Service) checkTag(ctx context.Context, in *tagIn) (*api.Empty, error) {
	p, err := projectFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(p.Tags, in.Tag) {
		return nil, missing("project tag", in.Tag)
	}
	return &api.Empty{Status: http.StatusNoContent}, nil
}

func (s *Service) addTag(ctx context.Context, in *tagIn) (*api.Empty, error) {
	if _, err := projectFor(ctx, in.ID); err != nil {
		return nil, err
	}
	if _, err := s.Do(ctx, cmd.TagProject{ID: in.ID, Tag: in.Tag}); err != nil {
		return nil, err
	}
	return &api.Empty{Status: http.StatusCreated}, nil
}

func (s *Service) deleteTag(ctx context.Context, in *tagIn) (*api.Empty, error) {
	if _, err := projectFor(ctx, in.ID); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.UntagProject{ID: in.ID, Tag: in.Tag}))
}
