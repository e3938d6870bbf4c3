package image

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/image"
	"skylog/projections"
	view "skylog/projections/image"
)

// unread is for operations that read their bodies themselves, as every owner's
// own properties may be in them: huma takes a raw body for a string otherwise.
func unread(_ *api.Operation, op *huma.Operation) { op.SkipValidateBody = true }

func (s *Service) mountImages(a huma.API) {
	const one = "/images/{id}"
	api.Handle(a, "POST /images", "add_image", http.StatusCreated, s.createImage, unread)
	api.Handle(a, "GET /images", "get_images", http.StatusOK, s.listImages)
	api.Handle(a, "GET "+one, "get_image", http.StatusOK, s.showImage)
	api.Handle(a, "PATCH "+one, "modify_image", http.StatusOK, s.changeImage, unread)
	api.Handle(a, "DELETE "+one, "delete_image", http.StatusNoContent, s.deleteImage)
	api.Handle(a, "PUT "+one+"/tags/{tag}", "modify_image", http.StatusNoContent, s.tagImage)
	api.Handle(a, "DELETE "+one+"/tags/{tag}", "modify_image", http.StatusNoContent, s.untagImage)
	api.Handle(a, "POST "+one+"/actions/deactivate", "deactivate", http.StatusNoContent, s.deactivateImage)
	api.Handle(a, "POST "+one+"/actions/reactivate", "reactivate", http.StatusNoContent, s.reactivateImage)
}

type (
	// ByID is the image in a path. Exported, as inputs embed it and huma reads what is exported.
	ByID struct {
		ID string `path:"id" maxLength:"255"`
	}
	createIn struct {
		RawBody []byte `contentType:"application/json"`
	}
	changeIn struct {
		ByID
		ContentType string `header:"Content-Type"`
		RawBody     []byte `contentType:"application/openstack-images-v2.1-json-patch"`
	}
	tagIn struct {
		ByID
		Tag string `path:"tag" maxLength:"255"`
	}
	imageOut struct {
		Location string `header:"Location"`
		Methods  string `header:"OpenStack-image-import-methods"`
		StoreIDs string `header:"OpenStack-image-store-ids"`
		Body     map[string]any
	}
)

func address(id string) string { return "/v2/images/" + id }

// showImage is the one form of an image: attributes and the owner's own
// properties side by side.
func showImage(i view.Image) map[string]any {
	shown := map[string]any{}
	for name, value := range i.Properties {
		shown[name] = value
	}
	for name, value := range map[string]any{
		"id": i.ID, "name": orNull(i.Name), "status": i.Status, "visibility": i.Visibility, "protected": i.Protected, "os_hidden": i.Hidden,
		"owner": orNull(i.OwnerID), "disk_format": orNull(i.DiskFormat), "container_format": orNull(i.ContainerFormat),
		"min_disk": i.MinDiskGiB, "min_ram": i.MinRAMMiB, "tags": append([]string{}, i.Tags...),
		"checksum": orNull(i.MD5), "os_hash_value": orNull(i.SHA512), "os_hash_algo": nil, "size": nil, "virtual_size": nil,
		"created_at": i.CreatedAt.UTC().Format(time.RFC3339), "updated_at": i.UpdatedAt.UTC().Format(time.RFC3339),
		"self": address(i.ID), "file": address(i.ID) + "/file", "schema": "/v2/schemas/image",
	} {
		shown[name] = value
	}
	if i.Blob != "" {
		shown["os_hash_algo"], shown["size"] = "sha512", i.SizeBytes
		shown["stores"] = strings.Join(i.Stores, ",")
		if i.VirtualSize > 0 {
			shown["virtual_size"] = i.VirtualSize
		}
	}
	if len(i.Importing)+len(i.Failed) > 0 {
		shown["os_glance_importing_to_stores"], shown["os_glance_failed_import"] = strings.Join(i.Importing, ","), strings.Join(i.Failed, ",")
	}
	if i.Task != "" {
		shown["os_glance_import_task"] = i.Task
	}
	return shown
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (s *Service) createImage(ctx context.Context, in *createIn) (*imageOut, error) {
	var body map[string]any
	if err := json.Unmarshal(in.RawBody, &body); err != nil || body == nil {
		return nil, commands.Refuse(commands.Invalid, "Malformed JSON in request body.")
	}
	id, err := idOf(ctx, body)
	if err != nil {
		return nil, err
	}
	var c cmd.ChangeImage
	for name, value := range body {
		if err := maySet(name); err != nil {
			return nil, err
		}
		if err := set(&c, name, value); err != nil {
			return nil, err
		}
	}
	project := api.From(ctx).ProjectID
	create := cmd.CreateImage{ID: id, OwnerID: project, Visibility: view.Shared, Properties: c.Set}
	fill(&create, c)
	attrs := map[string]string{"owner": create.OwnerID, "visibility": create.Visibility}
	t := api.Target{ProjectID: create.OwnerID, Attrs: attrs,
		Missing: commands.Refuse(commands.Forbidden, "You are not permitted to create images owned by '%.100s'", create.OwnerID)}
	if err := api.Allow(ctx, t); err != nil {
		return nil, err
	}
	if err := mayBeSeen(ctx, create.Visibility, t); err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, create)
	if err != nil {
		return nil, err
	}
	i, _ := w.Image.Images.Get(id)
	return &imageOut{Location: api.Root(ctx) + "/images/" + id, Methods: strings.Join(s.methods(), ","), StoreIDs: strings.Join(s.storeNames(), ","),
		Body: showImage(i)}, nil
}

// idOf takes the id out of a body, or makes one where it has none.
func idOf(ctx context.Context, body map[string]any) (string, error) {
	v, ok := body["id"]
	if !ok {
		return api.NewID(ctx), nil
	}
	delete(body, "id")
	id, _ := v.(string)
	if !uuidForm.MatchString(id) {
		return "", mismatch(v, "is not a UUID")
	}
	return strings.ToLower(id), nil
}

// fill puts what was sent in the place of the defaults.
func fill(create *cmd.CreateImage, c cmd.ChangeImage) {
	take(&create.Name, c.Name)
	take(&create.OwnerID, c.OwnerID)
	take(&create.Visibility, c.Visibility)
	take(&create.DiskFormat, c.DiskFormat)
	take(&create.ContainerFormat, c.ContainerFormat)
	take(&create.Protected, c.Protected)
	take(&create.Hidden, c.Hidden)
	take(&create.MinDiskGiB, c.MinDiskGiB)
	take(&create.MinRAMMiB, c.MinRAMMiB)
	take(&create.Tags, c.Tags)
	slices.Sort(create.Tags)
	create.Tags = slices.Compact(create.Tags)
}

func take[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// mayBeSeen asks whether the caller may make images that everybody sees.
func mayBeSeen(ctx context.Context, visibility string, t api.Target) error {
	rule := map[string]string{view.Public: "publicize_image", view.Community: "communitize_image"}[visibility]
	if rule == "" || api.Can(ctx, rule, t) {
		return nil
	}
	return commands.Refuse(commands.Forbidden, "You are not authorized to complete %s action.", rule)
}

func (s *Service) showImage(ctx context.Context, in *ByID) (*imageOut, error) {
	i, err := may(ctx, in.ID, "get_image")
	if err != nil {
		return nil, err
	}
	return &imageOut{Body: showImage(i)}, nil
}

func (s *Service) changeImage(ctx context.Context, in *changeIn) (*imageOut, error) {
	operations, err := readPatch(in.ContentType, in.RawBody)
	if err != nil {
		return nil, err
	}
	i, err := may(ctx, in.ID, "modify_image")
	if err != nil {
		return nil, err
	}
	if len(operations) == 0 {
		return &imageOut{Body: showImage(i)}, nil
	}
	c, err := changeOf(i, operations)
	if err != nil {
		return nil, err
	}
	if c.OwnerID != nil && !isAdmin(ctx) {
		return nil, commands.Refuse(commands.Forbidden, "Owner can't be updated by non admin.")
	}
	if c.Visibility != nil {
		if err := mayBeSeen(ctx, *c.Visibility, target(ctx, i, "")); err != nil {
			return nil, err
		}
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	i, _ = w.Image.Images.Get(i.ID)
	return &imageOut{Body: showImage(i)}, nil
}

// deleteImage removes the bytes once the log says that the image is gone. Bytes
// that stay behind because this process died in between go at the next start.
func (s *Service) deleteImage(ctx context.Context, in *ByID) (*api.Empty, error) {
	i, err := may(ctx, in.ID, "delete_image")
	if err != nil {
		return nil, err
	}
	if _, err := s.Do(ctx, cmd.DeleteImage{ID: i.ID}); err != nil {
		return nil, err
	}
	if api.Rehearsing(ctx) {
		return &api.Empty{Status: http.StatusNoContent}, nil
	}
	if err := s.removeBytes(i); err != nil {
		return nil, err
	}
	return &api.Empty{Status: http.StatusNoContent}, nil
}

func (s *Service) removeBytes(i view.Image) (err error) {
	if i.Staged != "" {
		err = s.Staging.Remove(i.Staged)
	}
	for _, name := range i.Stores {
		if from, ok := s.store(name); ok {
			err = errors.Join(err, from.Remove(i.Blob))
		}
	}
	return err
}

// do asks for one change of an image that the caller may change.
func (s *Service) do(ctx context.Context, id, rule string, c commands.Command) (*projections.World, error) {
	if _, err := may(ctx, id, rule); err != nil {
		return nil, err
	}
	return s.Do(ctx, c)
}

func (s *Service) tagImage(ctx context.Context, in *tagIn) (*api.Empty, error) {
	_, err := s.do(ctx, in.ID, "modify_image", cmd.TagImage{ID: in.ID, Tag: in.Tag})
	return &api.Empty{Status: http.StatusNoContent}, err
}

func (s *Service) untagImage(ctx context.Context, in *tagIn) (*api.Empty, error) {
	_, err := s.do(ctx, in.ID, "modify_image", cmd.UntagImage{ID: in.ID, Tag: in.Tag})
	return &api.Empty{Status: http.StatusNoContent}, err
}

func (s *Service) deactivateImage(ctx context.Context, in *ByID) (*api.Empty, error) {
	_, err := s.do(ctx, in.ID, "deactivate", cmd.DeactivateImage{ID: in.ID})
	return &api.Empty{Status: http.StatusNoContent}, err
}

func (s *Service) reactivateImage(ctx context.Context, in *ByID) (*api.Empty, error) {
	_, err := s.do(ctx, in.ID, "reactivate", cmd.ReactivateImage{ID: in.ID})
	return &api.Empty{Status: http.StatusNoContent}, err
}
