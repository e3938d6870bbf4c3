package image

import (
	"math"

	"skylog/commands"
	cmd "skylog/commands/image"
	"skylog/events"
	evt "skylog/events/image"
	"skylog/projections"
	view "skylog/projections/image"
)

// StartUpload claims a queued image for one upload.
func StartUpload(w *projections.World, c cmd.StartUpload) ([]events.Event, error) {
	i, err := find(w, c.ID)
	switch {
	case err != nil:
		return nil, err
	case i.Status != view.Queued:
		return nil, commands.Refuse(commands.Conflict, "Image status transition from %s to saving is not allowed", i.Status)
	}
	if err := mayReceive(w, &i); err != nil {
		return nil, err
	}
	return events.List(evt.ImageUploadStarted(c)), nil
}

// mayReceive says whether the image says enough of the bytes that are to come,
// and whether its project may have one more on their way.
func mayReceive(w *projections.World, i *view.Image) error {
	switch {
	case i.DiskFormat == "" && i.ContainerFormat == "":
		return commands.Refuse(commands.Invalid, "Properties disk_format, container_format must be set prior to saving data.")
	case i.DiskFormat == "":
		return commands.Refuse(commands.Invalid, "Property disk_format must be set prior to saving data.")
	case i.ContainerFormat == "":
		return commands.Refuse(commands.Invalid, "Property container_format must be set prior to saving data.")
	}
	return mayBeBusy(w, i)
}

func mayBeBusy(w *projections.World, i *view.Image) error {
	most := w.Limit(i.OwnerID, service, "image_count_uploading", view.MaxUploads)
	if int64(w.Image.Images.UploadsOf(i.OwnerID)) >= most {
		return commands.Refuse(commands.OverLimit, "Resource image_count_uploading is over limit: project %s may have %d images of which bytes are on their way.", i.OwnerID, most)
	}
	return nil
}

// StageUpload claims a queued image for bytes that an import will take. Its
// formats may still be missing: they must be there when the import begins.
func StageUpload(w *projections.World, c cmd.StageUpload) ([]events.Event, error) {
	i, err := find(w, c.ID)
	switch {
	case err != nil:
		return nil, err
	case i.Status != view.Queued:
		return nil, commands.Refuse(commands.Conflict, "Image status transition from %s to uploading is not allowed", i.Status)
	}
	if err := mayBeBusy(w, &i); err != nil {
		return nil, err
	}
	return events.List(evt.ImageStagingStarted(c)), nil
}

// FinishStaging says that the bytes are there, if the image still waits for them.
func FinishStaging(w *projections.World, c cmd.FinishStaging) ([]events.Event, error) {
	i, err := upload(w, c.ID, c.Upload)
	if err != nil {
		return nil, err
	}
	most := inBytes(w.Limit(i.OwnerID, service, "image_stage_total", view.MaxStaged/mebi))
	if w.Image.Images.StagedOf(i.OwnerID)+c.SizeBytes > most {
		return nil, commands.Refuse(commands.OverLimit, "Resource image_stage_total is over limit: the images of project %s may have %d staged bytes together.", i.OwnerID, most)
	}
	return events.List(evt.ImageStaged(c)), nil
}

// upload returns the image, if this is the upload that it waits for.
func upload(w *projections.World, id, upload string) (view.Image, error) {
	i, err := find(w, id)
	if err == nil && i.Upload != upload {
		err = commands.Refuse(commands.NotFound, "Image %s no longer waits for this upload.", id)
	}
	return i, err
}

// ContinueUpload puts the upload's deadline off.
func ContinueUpload(w *projections.World, c cmd.ContinueUpload) ([]events.Event, error) {
	i, err := upload(w, c.ID, c.Upload)
	if err != nil || !c.Due.After(i.Due) {
		return nil, err
	}
	return events.List(evt.ImageUploadContinued(c)), nil
}

// FailUpload gives the image free for another upload. Of one that isn't waited
// for there is nothing to tell.
func FailUpload(w *projections.World, c cmd.FailUpload) ([]events.Event, error) {
	if _, err := upload(w, c.ID, c.Upload); err != nil {
		return nil, nil
	}
	return events.List(evt.ImageUploadFailed(c)), nil
}

// FinishUpload makes the image active, if it still waits for this upload.
func FinishUpload(w *projections.World, c cmd.FinishUpload) ([]events.Event, error) {
	i, err := upload(w, c.ID, c.Upload)
	switch {
	case err != nil:
		return nil, err
	case i.Status != view.Saving:
		return nil, commands.Refuse(commands.NotFound, "Image %s no longer waits for this upload.", c.ID)
	}
	if err := fitsProject(w, &i, c.SizeBytes, c.ProjectBytes); err != nil {
		return nil, err
	}
	return events.List(evt.ImageUploaded{ID: c.ID, Upload: c.Upload, SizeBytes: c.SizeBytes, VirtualSize: c.VirtualSize,
		MD5: c.MD5, SHA512: c.SHA512, Format: c.Format, Store: c.Store}), nil
}

// service is the image service, by its type in the catalog.
const service = "image"

const mebi = 1 << 20

// inBytes is a limit that is given in MiB.
func inBytes(limit int64) int64 {
	if limit > math.MaxInt64/mebi {
		return math.MaxInt64
	}
	return limit * mebi
}

// fitsProject says whether a project's images may have so many more bytes: most
// is what the operator lets each have that has no limit of its own.
func fitsProject(w *projections.World, i *view.Image, more, most int64) error {
	if limit := w.Limit(i.OwnerID, service, "image_size_total", -1); limit != math.MaxInt64 {
		most = inBytes(limit)
	}
	if w.Image.Images.BytesOf(i.OwnerID)+more > most {
		return commands.Refuse(commands.OverLimit, "Image exceeds the storage quota: the images of project %s may have %d bytes together.", i.OwnerID, most)
	}
	return nil
}

// PassDeadline ends what is overdue: an upload or an import of which nothing was
// heard in time, staged bytes that nobody imports, a task that ended long ago.
func PassDeadline(w *projections.World, c cmd.PassDeadline) ([]events.Event, error) {
	if c.Kind == view.TaskDeadline {
		return passTask(w, c)
	}
	i, ok := w.Image.Images.Get(c.ID)
	switch {
	case !ok || c.Kind != view.UploadDeadline || i.Due.IsZero() || i.Due.After(c.Due):
		return nil, nil
	case i.Upload == "":
		return events.List(evt.ImageUploadFailed{ID: i.ID, Upload: i.Staged, Reason: "nobody imported the staged bytes in time"}), nil
	}
	return events.List(evt.ImageUploadFailed{ID: i.ID, Upload: i.Upload, Reason: "nothing was heard of the upload in time"}), nil
}
