package compute

import "time"

// ServerSoftDeleted says that the server's owner is rid of it, and may have it
// back until then. It is stopped; its disk, ports and addresses are kept.
type ServerSoftDeleted struct {
	ID    string
	Until time.Time
}

// ServerRestoreRequested says that the server shall be what it was before its deletion.
type ServerRestoreRequested struct {
	ID string
	By time.Time
}

// ServerRestored says that the server is what it was before its deletion.
type ServerRestored struct{ ID string }

// EventType is the wire name.
func (ServerSoftDeleted) EventType() string { return "compute.server.soft_deleted" }

// EventType is the wire name.
func (ServerRestoreRequested) EventType() string { return "compute.server.restore_requested" }

// EventType is the wire name.
func (ServerRestored) EventType() string { return "compute.server.restored" }
