package compute

import "time"

// ServerShelveRequested says that the server shall be put away: stopped, and its
// disk an image that is on record already.
type ServerShelveRequested struct {
	ID, ImageID string
	// Offload says that its host shall be left as soon as the image is there.
	Offload bool `json:",omitempty"`
	By      time.Time
}

// ServerShelved says that the server is put away, and can be taken up from this image.
type ServerShelved struct {
	ID    string
	Image ImageUse
}

// ServerOffloaded says that a shelved server is on no host any more.
type ServerOffloaded struct{ ID string }

// ServerUnshelveRequested says that a shelved server shall run again: where it
// is, or on this host from the image it was put away as, on a new disk.
type ServerUnshelveRequested struct {
	ID   string
	Host string
	// Zone is what the server is bound to from now on, if Pinned says that this changes.
	Zone   string `json:",omitempty"`
	Pinned bool   `json:",omitempty"`
	Disk   uint64
	By     time.Time
}

// ServerUnshelved says that a server which was shelved runs.
type ServerUnshelved struct{ ID string }

// EventType is the wire name.
func (ServerShelveRequested) EventType() string { return "compute.server.shelve_requested" }

// EventType is the wire name.
func (ServerShelved) EventType() string { return "compute.server.shelved" }

// EventType is the wire name.
func (ServerOffloaded) EventType() string { return "compute.server.offloaded" }

// EventType is the wire name.
func (ServerUnshelveRequested) EventType() string { return "compute.server.unshelve_requested" }

// EventType is the wire name.
func (ServerUnshelved) EventType() string { return "compute.server.unshelved" }
