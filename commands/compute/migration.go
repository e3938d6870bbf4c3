package compute

import "time"

// EvacuateServer makes a server whose host is lost anew on another.
type EvacuateServer struct {
	ID        string
	Host      string `json:",omitempty"` // an administrator's choice; empty: the scheduler's
	Migration string // names the move
	Password  []byte `json:",omitempty"` // of its administrator, for its config drive, sealed with the project's key; nil: as it is
	At        time.Time
	By
}

// CommandType is the wire name.
func (EvacuateServer) CommandType() string { return "compute.server.evacuate" }
