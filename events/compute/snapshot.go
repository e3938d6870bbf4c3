package compute

import "time"

// ServerSnapshotRequested says that the server's disk shall become an image,
// which is on record already.
type ServerSnapshotRequested struct {
	ID, ImageID string
	// Backup is the kind of backup that this is, if it is one; of that kind so
	// many are kept.
	Backup string `json:",omitempty"`
	Keep   int    `json:",omitempty"`
	By     time.Time
}

// ServerSnapshotTaken says that the image has the disk as it was.
type ServerSnapshotTaken struct {
	ID, ImageID string
	// Backups are the images of the same kind of backup that are kept, the newest first.
	Backups []string `json:",omitempty"`
}

// EventType is the wire name.
func (ServerSnapshotRequested) EventType() string { return "compute.server.snapshot_requested" }

// EventType is the wire name.
func (ServerSnapshotTaken) EventType() string { return "compute.server.snapshot_taken" }
