package image

import (
	"maps"
	"slices"

	"skylog/commands"
	cmd "skylog/commands/image"
	"skylog/events"
	evt "skylog/events/image"
	"skylog/projections"
	view "skylog/projections/image"
)

// Glance's defaults for what one image may have.
const (
	maxTags       = 128
	maxProperties = 128
	maxMembers    = 128
)

const (
	// maxOffers is how many images may be shared with one project, as its lists
	// take in all of them.
	maxOffers = 10_000
)

// find returns an image, or why it can't be spoken of.
func find(w *projections.World, id string) (view.Image, error) {
	i, ok := w.Image.Images.Get(id)
	if !ok {
		return view.Image{}, commands.Refuse(commands.NotFound, "No image found with ID %s", id)
	}
	return i, nil
}

// CreateImage puts an image on record.
func CreateImage(w *projections.World, c cmd.CreateImage) ([]events.Event, error) {
	switch images := &w.Image.Images; {
	case images.Has(c.ID):
		return nil, commands.Refuse(commands.Conflict, "Image ID %s already exists!", c.ID)
	case int64(images.CountOf(c.OwnerID)) >= w.Limit(c.OwnerID, service, "image_count_total", view.MaxImages):
		return nil, commands.Refuse(commands.OverLimit, "Resource image_count_total is over limit: project %s has %d images.", c.OwnerID, images.CountOf(c.OwnerID))
	}
	if err := fits(c.Tags, c.Properties); err != nil {
		return nil, err
	}
	return events.List(evt.ImageCreated(c)), nil
}

func fits(tags []string, properties map[string]string) error {
	if len(tags) > maxTags {
		return commands.Refuse(commands.OverLimit, "The limit has been exceeded on the number of allowed image tags. Attempted: %d, Maximum: %d", len(tags), maxTags)
	}
	if len(properties) > maxProperties {
		return commands.Refuse(commands.OverLimit, "The limit has been exceeded on the number of allowed image properties. Attempted: %d, Maximum: %d",
			len(properties), maxProperties)
	}
	return nil
}

// ChangeImage changes what is set in the command. What stays the same is no event.
func ChangeImage(w *projections.World, c cmd.ChangeImage) ([]events.Event, error) {
	i, err := find(w, c.ID)
	if err != nil {
		return nil, err
	}
	var happened []events.Event
	for _, change := range [...]func(*view.Image, cmd.ChangeImage) ([]events.Event, error){
		changeAttributes, changeFormats, changeRequirements, changeTags, changeProperties,
	} {
		more, err := change(&i, c)
		if err != nil {
			return nil, err
		}
		happened = append(happened, more...)
	}
	return happened, nil
}

func differs[T comparable](wanted *T, is T) bool { return wanted != nil && *wanted != is }

func changeAttributes(i *view.Image, c cmd.ChangeImage) (happened []events.Event, err error) {
	if differs(c.Name, i.Name) {
		happened = append(happened, evt.ImageRenamed{ID: i.ID, Name: *c.Name})
	}
	if differs(c.Visibility, i.Visibility) {
		happened = append(happened, evt.ImageVisibilityChanged{ID: i.ID, Visibility: *c.Visibility})
	}
	if differs(c.OwnerID, i.OwnerID) {
		happened = append(happened, evt.ImageOwnerChanged{ID: i.ID, OwnerID: *c.OwnerID})
	}
	if differs(c.Protected, i.Protected) {
		happened = append(happened, evt.ImageProtectionChanged{ID: i.ID, Protected: *c.Protected})
	}
	if differs(c.Hidden, i.Hidden) {
		happened = append(happened, evt.ImageHidingChanged{ID: i.ID, Hidden: *c.Hidden})
	}
	return happened, nil
}

// changeFormats refuses to rename the format of bytes that are there: what was
// checked as one thing would be read as another.
func changeFormats(i *view.Image, c cmd.ChangeImage) ([]events.Event, error) {
	e := evt.ImageFormatsChosen{ID: i.ID, DiskFormat: i.DiskFormat, ContainerFormat: i.ContainerFormat}
	for _, f := range [...]struct {
		name string
		want *string
		to   *string
	}{{"container_format", c.ContainerFormat, &e.ContainerFormat}, {"disk_format", c.DiskFormat, &e.DiskFormat}} {
		if f.want == nil {
			continue
		}
		if i.Status != view.Queued {
			return nil, commands.Refuse(commands.Forbidden, "Attribute %s can be only replaced for a queued image.", f.name)
		}
		*f.to = *f.want
	}
	if e.DiskFormat == i.DiskFormat && e.ContainerFormat == i.ContainerFormat {
		return nil, nil
	}
	return events.List(e), nil
}

func changeRequirements(i *view.Image, c cmd.ChangeImage) ([]events.Event, error) {
	e := evt.ImageRequirementsChanged{ID: i.ID, MinDiskGiB: i.MinDiskGiB, MinRAMMiB: i.MinRAMMiB}
	if c.MinDiskGiB != nil {
		e.MinDiskGiB = *c.MinDiskGiB
	}
	if c.MinRAMMiB != nil {
		e.MinRAMMiB = *c.MinRAMMiB
	}
	if e.MinDiskGiB == i.MinDiskGiB && e.MinRAMMiB == i.MinRAMMiB {
		return nil, nil
	}
	return events.List(e), nil
}

func changeTags(i *view.Image, c cmd.ChangeImage) (happened []events.Event, err error) {
	if c.Tags == nil {
		return nil, nil
	}
	wanted := slices.Clone(*c.Tags)
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	if err := fits(wanted, nil); err != nil {
		return nil, err
	}
	for _, tag := range i.Tags {
		if !slices.Contains(wanted, tag) {
			happened = append(happened, evt.ImageUntagged{ID: i.ID, Tag: tag})
		}
	}
	for _, tag := range wanted {
		if !slices.Contains(i.Tags, tag) {
			happened = append(happened, evt.ImageTagged{ID: i.ID, Tag: tag})
		}
	}
	return happened, nil
}

func changeProperties(i *view.Image, c cmd.ChangeImage) ([]events.Event, error) {
	for _, name := range c.Present {
		if _, ok := i.Properties[name]; !ok {
			return nil, commands.Refuse(commands.Conflict, "Property %s does not exist.", name)
		}
	}
	for _, name := range c.Absent {
		if _, ok := i.Properties[name]; ok {
			return nil, commands.Refuse(commands.Conflict, "Property %s already present.", name)
		}
	}
	e := evt.ImagePropertiesChanged{ID: i.ID}
	after := maps.Clone(i.Properties)
	if after == nil {
		after = map[string]string{}
	}
	for name, value := range c.Set {
		if was, ok := i.Properties[name]; ok && was == value {
			continue
		}
		if e.Set == nil {
			e.Set = map[string]string{}
		}
		e.Set[name], after[name] = value, value
	}
	for _, name := range c.Remove {
		if _, ok := after[name]; ok {
			e.Removed = append(e.Removed, name)
			delete(after, name)
		}
	}
	if len(e.Set) == 0 && len(e.Removed) == 0 {
		return nil, nil
	}
	return events.List(e), fits(nil, after)
}

// TagImage adds a tag.
func TagImage(w *projections.World, c cmd.TagImage) ([]events.Event, error) {
	i, err := find(w, c.ID)
	if err != nil || slices.Contains(i.Tags, c.Tag) {
		return nil, err
	}
	return events.List(evt.ImageTagged(c)), fits(append(slices.Clone(i.Tags), c.Tag), nil)
}

// UntagImage takes a tag off.
func UntagImage(w *projections.World, c cmd.UntagImage) ([]events.Event, error) {
	i, err := find(w, c.ID)
	switch {
	case err != nil:
		return nil, err
	case !slices.Contains(i.Tags, c.Tag):
		return nil, commands.Refuse(commands.NotFound, "Image %s has no tag %s.", c.ID, c.Tag)
	}
	return events.List(evt.ImageUntagged(c)), nil
}

// DeactivateImage keeps the image's bytes from everybody but administrators.
func DeactivateImage(w *projections.World, c cmd.DeactivateImage) ([]events.Event, error) {
	i, err := find(w, c.ID)
	switch {
	case err != nil:
		return nil, err
	case i.Status == view.Deactivated:
		return nil, nil
	case i.Status != view.Active:
		return nil, commands.Refuse(commands.Forbidden, "Not allowed to deactivate image in status '%s'", i.Status)
	}
	return events.List(evt.ImageDeactivated(c)), nil
}

// ReactivateImage gives the bytes free again.
func ReactivateImage(w *projections.World, c cmd.ReactivateImage) ([]events.Event, error) {
	i, err := find(w, c.ID)
	switch {
	case err != nil:
		return nil, err
	case i.Status == view.Active:
		return nil, nil
	case i.Status != view.Deactivated:
		return nil, commands.Refuse(commands.Forbidden, "Not allowed to reactivate image in status '%s'", i.Status)
	}
	return events.List(evt.ImageReactivated(c)), nil
}

// DeleteImage ends an image, unless it is protected. An upload under way finds
// out when it is done.
func DeleteImage(w *projections.World, c cmd.DeleteImage) ([]events.Event, error) {
	i, err := find(w, c.ID)
	switch {
	case err != nil:
		return nil, err
	case i.Protected:
		return nil, commands.Refuse(commands.Forbidden, "Image %s is protected and cannot be deleted.", c.ID)
	}
	return events.List(i.Gone()), nil
}
