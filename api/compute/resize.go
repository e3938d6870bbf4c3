package compute

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
)

type resize struct {
	FlavorRef  any     `json:"flavorRef"`
	DiskConfig *string `json:"OS-DCF:diskConfig,omitempty" enum:"AUTO,MANUAL"`
}

func (s *Service) resizeServer(ctx context.Context, id string, in *resize) (*api.Respond, error) {
	flavor, err := flavorOf(ctx, in.FlavorRef)
	if err != nil {
		return nil, err
	}
	return s.act(ctx, id, cmd.ResizeServer{ID: id, FlavorID: flavor, Carrier: api.NewID(ctx), Migration: api.NewID(ctx),
		ConfirmWithin: s.ConfirmWithin, DiskConfig: in.DiskConfig, At: time.Now().UTC(), By: by(ctx)})
}

func (s *Service) confirmResize(ctx context.Context, id string, _ *none) (*api.Respond, error) {
	out, err := s.act(ctx, id, cmd.ConfirmResize{ID: id, By: by(ctx)})
	if err == nil {
		out.Status = http.StatusNoContent
	}
	return out, err
}

type migrate struct {
	Host *string `json:"host,omitempty" minLength:"1" maxLength:"255" nullable:"true" since:"2.56"`
}

// TransformSchema lets a migration to wherever there is room be null.
func (migrate) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	s.Nullable = true
	return s
}

func (s *Service) migrateServer(ctx context.Context, id string, in *migrate) (*api.Respond, error) {
	one, err := seenServer(ctx, id)
	if err != nil {
		return nil, err
	}
	c := cmd.ResizeServer{ID: id, Carrier: api.NewID(ctx), Migration: api.NewID(ctx), ConfirmWithin: s.ConfirmWithin, At: time.Now().UTC(), By: by(ctx)}
	if in.Host != nil {
		if err := api.AllowRule(ctx, "os_compute_api:os-migrate-server:migrate:host", api.Target{ProjectID: one.ProjectID}); err != nil {
			return nil, err
		}
		if c.Host = *in.Host; !api.World(ctx).Compute.Hosts.Has(c.Host) {
			return nil, commands.Refuse(commands.Invalid, "Compute host %s could not be found.", c.Host)
		}
	}
	_, err = s.Do(ctx, c)
	return &api.Respond{}, err
}
