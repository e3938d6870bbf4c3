package compute

import "time"

// ServerResizeRequested says that the server shall get another flavor, another
// host or both, and that it can go back until that is confirmed. Room for the
// new is claimed beside the old.
type ServerResizeRequested struct {
	ID     string
	Flavor FlavorUse
	// Host is where the server goes. Where that isn't where it is, its disk goes
	// there by way of the image Carrier, which belongs to nobody.
	Host    string
	Carrier string `json:",omitempty"`
	// Disk is the number of its disk afterwards; that of before is kept for the way back.
	Disk uint64
	// Migration names the move; Cold says that it is for the host's sake, not the flavor's.
	Migration string
	Cold      bool `json:",omitempty"`
	By        time.Time
	// ConfirmWithin is after what time it counts as confirmed; zero: never by itself.
	ConfirmWithin time.Duration `json:",omitempty"`
}

// ServerCarried says that the server's disk can be had at its new host, as this image.
type ServerCarried struct {
	ID   string
	Base ImageUse
	By   time.Time
}

// ServerResized says that the server is as it was asked for, and waits for its
// owner to confirm that.
type ServerResized struct {
	ID        string
	ConfirmBy time.Time `json:",omitzero"`
}

// ServerResizeConfirmed says that there is no way back any more.
type ServerResizeConfirmed struct{ ID string }

// ServerResizeRevertRequested says that the server shall be what it was before.
type ServerResizeRevertRequested struct {
	ID string
	By time.Time
}

// ServerResizeReverted says that the server is what it was before.
type ServerResizeReverted struct{ ID string }

// ServerLeft says that a server is on this host no longer, which has yet to
// remove what it has of it.
type ServerLeft struct{ ID, Host string }

// EventType is the wire name.
func (ServerResizeRequested) EventType() string { return "compute.server.resize_requested" }

// EventType is the wire name.
func (ServerCarried) EventType() string { return "compute.server.carried" }

// EventType is the wire name.
func (ServerResized) EventType() string { return "compute.server.resized" }

// EventType is the wire name.
func (ServerResizeConfirmed) EventType() string { return "compute.server.resize_confirmed" }

// EventType is the wire name.
func (ServerResizeRevertRequested) EventType() string {
	return "compute.server.resize_revert_requested"
}

// EventType is the wire name.
func (ServerResizeReverted) EventType() string { return "compute.server.resize_reverted" }

// EventType is the wire name.
func (ServerLeft) EventType() string { return "compute.server.left" }
