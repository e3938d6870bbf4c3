package image

import "time"

// StartUpload claims the image for one upload, which must be heard of until Due.
type StartUpload struct {
	ID, Upload string
	Due        time.Time
}

// ContinueUpload says that the upload goes on.
type ContinueUpload struct {
	ID, Upload string
	Due        time.Time
}

// FailUpload gives the image free for another upload. It is the undoing of
// StartUpload; whoever sends it has removed the bytes.
type FailUpload struct{ ID, Upload, Reason string }

// FinishUpload makes the image's bytes what was stored under the upload's name.
type FinishUpload struct {
	ID, Upload  string
	SizeBytes   int64
	VirtualSize int64
	MD5, SHA512 string
	Format      string
	Store       string // where they are; empty: in the store that every cloud has
	// ProjectBytes is how many bytes the images of one project may have.
	ProjectBytes int64
}

// StageUpload claims the image for bytes that an import will take.
type StageUpload struct {
	ID, Upload string
	Due        time.Time
}

// FinishStaging says that all bytes are there; an import must begin until Due.
type FinishStaging struct {
	ID, Upload string
	SizeBytes  int64
	Due        time.Time
}

// PassDeadline says that it is past Due and what was waited for didn't come.
type PassDeadline struct {
	Kind, ID string
	Due      time.Time
}

// CommandType is the wire name.
func (StartUpload) CommandType() string { return "image.upload.start" }

// CommandType is the wire name.
func (ContinueUpload) CommandType() string { return "image.upload.continue" }

// CommandType is the wire name.
func (FailUpload) CommandType() string { return "image.upload.fail" }

// CommandType is the wire name.
func (FinishUpload) CommandType() string { return "image.upload.finish" }

// CommandType is the wire name.
func (StageUpload) CommandType() string { return "image.staging.start" }

// CommandType is the wire name.
func (FinishStaging) CommandType() string { return "image.staging.finish" }

// CommandType is the wire name.
func (PassDeadline) CommandType() string { return "image.deadline.pass" }
