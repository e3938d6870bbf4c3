package compute

import "time"

// ServerLiveMigrationRequested says that the server shall go to this host while it
// runs. Room is claimed there beside the room that it has.
type ServerLiveMigrationRequested struct {
	ID, Host  string
	Migration string // names the move
	By        time.Time
}

// ServerLiveMigrationPrepared says that its next host waits for the server. From
// now on only the host where it is can say whether it is there still.
type ServerLiveMigrationPrepared struct {
	ID       string
	Endpoint string // where its next host waits
	By       time.Time
}

// ServerLiveMigrationProgressed says how much of the server was sent, in bytes.
type ServerLiveMigrationProgressed struct {
	ID string
	Transfer
	By time.Time `json:",omitzero"` // when it must have gone on
}

// Transfer is how much of a machine was sent, in bytes. A total may grow, as what
// the guest has written again is sent again.
type Transfer struct {
	MemoryTotal uint64 `json:",omitempty"`
	MemorySent  uint64 `json:",omitempty"`
	MemoryLeft  uint64 `json:",omitempty"`
	DiskTotal   uint64 `json:",omitempty"`
	DiskSent    uint64 `json:",omitempty"`
	DiskLeft    uint64 `json:",omitempty"`
}

// ServerLiveMigrationForced says that the server may stand still for as long as it
// takes to send what is left of it.
type ServerLiveMigrationForced struct{ ID string }

// ServerLiveMigrationAbortRequested says that the server shall stay where it is if
// it is there still.
type ServerLiveMigrationAbortRequested struct {
	ID string
	// Overdue: nobody asked for that, it took too long.
	Overdue bool `json:",omitempty"`
	By      time.Time
}

// ServerLiveMigrated says that the server runs on the host that it was to go to,
// and no longer where it was.
type ServerLiveMigrated struct{ ID string }

// ServerLiveMigrationFailed says that the server stays where it is.
type ServerLiveMigrationFailed struct {
	ID string
	// Cancelled: that was asked for.
	Cancelled bool   `json:",omitempty"`
	Message   string `json:",omitempty"`
	Details   string `json:",omitempty"`
}

// EventType is the wire name.
func (ServerLiveMigrationRequested) EventType() string {
	return "compute.server.live_migration_requested"
}

// EventType is the wire name.
func (ServerLiveMigrationPrepared) EventType() string {
	return "compute.server.live_migration_prepared"
}

// EventType is the wire name.
func (ServerLiveMigrationProgressed) EventType() string {
	return "compute.server.live_migration_progressed"
}

// EventType is the wire name.
func (ServerLiveMigrationForced) EventType() string { return "compute.server.live_migration_forced" }

// EventType is the wire name.
func (ServerLiveMigrationAbortRequested) EventType() string {
	return "compute.server.live_migration_abort_requested"
}

// EventType is the wire name.
func (ServerLiveMigrated) EventType() string { return "compute.server.live_migrated" }

// EventType is the wire name.
func (ServerLiveMigrationFailed) EventType() string { return "compute.server.live_migration_failed" }
