package compute

import "time"

// ServerPasswordChangeRequested says that somebody gives the server's administrator
// another password. What it is nobody stores: the host is told, and it tells the guest.
type ServerPasswordChangeRequested struct {
	ID string
	By time.Time
}

// ServerPasswordChangeEnded says what came of it.
type ServerPasswordChangeEnded struct {
	ID      string
	Failure string `json:",omitempty"` // empty: the guest has taken it
}

// EventType is the wire name.
func (ServerPasswordChangeRequested) EventType() string {
	return "compute.server.password_change_requested"
}

// EventType is the wire name.
func (ServerPasswordChangeEnded) EventType() string { return "compute.server.password_change_ended" }
