package image

import (
	"cmp"
	"iter"
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
	Queued      = "queued"    // no bytes yet
	Saving      = "saving"    // bytes are coming in
	Uploading   = "uploading" // bytes come in, or are there, that an import will take
	Importing   = "importing" // an import takes them
	Active      = "active"
	Deactivated = "deactivated"
)

// What the images of one project may have. Glance has no defaults; ours are far
// above what tenants have, and keep one of them from filling memory and disk.
const (
	MaxImages  = 10_000
	MaxUploads = 100     // bytes on their way at a time
	MaxStaged  = 1 << 40 // bytes that wait for imports
)

// Local is the store that every cloud has. Staging is where bytes wait for an
// import; no image has its bytes there.
const (
	Local   = "local"
	Staging = "os_glance_staging_store"
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
	Stores                 []string

	// Of the upload that is under way, while the image is saving or uploading.
	Upload string
	Due    time.Time // also of staged bytes: until when they wait for an import

	// Of an import: the staged bytes, the task that is under way and the stores it
	// is for, and those that the last one failed to reach.
	Staged            string
	StagedBytes       int64
	Task              string
	Importing, Failed []string
}

// Gone is the fact that the image is deleted, with where its bytes are.
func (i *Image) Gone() evt.ImageDeleted {
	return evt.ImageDeleted{ID: i.ID, Blob: i.Blob, Stores: i.Stores, Staged: i.Staged}
}

// Images is the table of images, in the order of their ids.
type Images struct {
	table.Of[string, Image]
	sorted    table.Index[place, string, Image]
	due       table.Index[dueAt, string, Image]
	kept      table.Index[bytesAt, string, Image]
	hashes    table.Index[string, string, Image]
	perOwner  table.Tally[string, int, string, Image]
	uploading table.Tally[string, int, string, Image]
	bytes     table.Tally[string, int64, string, Image]
	staged    table.Tally[string, int64, string, Image]
}

// bytesAt is a name in a store; without a store, in any.
type bytesAt struct{ store, name string }

func keeps(i *Image, emit func(bytesAt)) {
	for _, store := range i.Stores {
		emit(bytesAt{store, i.Blob})
	}
	for _, name := range []string{i.Upload, i.Task} { // may come to be anywhere
		if name != "" {
			emit(bytesAt{"", name})
		}
	}
	if i.Task != "" && i.Blob != "" {
		emit(bytesAt{"", i.Blob})
	}
	if i.Staged != "" {
		emit(bytesAt{Staging, i.Staged})
	}
}

type dueAt struct{ nanos int64 }

func newImages() Images {
	t := Images{Of: table.New[string, Image](strings.Compare)}
	t.sorted = table.By(&t.Of, comparePlaces, places)
	t.due = table.By(&t.Of, func(a, b dueAt) int { return cmp.Compare(a.nanos, b.nanos) }, func(i *Image, emit func(dueAt)) {
		if !i.Due.IsZero() {
			emit(dueAt{i.Due.UnixNano()})
		}
	})
	t.kept = table.By(&t.Of, func(a, b bytesAt) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.store, b.store))
	}, keeps)
	t.hashes = table.By(&t.Of, strings.Compare, func(i *Image, emit func(string)) {
		if i.SHA512 != "" {
			emit(i.SHA512)
		}
	})
	t.perOwner = table.Count(&t.Of, strings.Compare, func(i *Image) (string, bool) { return i.OwnerID, true })
	t.uploading = table.Count(&t.Of, strings.Compare, func(i *Image) (string, bool) { return i.OwnerID, i.busy() })
	add := func(a, b int64, sign int) int64 { return a + int64(sign)*b }
	t.bytes = table.Sum(&t.Of, strings.Compare, func(i *Image) (string, int64, bool) { return i.OwnerID, i.SizeBytes, i.SizeBytes > 0 }, add)
	t.staged = table.Sum(&t.Of, strings.Compare, func(i *Image) (string, int64, bool) { return i.OwnerID, i.StagedBytes, i.StagedBytes > 0 }, add)
	return t
}

// busy is whether the image's bytes are on their way.
func (i *Image) busy() bool {
	return i.Status == Saving || i.Status == Uploading || i.Status == Importing
}

// CountOf is how many images a project owns.
func (t *Images) CountOf(projectID string) int { return table.Total(t.perOwner, &t.Of, projectID) }

// UploadsOf is how many uploads to a project's images are under way.
func (t *Images) UploadsOf(projectID string) int { return table.Total(t.uploading, &t.Of, projectID) }

// BytesOf is how many bytes the images of a project have together.
func (t *Images) BytesOf(projectID string) int64 { return table.Total(t.bytes, &t.Of, projectID) }

// StagedOf is how many bytes of a project's images wait for imports.
func (t *Images) StagedOf(projectID string) int64 { return table.Total(t.staged, &t.Of, projectID) }

// Keeps says whether an image has its bytes under this name in the store, or may
// come to have them there: what nobody keeps may be removed.
func (t *Images) Keeps(store, name string) bool {
	return table.Has(t.kept, &t.Of, bytesAt{store, name}) || table.Has(t.kept, &t.Of, bytesAt{"", name})
}

// WithHash goes through the images whose bytes have a SHA-512 that begins so.
func (t *Images) WithHash(prefix string) iter.Seq[Image] {
	return func(yield func(Image) bool) {
		for at, i := range table.From(t.hashes, &t.Of, prefix) {
			if !strings.HasPrefix(at.Value, prefix) || !yield(i) {
				return
			}
		}
	}
}

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
	case evt.ImageStagingStarted:
		t.change(e.ID, m, func(i *Image) { i.Status, i.Upload, i.Due = Uploading, e.Upload, e.Due })
	case evt.ImageUploadContinued:
		t.Update(e.ID, func(i *Image) { i.Due = e.Due })
	case evt.ImageStaged:
		t.change(e.ID, m, func(i *Image) { i.Upload, i.Due, i.Staged, i.StagedBytes = "", e.Due, e.Upload, e.SizeBytes })
	case evt.ImageUploadFailed:
		t.change(e.ID, m, (*Image).forget)
	case evt.ImageUploaded:
		t.change(e.ID, m, func(i *Image) {
			i.Status, i.Upload, i.Due, i.Blob, i.Stores = Active, "", time.Time{}, e.Upload, []string{cmp.Or(e.Store, Local)}
			i.SizeBytes, i.VirtualSize, i.MD5, i.SHA512, i.Format = e.SizeBytes, e.VirtualSize, e.MD5, e.SHA512, e.Format
		})
	case evt.ImageStoreDropped:
		t.change(e.ID, m, func(i *Image) {
			i.Stores = slices.DeleteFunc(slices.Clone(i.Stores), func(s string) bool { return s == e.Store })
		})
	default:
		t.applyImport(e, m)
	}
}

// forget makes the image what it was before any bytes came.
func (i *Image) forget() {
	i.Status, i.Upload, i.Due, i.Staged, i.StagedBytes, i.Task, i.Importing = Queued, "", time.Time{}, "", 0, "", nil
}

func (t *Images) applyImport(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ImportRequested:
		t.change(e.ImageID, m, func(i *Image) {
			i.Task, i.Importing, i.Failed, i.Due = e.TaskID, e.Stores, nil, time.Time{} // the task has the deadline now
			if i.Blob == "" {
				i.Status = Importing
			}
		})
	case evt.ImageImported:
		t.change(e.ImageID, m, func(i *Image) {
			i.forget()
			i.Status, i.Blob, i.Stores, i.Failed = Active, e.Blob, e.Stores, e.Failed
			i.SizeBytes, i.VirtualSize, i.MD5, i.SHA512, i.Format = e.SizeBytes, e.VirtualSize, e.MD5, e.SHA512, e.Format
			i.DiskFormat = cmp.Or(e.DiskFormat, i.DiskFormat)
		})
	case evt.ImageCopied:
		t.change(e.ImageID, m, func(i *Image) {
			i.Stores = slices.Concat(i.Stores, e.Stores)
			i.Task, i.Importing, i.Failed = "", nil, e.Failed
		})
	case evt.ImportFailed:
		t.change(e.ImageID, m, func(i *Image) {
			i.Failed = i.Importing
			if i.Blob == "" {
				i.forget()
			}
			i.Task, i.Importing = "", nil
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
