package compute

import "time"

// ServerRescueRequested says that the server shall run from another image, with
// its own disk beside it.
type ServerRescueRequested struct {
	ID       string
	Image    ImageUse
	Password []byte `json:",omitempty"` // of its administrator, which its config drive tells, sealed with the project's key
	By       time.Time
}

// ServerRescued says that the server runs from its rescue image.
type ServerRescued struct{ ID string }

// ServerUnrescueRequested says that the server shall run from its own disk again.
type ServerUnrescueRequested struct {
	ID string
	By time.Time
}

// ServerUnrescued says that the server runs from its own disk again.
type ServerUnrescued struct{ ID string }

// EventType is the wire name.
func (ServerRescueRequested) EventType() string { return "compute.server.rescue_requested" }

// EventType is the wire name.
func (ServerRescued) EventType() string { return "compute.server.rescued" }

// EventType is the wire name.
func (ServerUnrescueRequested) EventType() string { return "compute.server.unrescue_requested" }

// EventType is the wire name.
func (ServerUnrescued) EventType() string { return "compute.server.unrescued" }
