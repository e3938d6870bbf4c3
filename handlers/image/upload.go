package image

import (
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
	case i.DiskFormat == "" && i.ContainerFormat == "":
		return nil, commands.Refuse(commands.Invalid, "Properties disk_format, container_format must be set prior to saving data.")
	case i.DiskFormat == "":
		return nil, commands.Refuse(commands.Invalid, "Property disk_format must be set prior to saving data.")
	case i.ContainerFormat == "":
		return nil, commands.Refuse(commands.Invalid, "Property container_format must be set prior to saving data.")
	case w.Image.Images.UploadsOf(i.OwnerID) >= maxUploads:
		return nil, commands.Refuse(commands.OverLimit, "Project %s has %d uploads under way already.", i.OwnerID, maxUploads)
	}
	return events.List(evt.ImageUploadStarted(c)), nil
}

// upload returns the image, if this is the upload that it waits for.
func upload(w *projections.World, id, upload string) (view.Image, error) {
	i, err := find(w, id)
	if err == nil && (i.Status != view.Saving || i.Upload != upload) {
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
	case w.Image.Images.BytesOf(i.OwnerID)+c.SizeBytes > c.ProjectBytes:
		return nil, commands.Refuse(commands.OverLimit, "Image exceeds the storage quota: the images of project %s may have %d bytes together.",
			i.OwnerID, c.ProjectBytes)
	}
	return events.List(evt.ImageUploaded{ID: c.ID, Upload: c.Upload, SizeBytes: c.SizeBytes, VirtualSize: c.VirtualSize,
		MD5: c.MD5, SHA512: c.SHA512, Format: c.Format}), nil
}

// PassDeadline fails an upload of which nothing was heard in time.
func PassDeadline(w *projections.World, c cmd.PassDeadline) ([]events.Event, error) {
	i, ok := w.Image.Images.Get(c.ID)
	if !ok || c.Kind != view.UploadDeadline || i.Status != view.Saving || i.Due.After(c.Due) {
		return nil, nil
	}
	return events.List(evt.ImageUploadFailed{ID: i.ID, Upload: i.Upload, Reason: "nothing was heard of the upload in time"}), nil
}
