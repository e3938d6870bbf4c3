package compute

// HostJoined says that a host is there for servers to run on, or that it has
// come back with other means.
type HostJoined struct {
	Name string
	ID   string // UUID of the hypervisor and of its service
	HostFacts
}

// HostFacts is what a host has to give.
type HostFacts struct {
	Type             string
	Version          int
	Arch             string
	VCPUs            int
	RAMMiB, DiskGiB  int
	CPUModel, HostIP string
	Zone             string
}

// HostLost says that nothing was heard of a host for too long.
type HostLost struct{ Name string }

// HostReturned says that a lost host was heard again.
type HostReturned struct{ Name string }

// HostDisabled says that no new server shall be placed on the host.
type HostDisabled struct{ Name, Reason string }

// HostEnabled says that servers may be placed on the host again.
type HostEnabled struct{ Name string }

// HostDrainRequested says that the host's servers shall go elsewhere, of which
// there were so many.
type HostDrainRequested struct {
	Name    string
	Servers int
}

// HostDrained says that no server is on the host any more.
type HostDrained struct{ Name string }

// HostForcedDown says that an operator vouches for a host being down, or no
// more: what runs on it may be brought up elsewhere.
type HostForcedDown struct {
	Name string
	Down bool
}

// OrphanFound says that a host has a machine that nobody wants there. It was
// set aside, not destroyed.
type OrphanFound struct{ Host, ID string }

// EventType is the wire name.
func (HostJoined) EventType() string { return "compute.host.joined" }

// EventType is the wire name.
func (HostLost) EventType() string { return "compute.host.lost" }

// EventType is the wire name.
func (HostReturned) EventType() string { return "compute.host.returned" }

// EventType is the wire name.
func (HostDisabled) EventType() string { return "compute.host.disabled" }

// EventType is the wire name.
func (HostEnabled) EventType() string { return "compute.host.enabled" }

// HostForgotten says that a host isn't the cloud's any more. One that reports
// again has joined anew.
type HostForgotten struct{ Name string }

// EventType is the wire name.
func (HostForgotten) EventType() string { return "compute.host.forgotten" }

// EventType is the wire name.
func (HostForcedDown) EventType() string { return "compute.host.forced_down" }

// EventType is the wire name.
func (OrphanFound) EventType() string { return "compute.host.orphan_found" }

// EventType is the wire name.
func (HostDrainRequested) EventType() string { return "compute.host.drain_requested" }

// EventType is the wire name.
func (HostDrained) EventType() string { return "compute.host.drained" }
