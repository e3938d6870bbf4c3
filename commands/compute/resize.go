package compute

import "time"

// ResizeServer gives a server another flavor, or, without one, another host.
type ResizeServer struct {
	ID       string
	FlavorID string `json:",omitempty"`
	Host     string `json:",omitempty"` // an administrator's choice; empty: the scheduler's
	// Carrier is the image by which the disk travels where the host is another; Migration names the move.
	Carrier, Migration string
	// ConfirmWithin is after what time it counts as confirmed; zero: never by itself.
	ConfirmWithin time.Duration `json:",omitempty"`
	DiskConfig    *string       `json:",omitempty"`
	At            time.Time
	By
}

// ConfirmResize gives up the way back.
type ConfirmResize struct {
	ID string
	By
}

// RevertResize makes a server what it was before its resize.
type RevertResize struct {
	ID string
	At time.Time
	By
}

// CommandType is the wire name.
func (ResizeServer) CommandType() string { return "compute.server.resize" }

// CommandType is the wire name.
func (ConfirmResize) CommandType() string { return "compute.server.confirm_resize" }

// CommandType is the wire name.
func (RevertResize) CommandType() string { return "compute.server.revert_resize" }
