package image

import "time"

// ImportRequested says that an import waits to be worked on: a task of whoever
// asked. It must be heard of until Due.
type ImportRequested struct {
	TaskID, ImageID string
	Method          string // how the bytes come
	// URI is where they come from, for people: without what may be secret in it.
	// Sealed is the whole of it, under the key of Project.
	URI     string `json:",omitempty"`
	Sealed  []byte `json:",omitempty"`
	Project string
	Stores  []string
	// AllMustSucceed says that the bytes must get into every store, or the import fails.
	AllMustSucceed bool
	Due            time.Time
}

// ImportContinued says that an import is being worked on, and how far it is.
type ImportContinued struct {
	TaskID, ImageID string
	Note            string
	Due             time.Time
}

// ImageImported says that an import has brought the image its bytes: they are
// stored, checked and never change again. Blob is their name in the stores.
type ImageImported struct {
	TaskID, ImageID, Blob  string
	Stores, Failed         []string
	SizeBytes, VirtualSize int64
	MD5, SHA512            string // in hex
	Format                 string // what the bytes were found to be
	// DiskFormat is that of the image from now on, where the bytes were converted.
	DiskFormat string `json:",omitempty"`
}

// ImageCopied says that more stores have the image's bytes.
type ImageCopied struct {
	TaskID, ImageID string
	Stores, Failed  []string
}

// ImportFailed says that an import left nothing, and why. The image is as it was
// before any bytes came.
type ImportFailed struct{ TaskID, ImageID, Reason string }

// TaskExpired says that nobody needs to know of a task any more that ended long ago.
type TaskExpired struct{ TaskID string }

// EventType is the wire name.
func (ImportRequested) EventType() string { return "image.import.requested" }

// EventType is the wire name.
func (ImportContinued) EventType() string { return "image.import.continued" }

// EventType is the wire name.
func (ImageImported) EventType() string { return "image.import.done" }

// EventType is the wire name.
func (ImageCopied) EventType() string { return "image.import.copied" }

// EventType is the wire name.
func (ImportFailed) EventType() string { return "image.import.failed" }

// EventType is the wire name.
func (TaskExpired) EventType() string { return "image.task.expired" }
