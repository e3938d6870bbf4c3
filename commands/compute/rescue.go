package compute

import "time"

// RescueServer runs a server from another image, with its own disk beside it.
type RescueServer struct {
	ID string
	// Image is what it runs from; without one, the image of its own disk.
	Image    *Image `json:",omitempty"`
	Password []byte `json:",omitempty"` // of its administrator, for the config drive, sealed with the project's key
	At       time.Time
	By
}

// UnrescueServer runs a server from its own disk again.
type UnrescueServer struct {
	ID string
	At time.Time
	By
}

// CommandType is the wire name.
func (RescueServer) CommandType() string { return "compute.server.rescue" }

// CommandType is the wire name.
func (UnrescueServer) CommandType() string { return "compute.server.unrescue" }
