package events

import "time"

// Event is one fact.
type Event interface {
	// EventType is the event's name on the wire, such as "compute.server.created".
	EventType() string
}

// Meta is what is known about an event beside itself.
type Meta struct {
	Seq     uint64    // sequence of its frame in EVT
	Number  uint64    // counts the events of the log: 1 is the first ever, no two have the same
	Time    time.Time // log time of the frame, never earlier than that of the frame before
	Command string    // id of the command that caused it
	Caller  Caller
}

// Caller says on whose behalf a command was given. Every field may be empty:
// the cell itself has no user, a host has neither user nor project.
type Caller struct {
	UserID    string `json:"user,omitempty"`
	ProjectID string `json:"project,omitempty"`
	RequestID string `json:"request,omitempty"` // "req-<uuid>" of the HTTP request
	// Origin is "api.<node>", "host.<host>" or "cell": the CMD subject's last
	// tokens, for which NATS permissions vouch, or whom the node of that subject
	// vouches for, as it had their report from a subject of theirs.
	Origin string `json:"origin,omitempty"`
	// Cause is the id of the command whose effects led to this one, as a
	// worker's report names the command that made the want.
	Cause string `json:"cause,omitempty"`
}

// List makes a list of events; it reads better than the literal.
func List(e ...Event) []Event { return e }
