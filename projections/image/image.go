package image

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"skylog/events"
	evt "skylog/events/image"
	"skylog/projections/table"
)

// Who may see an image.
const (
	Public    = "public"
	Community = "community" // seen by everybody who asks for it, in nobody's list
	Shared    = "shared"    // seen by its owner and its members
	Private   = "private"
)

// The states of an image.
const (
	Queued      = "queued" // no bytes yet
	Saving      = "saving" // bytes are coming in
	Active      = "active"
	Deactivated = "deactivated"
)

// Image is what is known of one image. The zero Image doesn't exist.
type Image struct {
	ID, OwnerID, Name           string
	Status, Visibility          string
	DiskFormat, ContainerFormat string
	Protected, Hidden           bool
	MinDiskGiB, MinRAMMiB       int
	Tags                        []string // in order, each once
	Properties                  map[string]string
	CreatedAt, UpdatedAt        time.Time

	// Of the bytes; zero until there are some.
	SizeBytes, VirtualSize int64
	MD5, SHA512            string
	Format                 string // what the bytes were found to be
	Blob                   string // under which name they are stored

	// Of the upload that is under way, while the image is saving.
	Upload string
	Due    time.Time
}

// Images is the table of images, in the order of their ids.
type Images struct {
	table.Of[string, Image]
	sorted    table.Index[place, string, Image]
	due       table.Index[dueAt, string, Image]
	blobs     table.Index[string, string, Image]
	perOwner  table.Tally[string, int, string, Image]
	uploading table.Tally[string, int, string, Image]
	bytes     table.Tally[string, int64, string, Image]
}

type dueAt struct{ nanos int64 }

func newImages() Images {
	t := Images{Of: table.New[string, Image](strings.Compare)}
	t.sorted = table.By(&t.Of, comparePlaces, places)
	t.due = table.By(&t.Of, func(a, b dueAt) int { return cmp.Compare(a.nanos, b.nanos) }, func(i *Image, emit func(dueAt)) {
		if i.Status == Saving {
			emit(dueAt{i.Due.UnixNano()})
		}
	})
	t.blobs = table.By(&t.Of, strings.Compare, func(i *Image, emit func(string)) {
		if i.Blob != "" {
			emit(i.Blob)
		}
		if i.Upload != "" {
			emit(i.Upload)
		}
	})
	t.perOwner = table.Count(&t.Of, strings.Compare, func(i *Image) (string, bool) { return i.OwnerID, true })
	t.uploading = table.Count(&t.Of, strings.Compare, func(i *Image) (string, bool) { return i.OwnerID, i.Status == Saving })
	t.bytes = table.Sum(&t.Of, strings.Compare, func(i *Image) (string, int64, bool) { return i.OwnerID, i.SizeBytes, i.SizeBytes > 0 },
		func(a, b int64, sign int) int64 { return a + int64(sign)*b })
	return t
}

// CountOf is how many images a project owns.
func (t *Images) CountOf(projectID string) int { return table.Total(t.perOwner, &t.Of, projectID) }

// UploadsOf is how many uploads to a project's images are under way.
func (t *Images) UploadsOf(projectID string) int { return table.Total(t.uploading, &t.Of, projectID) }

// BytesOf is how many bytes the images of a project have together.
func (t *Images) BytesOf(projectID string) int64 { return table.Total(t.bytes, &t.Of, projectID) }

// Keeps says whether an image has its bytes under this name, or may come to
// have them there: what nobody keeps may be removed.
func (t *Images) Keeps(blob string) bool { return table.Has(t.blobs, &t.Of, blob) }

// Apply folds one event into the table.
func (t *Images) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ImageCreated:
		t.Put(e.ID, Image{
			ID: e.ID, OwnerID: e.OwnerID, Name: e.Name, Status: Queued, Visibility: e.Visibility, DiskFormat: e.DiskFormat,
			ContainerFormat: e.ContainerFormat, Protected: e.Protected, Hidden: e.Hidden, MinDiskGiB: e.MinDiskGiB, MinRAMMiB: e.MinRAMMiB,
			Tags: tagged(nil, e.Tags...), Properties: maps.Clone(e.Properties), CreatedAt: m.Time, UpdatedAt: m.Time,
		})
	case evt.ImageDeleted:
		t.Delete(e.ID)
	case evt.ImageRenamed:
		t.change(e.ID, m, func(i *Image) { i.Name = e.Name })
	case evt.ImageFormatsChosen:
		t.change(e.ID, m, func(i *Image) { i.DiskFormat, i.ContainerFormat = e.DiskFormat, e.ContainerFormat })
	case evt.ImageRequirementsChanged:
		t.change(e.ID, m, func(i *Image) { i.MinDiskGiB, i.MinRAMMiB = e.MinDiskGiB, e.MinRAMMiB })
	case evt.ImageVisibilityChanged:
		t.change(e.ID, m, func(i *Image) { i.Visibility = e.Visibility })
	case evt.ImageProtectionChanged:
		t.change(e.ID, m, func(i *Image) { i.Protected = e.Protected })
	case evt.ImageHidingChanged:
		t.change(e.ID, m, func(i *Image) { i.Hidden = e.Hidden })
	case evt.ImageOwnerChanged:
		t.change(e.ID, m, func(i *Image) { i.OwnerID = e.OwnerID })
	case evt.ImageTagged:
		t.change(e.ID, m, func(i *Image) { i.Tags = tagged(i.Tags, e.Tag) })
	case evt.ImageUntagged:
		t.change(e.ID, m, func(i *Image) {
			i.Tags = slices.DeleteFunc(slices.Clone(i.Tags), func(tag string) bool { return tag == e.Tag })
		})
	case evt.ImagePropertiesChanged:
		t.change(e.ID, m, func(i *Image) { i.Properties = changed(i.Properties, e.Set, e.Removed) })
	case evt.ImageDeactivated:
		t.change(e.ID, m, func(i *Image) { i.Status = Deactivated })
	case evt.ImageReactivated:
		t.change(e.ID, m, func(i *Image) { i.Status = Active })
	default:
		t.applyUpload(e, m)
	}
}

func (t *Images) applyUpload(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ImageUploadStarted:
		t.change(e.ID, m, func(i *Image) { i.Status, i.Upload, i.Due = Saving, e.Upload, e.Due })
	case evt.ImageUploadContinued:
		t.Update(e.ID, func(i *Image) { i.Due = e.Due })
	case evt.ImageUploadFailed:
		t.change(e.ID, m, func(i *Image) { i.Status, i.Upload, i.Due = Queued, "", time.Time{} })
	case evt.ImageUploaded:
		t.change(e.ID, m, func(i *Image) {
			i.Status, i.Upload, i.Due, i.Blob = Active, "", time.Time{}, e.Upload
			i.SizeBytes, i.VirtualSize, i.MD5, i.SHA512, i.Format = e.SizeBytes, e.VirtualSize, e.MD5, e.SHA512, e.Format
		})
	}
}

func (t *Images) change(id string, m events.Meta, change func(*Image)) {
	t.Update(id, func(i *Image) {
		change(i)
		i.UpdatedAt = m.Time
	})
}

func tagged(tags []string, more ...string) []string {
	all := append(slices.Clone(tags), more...)
	slices.Sort(all)
	return slices.Compact(all)
}

func changed(from, set map[string]string, removed []string) map[string]string {
	to := maps.Clone(from)
	if to == nil {
		to = map[string]string{}
	}
	maps.Copy(to, set)
	for _, name := range removed {
		delete(to, name)
	}
	return to
}
