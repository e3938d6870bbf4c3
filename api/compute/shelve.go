package compute

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
)

func (s *Service) shelveServer(ctx context.Context, id string, _ *none) (*api.Respond, error) {
	one, err := seenServer(ctx, id)
	if err != nil {
		return nil, err
	}
	image, err := imageOfServer(ctx, &one, one.Name[:min(len(one.Name), 247)]+"-shelved", "snapshot", nil)
	if err != nil {
		return nil, err
	}
	_, err = s.Do(ctx, image, cmd.ShelveServer{ID: id, ImageID: image.ID, Offload: !s.KeepShelved, At: time.Now().UTC(), By: by(ctx)})
	return &api.Respond{}, err
}

type unshelve struct {
	Zone *string `json:"availability_zone,omitempty" minLength:"1" maxLength:"255" nullable:"true" since:"2.77"`
	Host *string `json:"host,omitempty" minLength:"1" maxLength:"255" since:"2.91"`
}

// TransformSchema lets an unshelving to wherever there is room be null.
func (unshelve) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	s.Nullable = true
	return s
}

func (s *Service) unshelveServer(ctx context.Context, id string, in *unshelve) (*api.Respond, error) {
	one, err := seenServer(ctx, id)
	if err != nil {
		return nil, err
	}
	c := cmd.UnshelveServer{ID: id, Zone: in.Zone, At: time.Now().UTC(), By: by(ctx)}
	w := api.World(ctx)
	if in.Zone == nil && api.Sent(ctx, "unshelve", "availability_zone") {
		if api.From(ctx).Version.Before(2, 91) {
			return nil, commands.Refuse(commands.Invalid, "Invalid input for field/attribute availability_zone. Value: None. None is not of type 'string'")
		}
		c.Zone = new(string)
	}
	if c.Zone != nil && *c.Zone != "" {
		if err := knownZone(w, *c.Zone); err != nil {
			return nil, err
		}
	}
	if in.Host != nil {
		if err := api.AllowRule(ctx, "os_compute_api:os-shelve:unshelve_to_host", api.Target{ProjectID: one.ProjectID}); err != nil {
			return nil, err
		}
		if c.Host = *in.Host; !w.Compute.Hosts.Has(c.Host) {
			return nil, commands.Refuse(commands.Invalid, "Compute host %s could not be found.", c.Host)
		}
	}
	_, err = s.Do(ctx, c)
	return &api.Respond{}, err
}
