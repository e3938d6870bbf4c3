package compute

import "time"

// ShelveServer puts a server away: it is stopped, and its disk becomes the image,
// which is put on record by a command before this one in the same batch.
type ShelveServer struct {
	ID, ImageID string
	Offload     bool `json:",omitempty"` // it leaves its host as well
	At          time.Time
	By
}

// OffloadServer takes a shelved server off its host.
type OffloadServer struct {
	ID string
	By
}

// UnshelveServer makes a shelved server run again.
type UnshelveServer struct {
	ID   string
	Zone *string `json:",omitempty"` // nil: as it is; empty: any from now on
	Host string  `json:",omitempty"` // an administrator's choice; empty: the scheduler's
	At   time.Time
	By
}

// CommandType is the wire name.
func (ShelveServer) CommandType() string { return "compute.server.shelve" }

// CommandType is the wire name.
func (OffloadServer) CommandType() string { return "compute.server.offload" }

// CommandType is the wire name.
func (UnshelveServer) CommandType() string { return "compute.server.unshelve" }
