package compute

import "time"

// ServerEvacuationRequested says that the server shall be made anew on this host,
// since the one where it is is lost: from its image, on a new disk.
type ServerEvacuationRequested struct {
	ID, Host  string
	Disk      uint64
	Migration string // names the move
	By        time.Time
}

// ServerEvacuated says that the server is at its new host.
type ServerEvacuated struct{ ID string }

// EventType is the wire name.
func (ServerEvacuationRequested) EventType() string { return "compute.server.evacuation_requested" }

// EventType is the wire name.
func (ServerEvacuated) EventType() string { return "compute.server.evacuated" }
