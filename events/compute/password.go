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

// ServerFirstPasswordChanged says what password the administrator of a server that
// is made anew has at first, sealed with the project's key.
type ServerFirstPasswordChanged struct {
	ID       string
	Password []byte
}

// EventType is the wire name.
func (ServerFirstPasswordChanged) EventType() string { return "compute.server.first_password_changed" }

// EventType is the wire name.
func (ServerPasswordChangeRequested) EventType() string {
	return "compute.server.password_change_requested"
}

// EventType is the wire name.
func (ServerPasswordChangeEnded) EventType() string { return "compute.server.password_change_ended" }
