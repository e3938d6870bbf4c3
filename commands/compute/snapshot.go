package compute

import "time"

// SnapshotServer makes an image of a server's disk. The image is put on record by
// a command before this one in the same batch.
type SnapshotServer struct {
	ID, ImageID string
	// Backup is the kind of backup that this is, if it is one; of that kind the
	// newest Keep stay.
	Backup string `json:",omitempty"`
	Keep   int    `json:",omitempty"`
	At     time.Time
	By
}

// ReportServerCaptured says that an image has a server's disk, as was wanted.
type ReportServerCaptured struct{ Host, ID, ImageID string }

// ReportedBy implements commands.Report.
func (r ReportServerCaptured) ReportedBy() string { return r.Host }

// CommandType is the wire name.
func (SnapshotServer) CommandType() string { return "compute.server.snapshot" }

// CommandType is the wire name.
func (ReportServerCaptured) CommandType() string { return "compute.server.report_captured" }
