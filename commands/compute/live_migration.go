package compute

import "time"

// LiveMigrateServer takes a server to another host while it runs.
type LiveMigrateServer struct {
	ID        string
	Host      string `json:",omitempty"` // an administrator's choice; empty: the scheduler's
	Migration string // names the move
	At        time.Time
	By
}

// AbortLiveMigration lets a server stay where it is.
type AbortLiveMigration struct {
	ID     string
	Number uint64 // of the migration
	// Early: also while its next host isn't ready for it yet.
	Early bool `json:",omitempty"`
	At    time.Time
	By
}

// ForceLiveMigration lets a server stand still until all of it is sent.
type ForceLiveMigration struct {
	ID     string
	Number uint64 // of the migration
	By
}

// ReportServerAwaited says where a host waits for a server that runs on another.
type ReportServerAwaited struct{ Host, ID, Migration, Endpoint string }

// Transfer is how much of a machine was sent, in bytes.
type Transfer struct {
	MemoryTotal, MemorySent, MemoryLeft uint64
	DiskTotal, DiskSent, DiskLeft       uint64
}

// ReportServerProgress says how much of a server its host has sent.
type ReportServerProgress struct {
	Host, ID, Migration string
	Transfer
}

// ReportServerSent says that a server runs on the host that it was sent to, and no
// longer on the one that reports.
type ReportServerSent struct{ Host, ID, Migration string }

// ReportServerStayed says that a server could not be sent, and that its host has it
// still, in this state.
type ReportServerStayed struct {
	Host, ID, Migration string
	Power               Power `json:",omitempty"` // empty: as it is known
	Reason              string
}

// ReportedBy implements commands.Report.
func (r ReportServerAwaited) ReportedBy() string { return r.Host }

// ReportedBy implements commands.Report.
func (r ReportServerProgress) ReportedBy() string { return r.Host }

// ReportedBy implements commands.Report.
func (r ReportServerSent) ReportedBy() string { return r.Host }

// ReportedBy implements commands.Report.
func (r ReportServerStayed) ReportedBy() string { return r.Host }

// CommandType is the wire name.
func (LiveMigrateServer) CommandType() string { return "compute.server.live_migrate" }

// CommandType is the wire name.
func (AbortLiveMigration) CommandType() string { return "compute.server.abort_live_migration" }

// CommandType is the wire name.
func (ForceLiveMigration) CommandType() string { return "compute.server.force_live_migration" }

// CommandType is the wire name.
func (ReportServerAwaited) CommandType() string { return "compute.server.report_awaited" }

// CommandType is the wire name.
func (ReportServerProgress) CommandType() string { return "compute.server.report_progress" }

// CommandType is the wire name.
func (ReportServerSent) CommandType() string { return "compute.server.report_sent" }

// CommandType is the wire name.
func (ReportServerStayed) CommandType() string { return "compute.server.report_stayed" }
