package compute

import "time"

// RebuildServer gives a server a new disk, made of this image, and changes what
// is set here; nil stays as it is.
type RebuildServer struct {
	ID    string
	Image Image
	// Update is what an update could change, too.
	Update   UpdateServer
	Metadata *map[string]string `json:",omitempty"`
	KeyName  *string            `json:",omitempty"` // a key of the caller's; empty: none
	KeyOwner string             `json:",omitempty"` // the caller
	UserData *[]byte            `json:",omitempty"` // sealed with the project's key
	Files    []byte             `json:",omitempty"` // a list of InjectedFile, sealed likewise; nil: as they are
	Password []byte             `json:",omitempty"` // of its administrator, for its config drive, sealed likewise; nil: as it is
	At       time.Time
	By
}

// CommandType is the wire name.
func (RebuildServer) CommandType() string { return "compute.server.rebuild" }
