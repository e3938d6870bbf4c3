package handlers

import (
	"context"
	"errors"
)

// Log is the EVT stream as the decider needs it.
type Log interface {
	// Append stores a frame on the condition that the last one is at sequence
	// last, and returns once it is durable. ErrFenced: somebody else wrote there.
	// ErrUnknown: it may or may not be stored.
	Append(ctx context.Context, frame []byte, last uint64) error
	// Get returns the frame at a sequence; ErrNoFrame where there is none.
	Get(ctx context.Context, seq uint64) ([]byte, error)
	// Scan calls do for every frame from sequence first on, in order, until it
	// has done the one that was the last when Scan began.
	Scan(ctx context.Context, first uint64, do func(seq uint64, frame []byte) error) error
}

// Inbox is the CMD stream as the decider needs it.
type Inbox interface {
	// Receive starts delivery of all messages from sequence first on, in order.
	// The channel is closed when ctx ends or delivery fails; Err then says why.
	Receive(ctx context.Context, first uint64) (<-chan Message, error)
	// Range gives the sequences of the oldest and the newest message; where none
	// is kept, first is last + 1.
	Range(ctx context.Context) (first, last uint64, err error)
}

// Message is one message of CMD: a batch of envelopes.
type Message struct {
	Seq    uint64
	Origin string // from the subject: "api.<node>", "host.<host>", "cell"
	Data   []byte
}

// Errors of a Log.
var (
	ErrFenced  = errors.New("another decider has written to the log")
	ErrUnknown = errors.New("it isn't known whether the frame was stored")
	ErrNoFrame = errors.New("no such frame")
)
