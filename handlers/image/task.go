package image

import (
	"slices"

	"skylog/commands"
	cmd "skylog/commands/image"
	"skylog/events"
	evt "skylog/events/image"
	"skylog/projections"
	view "skylog/projections/image"
)

// The ways in which an image gets its bytes.
const (
	fromStaging = "glance-direct"
	fromWeb     = "web-download"
	fromStore   = "copy-image"
)

// maxTasks is how many tasks a project may have that are told of: as many as one
// that imports a thing every ten seconds has in two days.
const maxTasks = 20_000

// RequestImport claims an image for an import.
func RequestImport(w *projections.World, c cmd.RequestImport) ([]events.Event, error) {
	i, err := find(w, c.ImageID)
	if err != nil {
		return nil, err
	}
	if err := mayImport(&i, c); err != nil {
		return nil, err
	}
	if i.Status == view.Queued {
		if err := mayBeBusy(w, &i); err != nil {
			return nil, err
		}
	}
	if w.Image.Tasks.CountOf(c.Project) >= maxTasks {
		return nil, commands.Refuse(commands.OverLimit, "Project %s has %d tasks already.", c.Project, maxTasks)
	}
	return events.List(evt.ImportRequested(c)), nil
}

func mayImport(i *view.Image, c cmd.RequestImport) error {
	no := func(why string, args ...any) error { return commands.Refuse(commands.Conflict, why, args...) }
	switch {
	case i.Status == view.Active && c.Method != fromStore:
		return no("Image with status active cannot be target for import")
	case i.Status != view.Active && c.Method == fromStore:
		return no("Only images with status active can be targeted for copying")
	case i.Task != "":
		return no("Image has active task")
	case c.Method == fromWeb && i.Status != view.Queued:
		return no("Image needs to be in 'queued' state to use '%s' method", c.Method)
	case c.Method == fromStaging && (i.Status != view.Uploading || i.Staged == ""):
		return no("Image needs to be staged before 'glance-direct' method can be used")
	case i.ContainerFormat == "":
		return no("'container_format' needs to be set before import")
	case i.DiskFormat == "":
		return no("'disk_format' needs to be set before import")
	case len(c.Stores) == 0:
		return commands.Refuse(commands.Invalid, "An import needs a store to bring the bytes to.")
	}
	for _, store := range c.Stores {
		if slices.Contains(i.Stores, store) {
			return commands.Refuse(commands.Invalid, "Image is already present at store '%s'", store)
		}
	}
	return nil
}

// running returns a task that hasn't ended, and its image.
func running(w *projections.World, id string) (view.Task, view.Image, error) {
	t, _ := w.Image.Tasks.Get(id)
	i, ok := w.Image.Images.Get(t.ImageID)
	if !ok || !t.Open() || i.Task != id {
		return t, i, commands.Refuse(commands.NotFound, "Task %s is no longer waited for.", id)
	}
	return t, i, nil
}

// ContinueImport puts the import's deadline off.
func ContinueImport(w *projections.World, c cmd.ContinueImport) ([]events.Event, error) {
	t, _, err := running(w, c.TaskID)
	if err != nil {
		return nil, err
	}
	return events.List(evt.ImportContinued{TaskID: t.ID, ImageID: t.ImageID, Note: c.Note, Due: c.Due}), nil
}

// FinishImport gives the image its bytes, or tells which stores have them too.
func FinishImport(w *projections.World, c cmd.FinishImport) ([]events.Event, error) {
	t, i, err := running(w, c.TaskID)
	switch {
	case err != nil:
		return nil, err
	case len(c.Stores) == 0:
		return nil, commands.Refuse(commands.Invalid, "No store has the bytes.")
	case t.Method == fromStore:
		return events.List(evt.ImageCopied{TaskID: t.ID, ImageID: i.ID, Stores: c.Stores, Failed: c.Failed}), nil
	}
	if err := fitsProject(w, &i, c.SizeBytes, c.ProjectBytes); err != nil {
		return nil, err
	}
	return events.List(evt.ImageImported{TaskID: t.ID, ImageID: i.ID, Blob: t.ID, Stores: c.Stores, Failed: c.Failed, SizeBytes: c.SizeBytes,
		VirtualSize: c.VirtualSize, MD5: c.MD5, SHA512: c.SHA512, Format: c.Format, DiskFormat: c.DiskFormat}), nil
}

// FailImport ends an import. Of one that isn't waited for there is nothing to tell.
func FailImport(w *projections.World, c cmd.FailImport) ([]events.Event, error) {
	t, _, err := running(w, c.TaskID)
	if err != nil {
		return nil, nil
	}
	return events.List(evt.ImportFailed{TaskID: t.ID, ImageID: t.ImageID, Reason: c.Reason}), nil
}

// passTask fails an import of which nothing was heard, or forgets one that ended.
func passTask(w *projections.World, c cmd.PassDeadline) ([]events.Event, error) {
	t, ok := w.Image.Tasks.Get(c.ID)
	switch {
	case !ok || t.Due.After(c.Due):
		return nil, nil
	case t.Open():
		return events.List(evt.ImportFailed{TaskID: t.ID, ImageID: t.ImageID, Reason: "nothing was heard of the import in time"}), nil
	}
	return events.List(evt.TaskExpired{TaskID: t.ID}), nil
}
