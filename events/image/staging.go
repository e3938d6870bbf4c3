package image

import "time"

// ImageStagingStarted says that bytes are coming in which an import will take.
// Upload names this attempt and the bytes it leaves; it goes on by
// ImageUploadContinued and fails by ImageUploadFailed, as any upload.
type ImageStagingStarted struct {
	ID, Upload string
	Due        time.Time
}

// ImageStaged says that all bytes are there for an import, which must begin
// until Due, or they are thrown away.
type ImageStaged struct {
	ID, Upload string
	SizeBytes  int64
	Due        time.Time
}

// EventType is the wire name.
func (ImageStagingStarted) EventType() string { return "image.staging.started" }

// EventType is the wire name.
func (ImageStaged) EventType() string { return "image.staging.done" }
