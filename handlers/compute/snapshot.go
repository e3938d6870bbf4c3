package compute

import (
	"slices"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	imgevt "skylog/events/image"
	"skylog/projections"
	view "skylog/projections/compute"
	imgview "skylog/projections/image"
)

// SnapshotServer makes an image of a server's disk, as it is at one instant.
func SnapshotServer(w *projections.World, c cmd.SnapshotServer) ([]events.Event, error) {
	action, from := "createImage", []string{view.Active, view.Stopped, view.Paused, view.Suspended}
	if c.Backup != "" {
		action = "createBackup"
	}
	if _, err := act(w, c.ID, action, c.By, from...); err != nil {
		return nil, err
	}
	if !w.Image.Images.Has(c.ImageID) {
		return nil, commands.Refuse(commands.Invalid, "Image %s could not be found.", c.ImageID)
	}
	return events.List(evt.ServerSnapshotRequested{ID: c.ID, ImageID: c.ImageID, Backup: c.Backup, Keep: c.Keep, By: c.At.Add(captureTime)}), nil
}

// ReportServerCaptured ends what waits for an image of a server's disk.
func ReportServerCaptured(w *projections.World, c cmd.ReportServerCaptured) ([]events.Event, error) {
	s, ok := w.Compute.Servers.Get(c.ID)
	if !ok || s.Host != c.Host || s.Gone() || s.Capture == nil || s.Capture.ImageID != c.ImageID {
		return nil, nil
	}
	image, ok := w.Image.Images.Get(c.ImageID)
	if !ok || image.Status != imgview.Active {
		return nil, nil // it was deleted meanwhile, or isn't there yet: the deadline will tell
	}
	switch {
	case s.Capture.Carry:
		return carried(w, &s, imageUse(&image)), nil
	case s.Capture.Shelve:
		return shelved(w, &s, imageUse(&image)), nil
	}
	return rotated(w, &s), nil
}

func imageUse(i *imgview.Image) evt.ImageUse {
	return evt.ImageUse{ID: i.ID, Format: i.Format, SHA512: i.SHA512, SizeBytes: i.SizeBytes, VirtualGiB: int((i.VirtualSize + 1<<30 - 1) >> 30)}
}

// maxBackups is how many backups of a kind are kept at most.
const maxBackups = 100

// rotated ends a snapshot. If it is a backup, those of its kind that are too many
// are deleted, the oldest first.
func rotated(w *projections.World, s *view.Server) []events.Event {
	taken := evt.ServerSnapshotTaken{ID: s.ID, ImageID: s.Capture.ImageID}
	var dropped []events.Event
	if s.Capture.Backup != "" {
		for _, id := range slices.Concat([]string{taken.ImageID}, s.Backups[s.Capture.Backup]) {
			switch i, ok := w.Image.Images.Get(id); {
			case !ok:
			case len(taken.Backups) < min(s.Capture.Keep, maxBackups), i.Protected:
				taken.Backups = append(taken.Backups, id)
			default:
				dropped = append(dropped, i.Gone())
			}
		}
	}
	return append(dropped, taken)
}

// carrier puts an image on record by which a disk goes from host to host. It
// belongs to no project, and no list shows it.
func carrier(s *view.Server, id string) events.Event {
	return imgevt.ImageCreated{ID: id, Name: "disk of " + s.ID, DiskFormat: "qcow2", ContainerFormat: "bare", Visibility: imgview.Private, Hidden: true}
}

// dropCarrier deletes the image by which a disk went from host to host.
func dropCarrier(w *projections.World, s *view.Server) []events.Event {
	if s.Old == nil {
		return nil
	}
	return dropImage(w, s.Old.Carrier)
}

func dropImage(w *projections.World, id string) []events.Event {
	i, ok := w.Image.Images.Get(id)
	if !ok {
		return nil
	}
	return events.List(i.Gone())
}

// captureFailed deletes the image that a disk did not become.
func captureFailed(w *projections.World, s *view.Server) []events.Event {
	if s.Capture == nil || s.Capture.Carry { // a carrier goes with its move
		return nil
	}
	if i, ok := w.Image.Images.Get(s.Capture.ImageID); !ok || i.Status == imgview.Active {
		return nil
	}
	return dropImage(w, s.Capture.ImageID)
}

// carried sends a server on to the host at which its disk can be had.
func carried(w *projections.World, s *view.Server, base evt.ImageUse) []events.Event {
	return append(events.List(evt.ServerCarried{ID: s.ID, Base: base, By: w.Time.Add(buildTime)}), rebind(w, s, s.Old.To)...)
}
