package compute

import "time"

// ServerRebuildRequested says that the server shall have a new disk, made of this
// image; what was on the old one is lost.
type ServerRebuildRequested struct {
	ID    string
	Image ImageUse
	// Disk is the number of the new disk: the first that a server ever has is 0.
	Disk uint64
	By   time.Time
}

// ServerRebuilt says that the server is on its new disk.
type ServerRebuilt struct{ ID string }

// ServerKeyChanged says with which key the guest lets its owner in from now on.
type ServerKeyChanged struct{ ID, KeyName, KeyType, PublicKey string }

// ServerUserDataChanged says what the guest is told from now on, sealed with the project's key.
type ServerUserDataChanged struct {
	ID       string
	UserData []byte `json:",omitempty"`
}

// ServerFilesChanged says which files the guest shall find from now on, sealed with the project's key.
type ServerFilesChanged struct {
	ID    string
	Files []byte `json:",omitempty"`
}

// EventType is the wire name.
func (ServerRebuildRequested) EventType() string { return "compute.server.rebuild_requested" }

// EventType is the wire name.
func (ServerRebuilt) EventType() string { return "compute.server.rebuilt" }

// EventType is the wire name.
func (ServerKeyChanged) EventType() string { return "compute.server.key_changed" }

// EventType is the wire name.
func (ServerUserDataChanged) EventType() string { return "compute.server.user_data_changed" }

// EventType is the wire name.
func (ServerFilesChanged) EventType() string { return "compute.server.files_changed" }
