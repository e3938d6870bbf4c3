package compute

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	imagecmd "skylog/commands/image"
	imageview "skylog/projections/image"
)

// lastProxy is the last microversion in which Nova passes on what other services
// are for; of images' metadata it is another.
const lastProxy = "2.35"

// mountImages mounts images as older clients ask for them here. Whose they are
// and who may change them is as the image service's own policy has it.
func (s *Service) mountImages(a huma.API) {
	const path = "/images"
	old, meta := api.Between("", lastProxy), api.Between("", "2.38")
	api.Handle(a, "GET "+path, "get_images", http.StatusOK, s.listImages, old)
	api.Handle(a, "GET "+path+"/detail", "get_images", http.StatusOK, s.listImagesDetail, old)
	api.Handle(a, "GET "+path+"/{id}", "get_image", http.StatusOK, s.showImage, old)
	api.Handle(a, "DELETE "+path+"/{id}", "delete_image", http.StatusNoContent, s.deleteImage, old)
	api.Handle(a, "GET "+path+"/{id}/metadata", "get_image", http.StatusOK, s.listImageMetadata, meta)
	api.Handle(a, "POST "+path+"/{id}/metadata", "modify_image", http.StatusOK, s.addImageMetadata, meta)
	api.Handle(a, "PUT "+path+"/{id}/metadata", "modify_image", http.StatusOK, s.setImageMetadata, meta)
	api.Handle(a, "GET "+path+"/{id}/metadata/{key}", "get_image", http.StatusOK, s.showImageMetadataItem, meta)
	api.Handle(a, "PUT "+path+"/{id}/metadata/{key}", "modify_image", http.StatusOK, s.setImageMetadataItem, meta)
	api.Handle(a, "DELETE "+path+"/{id}/metadata/{key}", "modify_image", http.StatusNoContent, s.deleteImageMetadataItem, meta)
}

type imageItem struct {
	ID    string     `json:"id"`
	Name  string     `json:"name"`
	Links []api.Link `json:"links"`
}

type imageShown struct {
	imageItem
	MinRAM     int               `json:"minRam"`
	MinDisk    int               `json:"minDisk"`
	Metadata   map[string]string `json:"metadata"`
	Created    time.Time         `json:"created"`
	Updated    time.Time         `json:"updated"`
	Status     string            `json:"status"`
	Progress   int               `json:"progress"`
	Size       *int64            `json:"OS-EXT-IMG-SIZE:size"`
	Server     *imageRef         `json:"server,omitempty"`
	DiskConfig string            `json:"OS-DCF:diskConfig,omitempty"`
}

type (
	imageID struct {
		ID string `path:"id" maxLength:"255"`
	}
	listImagesIn     struct{ api.Paging }
	imagesOut[T any] struct {
		Body struct {
			Images []T        `json:"images"`
			Links  []api.Link `json:"images_links,omitempty"`
		}
	}
	imageOut struct {
		Body struct {
			Image imageShown `json:"image"`
		}
	}
)

func showImageItem(ctx context.Context, i imageview.Image) imageItem {
	links := append(link(ctx, "images", i.ID),
		api.Link{Rel: "alternate", Href: api.Base(ctx) + "/image/images/" + i.ID, Type: "application/vnd.openstack.image"})
	return imageItem{i.ID, i.Name, links}
}

func showWholeImage(ctx context.Context, i imageview.Image) imageShown {
	out := imageShown{imageItem: showImageItem(ctx, i), MinRAM: i.MinRAMMiB, MinDisk: i.MinDiskGiB, Metadata: i.Properties,
		Created: i.CreatedAt, Updated: i.UpdatedAt, Status: "UNKNOWN"}
	switch i.Status {
	case imageview.Active:
		out.Status, out.Progress, out.Size = "ACTIVE", 100, &i.SizeBytes
	case imageview.Queued:
		out.Status, out.Progress = "SAVING", 25
	case imageview.Saving:
		out.Status, out.Progress = "SAVING", 50
	}
	if from := i.Properties["instance_uuid"]; from != "" {
		out.Server = &imageRef{from, link(ctx, "servers", from)}
	}
	if auto, is := i.Properties["auto_disk_config"]; is {
		out.DiskConfig = "MANUAL"
		if yes, _ := api.ParseBool(auto); yes {
			out.DiskConfig = "AUTO"
		}
	}
	return out
}

func (s *Service) listImages(ctx context.Context, in *listImagesIn) (*imagesOut[imageItem], error) {
	return pageOfImages(ctx, in, showImageItem)
}

func (s *Service) listImagesDetail(ctx context.Context, in *listImagesIn) (*imagesOut[imageShown], error) {
	return pageOfImages(ctx, in, showWholeImage)
}

// pageOfImages shows the images that the caller may see, the newest first.
func pageOfImages[T any](ctx context.Context, in *listImagesIn, show func(context.Context, imageview.Image) T) (*imagesOut[T], error) {
	who, images := api.From(ctx), &api.World(ctx).Image
	if err := api.Allow(ctx, api.Target{ProjectID: who.ProjectID}); err != nil {
		return nil, err
	}
	size, err := in.Size(ctx)
	if err != nil {
		return nil, err
	}
	q := imageview.Query{ProjectID: who.ProjectID, Admin: isAdmin(ctx), MemberStatus: imageview.Accepted, Order: imageview.Order{By: imageview.ByCreatedAt, Descending: true}}
	if in.Marker != "" {
		last, ok := images.VisibleTo(in.Marker, q.ProjectID, q.Admin)
		if !ok {
			return nil, api.BadMarker(in.Marker)
		}
		q.After = &last
	}
	if q.Match, err = imageFilter(ctx); err != nil {
		return nil, err
	}
	q.Name = api.Query(ctx).Get("name")
	out, looked, last := &imagesOut[T]{}, 0, ""
	for i, wanted := range images.List(q) {
		if wanted && len(out.Body.Images) == size || looked == maxLooked {
			out.Body.Links = api.Next(ctx, size > 0, last)
			break
		}
		looked, last = looked+1, i.ID
		if wanted {
			out.Body.Images = append(out.Body.Images, show(ctx, i))
		}
	}
	return out, nil
}

// imageFilter makes one filter of the query; what means nothing is passed over.
func imageFilter(ctx context.Context) (func(*imageview.Image) bool, error) {
	var all []func(*imageview.Image) bool
	for name, values := range api.Query(ctx) {
		value, property := values[len(values)-1], ""
		number, _ := strconv.Atoi(value)
		switch {
		case name == "status":
			all = append(all, func(i *imageview.Image) bool { return strings.EqualFold(i.Status, value) })
		case name == "minRam":
			all = append(all, func(i *imageview.Image) bool { return i.MinRAMMiB == number })
		case name == "minDisk":
			all = append(all, func(i *imageview.Image) bool { return i.MinDiskGiB == number })
		case name == "changes-since":
			at, err := readMoment(name, value)
			if err != nil {
				return nil, err
			}
			all = append(all, func(i *imageview.Image) bool { return !i.UpdatedAt.Before(at) })
		case name == "server":
			property, value = "instance_uuid", value[strings.LastIndexByte(value, '/')+1:]
		case name == "type":
			property = "image_type"
		default:
			property, _ = strings.CutPrefix(name, "property-")
			if property == name {
				property = ""
			}
		}
		if property != "" {
			all = append(all, func(i *imageview.Image) bool { return i.Properties[property] == value })
		}
	}
	return func(i *imageview.Image) bool {
		for _, fits := range all {
			if !fits(i) {
				return false
			}
		}
		return true
	}, nil
}

// seenImage is an image, if the caller may see it.
func seenImage(ctx context.Context, id string) (imageview.Image, error) {
	i, ok := api.World(ctx).Image.Images.Get(id)
	if !ok || !seesImage(ctx, api.World(ctx), &i) {
		return i, commands.Refuse(commands.NotFound, "Image not found.")
	}
	return i, nil
}

// ownImage is an image to which the caller may do what the rule of the call says.
func ownImage(ctx context.Context, id, refusal string) (imageview.Image, error) {
	i, err := seenImage(ctx, id)
	if err == nil {
		err = api.Allow(ctx, api.Target{ProjectID: i.OwnerID, Missing: commands.Refuse(commands.Forbidden, "%s", refusal)})
	}
	return i, err
}

func (s *Service) showImage(ctx context.Context, in *imageID) (*imageOut, error) {
	i, err := seenImage(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &imageOut{}
	out.Body.Image = showWholeImage(ctx, i)
	return out, nil
}

// deleteImage leaves the bytes to the sweep of the image stores.
func (s *Service) deleteImage(ctx context.Context, in *imageID) (*api.Empty, error) {
	i, err := ownImage(ctx, in.ID, "You are not allowed to delete the image.")
	if err == nil {
		_, err = s.Do(ctx, imagecmd.DeleteImage{ID: i.ID})
	}
	return &api.Empty{}, err
}

func (s *Service) listImageMetadata(ctx context.Context, in *imageID) (*metadataOut, error) {
	i, err := seenImage(ctx, in.ID)
	return &metadataOut{metadataBody{i.Properties}}, err
}

func (s *Service) showImageMetadataItem(ctx context.Context, in *metaKey) (*metaOut, error) {
	i, err := seenImage(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	value, ok := i.Properties[in.Key]
	if !ok {
		return nil, commands.Refuse(commands.NotFound, "The resource could not be found.")
	}
	return &metaOut{metaBody{map[string]string{in.Key: value}}}, nil
}

func (s *Service) addImageMetadata(ctx context.Context, in *metadataIn) (*metadataOut, error) {
	return s.changeImageMetadata(ctx, in, false)
}

func (s *Service) setImageMetadata(ctx context.Context, in *metadataIn) (*metadataOut, error) {
	return s.changeImageMetadata(ctx, in, true)
}

// changeImageMetadata sets properties of an image; only takes all others away.
func (s *Service) changeImageMetadata(ctx context.Context, in *metadataIn, only bool) (*metadataOut, error) {
	i, err := ownImage(ctx, in.ID, "It is not allowed to change the image.")
	if err != nil {
		return nil, err
	}
	c := imagecmd.ChangeImage{ID: i.ID, Set: in.Body.Metadata}
	all := maps.Clone(in.Body.Metadata)
	for name, value := range i.Properties {
		_, set := in.Body.Metadata[name]
		switch {
		case set:
		case only:
			c.Remove = append(c.Remove, name)
		default:
			all[name] = value
		}
	}
	slices.Sort(c.Remove) // a request that is repeated asks for the same
	if err := checkImageMetadata(ctx, in.Body.Metadata, len(all)); err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	i, _ = w.Image.Images.Get(in.ID)
	return &metadataOut{metadataBody{i.Properties}}, nil
}

func checkImageMetadata(ctx context.Context, m map[string]string, count int) error {
	if err := checkMetadata(m); err != nil {
		return err
	}
	if limit := api.World(ctx).Compute.Quotas.Limit(api.From(ctx).ProjectID, "metadata_items"); limit >= 0 && count > limit {
		return commands.Refuse(commands.OverLimit, "Image metadata limit exceeded")
	}
	return nil
}

func (s *Service) setImageMetadataItem(ctx context.Context, in *metaIn) (*metaOut, error) {
	value, ok := in.Body.Meta[in.Key]
	switch {
	case len(in.Body.Meta) > 1:
		return nil, commands.Refuse(commands.Invalid, "Request body contains too many items")
	case !ok:
		return nil, commands.Refuse(commands.Invalid, "Request body and URI mismatch")
	}
	one := map[string]string{in.Key: value}
	if _, err := s.changeImageMetadata(ctx, &metadataIn{ID: in.ID, Body: metadataBody{one}}, false); err != nil {
		return nil, err
	}
	return &metaOut{metaBody{one}}, nil
}

func (s *Service) deleteImageMetadataItem(ctx context.Context, in *metaKey) (*api.Empty, error) {
	i, err := ownImage(ctx, in.ID, "It is not allowed to change the image.")
	if err != nil {
		return nil, err
	}
	if _, ok := i.Properties[in.Key]; !ok {
		return nil, commands.Refuse(commands.NotFound, "Invalid metadata key")
	}
	_, err = s.Do(ctx, imagecmd.ChangeImage{ID: i.ID, Remove: []string{in.Key}})
	return &api.Empty{}, err
}
