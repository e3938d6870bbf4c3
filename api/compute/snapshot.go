package compute

import (
	"context"
	"maps"
	"time"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
	imagecmd "skylog/commands/image"
	view "skylog/projections/compute"
	imageview "skylog/projections/image"
)

type createImage struct {
	Name     string            `json:"name" minLength:"1" maxLength:"255"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

func (s *Service) createImage(ctx context.Context, id string, in *createImage) (*api.Respond, error) {
	one, err := seenServer(ctx, id)
	if err != nil {
		return nil, err
	}
	image, err := imageOfServer(ctx, &one, in.Name, "snapshot", in.Metadata)
	if err != nil {
		return nil, err
	}
	if _, err := s.Do(ctx, image, cmd.SnapshotServer{ID: id, ImageID: image.ID, At: time.Now().UTC(), By: by(ctx)}); err != nil {
		return nil, err
	}
	return madeImage(ctx, image.ID), nil
}

// madeImage tells which image is made: by its address until 2.44, by its id since.
func madeImage(ctx context.Context, id string) *api.Respond {
	if api.From(ctx).Version.Before(2, 45) {
		return &api.Respond{Location: api.Base(ctx) + "/image/v2/images/" + id}
	}
	return &api.Respond{Body: map[string]string{"image_id": id}}
}

// imageOfServer puts on record what a server's disk shall become. It has what the
// server's image was said to be, what the caller says of it, and where it is from.
func imageOfServer(ctx context.Context, one *view.Server, name, kind string, metadata map[string]string) (c imagecmd.CreateImage, err error) {
	if name, err = goodName(name); err != nil {
		return c, err
	}
	if err := checkMetadata(metadata); err != nil {
		return c, err
	}
	if limit := api.World(ctx).Compute.Quotas.Limit(one.ProjectID, "metadata_items"); limit >= 0 && len(metadata) > limit {
		return c, commands.Refuse(commands.OverLimit, "Quota exceeded, too many metadata items: Maximum number of metadata items exceeds %d", limit)
	}
	properties := map[string]string{}
	if from, ok := api.World(ctx).Image.Images.Get(one.Image.ID); ok && seesImage(ctx, api.World(ctx), &from) {
		for _, name := range []string{"os_distro", "os_version", "os_type", "os_admin_user", "architecture", "hw_qemu_guest_agent", "os_require_quiesce"} {
			if value, ok := from.Properties[name]; ok {
				properties[name] = value
			}
		}
	}
	maps.Copy(properties, map[string]string{
		"image_type": kind, "instance_uuid": one.ID, "user_id": api.From(ctx).UserID, "base_image_ref": one.Image.ID,
		"image_state": "available", "image_location": "snapshot", "owner_id": one.ProjectID,
	})
	maps.Copy(properties, metadata)
	return imagecmd.CreateImage{ID: api.NewID(ctx), OwnerID: one.ProjectID, Name: name, DiskFormat: "qcow2", ContainerFormat: "bare",
		Visibility: imageview.Private, MinDiskGiB: one.Flavor.DiskGiB, Properties: properties}, nil
}

type createBackup struct {
	Name     string            `json:"name" minLength:"1" maxLength:"255"`
	Type     string            `json:"backup_type" minLength:"1" maxLength:"255"`
	Rotation api.Int           `json:"rotation"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

// maxRotation is how many backups of a kind may be kept.
const maxRotation = 100

func (s *Service) createBackup(ctx context.Context, id string, in *createBackup) (*api.Respond, error) {
	one, err := seenServer(ctx, id)
	if err != nil {
		return nil, err
	}
	if in.Rotation < 0 || in.Rotation > maxRotation {
		return nil, commands.Refuse(commands.Invalid, "Invalid input for field/attribute rotation. Value: %d. It must be between 0 and %d.", in.Rotation, maxRotation)
	}
	image, err := imageOfServer(ctx, &one, in.Name, "backup", in.Metadata)
	if err != nil {
		return nil, err
	}
	image.Properties["backup_type"] = in.Type
	c := cmd.SnapshotServer{ID: id, ImageID: image.ID, Backup: in.Type, Keep: int(in.Rotation), At: time.Now().UTC(), By: by(ctx)}
	if _, err := s.Do(ctx, image, c); err != nil {
		return nil, err
	}
	if in.Rotation == 0 { // it is deleted at once
		return &api.Respond{}, nil
	}
	return madeImage(ctx, image.ID), nil
}
