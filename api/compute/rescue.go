package compute

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	cmd "skylog/commands/compute"
)

type rescue struct {
	AdminPass string `json:"adminPass,omitempty" maxLength:"255"`
	ImageRef  string `json:"rescue_image_ref,omitempty" maxLength:"255"`
}

// TransformSchema lets a rescue without anything be null.
func (rescue) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	s.Nullable = true
	return s
}

func (s *Service) rescueServer(ctx context.Context, id string, in *rescue) (*api.Respond, error) {
	one, err := seenServer(ctx, id)
	if err != nil {
		return nil, err
	}
	c := cmd.RescueServer{ID: id, At: time.Now().UTC(), By: by(ctx)}
	if in.ImageRef != "" {
		image, err := imageNamed(ctx, in.ImageRef)
		if err != nil {
			return nil, err
		}
		c.Image = &image
	}
	password := s.passwordOr(ctx, in.AdminPass)
	if c.Password, err = s.firstPassword(ctx, one.ProjectID, one.ConfigDrive, password); err != nil {
		return nil, err
	}
	if _, err := s.Do(ctx, c); err != nil {
		return nil, err
	}
	return &api.Respond{Status: http.StatusOK, Body: map[string]string{"adminPass": password}}, nil
}
