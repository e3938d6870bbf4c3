package compute

import "time"

// GrantConsole lets whoever has the token of this hash connect to a console of
// the server once. The token itself is never stored.
type GrantConsole struct {
	ID, Console, TokenHash string
	At                     time.Time
}

// OpenConsole uses a token up.
type OpenConsole struct {
	TokenHash string
	At        time.Time
}

// CommandType is the wire name.
func (GrantConsole) CommandType() string { return "compute.server.grant_console" }

// CommandType is the wire name.
func (OpenConsole) CommandType() string { return "compute.server.open_console" }
