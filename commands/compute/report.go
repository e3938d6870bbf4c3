package compute

import "time"

// Power is the state in which a host found a machine.
type Power string

// The states that a host may report.
const (
	Running   Power = "running"
	Stopped   Power = "stopped"
	Paused    Power = "paused"
	Suspended Power = "suspended"
	Crashed   Power = "crashed"
)

// ReportServer says in what state a host has a server. Generation is the one of
// the want that it carried out last: a report about an older want counts for nothing.
type ReportServer struct {
	Host, ID   string
	Generation uint64
	Power      Power
	Reboots    uint64
	Steps      []Step `json:",omitempty"`
}

// Step is one thing that the worker did.
type Step struct {
	Name       string
	Began      time.Time
	Took       time.Duration
	Attributes map[string]string `json:",omitempty"`
}

// ReportServerFailed says that a host can't make a server what is wanted.
type ReportServerFailed struct {
	Host, ID   string
	Generation uint64
	Reason     string
}

// ReportServerGone says that nothing of a server is left on a host.
type ReportServerGone struct{ Host, ID string }

// ReportOrphan says that a host has a machine which nobody wants there.
type ReportOrphan struct{ Host, ID string }

// ReportHost says that a host is there, and what it has to give.
type ReportHost struct {
	Host string
	ID   string // a UUID that the host keeps
	Facts
}

// Facts is what a host has to give.
type Facts struct {
	Type             string
	Version          int
	Arch             string
	VCPUs            int
	RAMMiB, DiskGiB  int
	CPUModel, HostIP string
	Zone             string
}

// ReportedBy implements commands.Report.
func (r ReportServer) ReportedBy() string { return r.Host }

// ReportedBy implements commands.Report.
func (r ReportServerFailed) ReportedBy() string { return r.Host }

// ReportedBy implements commands.Report.
func (r ReportServerGone) ReportedBy() string { return r.Host }

// ReportedBy implements commands.Report.
func (r ReportOrphan) ReportedBy() string { return r.Host }

// ReportedBy implements commands.Report.
func (r ReportHost) ReportedBy() string { return r.Host }

// CommandType is the wire name.
func (ReportServer) CommandType() string { return "compute.server.report" }

// CommandType is the wire name.
func (ReportServerFailed) CommandType() string { return "compute.server.report_failed" }

// CommandType is the wire name.
func (ReportServerGone) CommandType() string { return "compute.server.report_gone" }

// CommandType is the wire name.
func (ReportOrphan) CommandType() string { return "compute.host.report_orphan" }

// CommandType is the wire name.
func (ReportHost) CommandType() string { return "compute.host.report" }
