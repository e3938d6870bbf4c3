package compute

import "time"

// ChangePassword begins to give the administrator in a server's guest another
// password. It doesn't say which: that goes to the host and nowhere else.
type ChangePassword struct {
	ID string
	At time.Time
	By
}

// EndPasswordChange says what came of it.
type EndPasswordChange struct {
	ID      string
	Failure string `json:",omitempty"` // empty: the guest has taken it
}

// CommandType is the wire name.
func (ChangePassword) CommandType() string { return "compute.server.change_password" }

// CommandType is the wire name.
func (EndPasswordChange) CommandType() string { return "compute.server.end_password_change" }
