package compute

// LoseHost says that nothing was heard of a host for too long.
type LoseHost struct{ Name string }

// HearHost says that a lost host was heard again.
type HearHost struct{ Name string }

// DisableHost keeps new servers off a host.
type DisableHost struct{ Name, Reason string }

// EnableHost lets servers onto a host again.
type EnableHost struct{ Name string }

// DrainHost sends a host's servers elsewhere and keeps new ones off it.
type DrainHost struct{ Name, Reason string }

// FinishDrain says that a host seems to be empty.
type FinishDrain struct{ Name string }

// CommandType is the wire name.
func (DrainHost) CommandType() string { return "compute.host.drain" }

// CommandType is the wire name.
func (FinishDrain) CommandType() string { return "compute.host.finish_drain" }

// ForgetHost takes a host that has no servers out of the cloud.
type ForgetHost struct{ Name string }

// CommandType is the wire name.
func (ForgetHost) CommandType() string { return "compute.host.forget" }

// ForceHostDown vouches for a host being down, or takes that back.
type ForceHostDown struct {
	Name string
	Down bool
}

// CommandType is the wire name.
func (ForceHostDown) CommandType() string { return "compute.host.force_down" }

// CommandType is the wire name.
func (LoseHost) CommandType() string { return "compute.host.lose" }

// CommandType is the wire name.
func (DisableHost) CommandType() string { return "compute.host.disable" }

// CommandType is the wire name.
func (EnableHost) CommandType() string { return "compute.host.enable" }

// CommandType is the wire name.
func (HearHost) CommandType() string { return "compute.host.hear" }
