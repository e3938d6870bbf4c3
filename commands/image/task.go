package image

import "time"

// RequestImport asks that an image gets its bytes, or more stores get them. It
// is the task's own name that the bytes are stored under.
type RequestImport struct {
	TaskID, ImageID string
	Method          string
	URI             string // for people
	Sealed          []byte // the whole of it, under the key of Project
	Project         string
	Stores          []string
	AllMustSucceed  bool
	Due             time.Time
}

// ContinueImport says that an import is worked on, and how far it is.
type ContinueImport struct {
	TaskID, Note string
	Due          time.Time
}

// FinishImport makes the image's bytes what the import has stored.
type FinishImport struct {
	TaskID                 string
	Stores, Failed         []string
	SizeBytes, VirtualSize int64
	MD5, SHA512            string
	Format                 string
	DiskFormat             string // where the bytes were converted
	// ProjectBytes is how many bytes the images of one project may have.
	ProjectBytes int64
}

// FailImport ends an import that can't be done; whoever sends it has removed
// what was stored.
type FailImport struct{ TaskID, Reason string }

// CommandType is the wire name.
func (RequestImport) CommandType() string { return "image.import.request" }

// CommandType is the wire name.
func (ContinueImport) CommandType() string { return "image.import.continue" }

// CommandType is the wire name.
func (FinishImport) CommandType() string { return "image.import.finish" }

// CommandType is the wire name.
func (FailImport) CommandType() string { return "image.import.fail" }
