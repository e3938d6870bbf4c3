package compute

import "time"

// ServerConsoleGranted says that whoever has the token of this hash may connect
// to a console of the server, once, until then.
type ServerConsoleGranted struct {
	ID        string
	Console   string // vnc or serial
	TokenHash string
	Until     time.Time
}

// ServerConsoleOpened says that somebody connected by the token of this hash.
type ServerConsoleOpened struct{ ID, TokenHash string }

// EventType is the wire name.
func (ServerConsoleGranted) EventType() string { return "compute.server.console_granted" }

// EventType is the wire name.
func (ServerConsoleOpened) EventType() string { return "compute.server.console_opened" }
