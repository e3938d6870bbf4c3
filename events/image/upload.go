package image

import "time"

// ImageUploadStarted says that bytes are coming in. Upload names this attempt
// and the bytes it leaves; nothing heard of it until Due means that it failed.
type ImageUploadStarted struct {
	ID, Upload string
	Due        time.Time
}

// ImageUploadContinued says that bytes are still coming in.
type ImageUploadContinued struct {
	ID, Upload string
	Due        time.Time
}

// ImageUploadFailed says that the attempt left nothing and another may be made.
type ImageUploadFailed struct{ ID, Upload, Reason string }

// ImageUploaded says that the bytes are stored, checked and never change again.
type ImageUploaded struct {
	ID, Upload  string
	SizeBytes   int64
	VirtualSize int64
	MD5, SHA512 string // in hex
	// Format is what the bytes were found to be: the disk format, but for the
	// formats that only have a name (aki, ari, ami), whose bytes are raw.
	Format string
	// Store is where they are; empty: in the store that every cloud has.
	Store string `json:",omitempty"`
}

// EventType is the wire name.
func (ImageUploadStarted) EventType() string { return "image.upload.started" }

// EventType is the wire name.
func (ImageUploadContinued) EventType() string { return "image.upload.continued" }

// EventType is the wire name.
func (ImageUploadFailed) EventType() string { return "image.upload.failed" }

// EventType is the wire name.
func (ImageUploaded) EventType() string { return "image.image.uploaded" }
