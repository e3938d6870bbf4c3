package events

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/goccy/go-json"
)

// FrameVersion is the layout of frames that this build writes.
const FrameVersion = 1

// Frame is one message of EVT: the outcomes of a span of CMD, in order. A frame
// is stored whole or not at all, which is what makes a commit atomic.
type Frame struct {
	Version int       `json:"v"`
	Epoch   uint64    `json:"epoch"` // of the decider that wrote it; grows with every take-over
	Time    time.Time `json:"time"`  // log time
	Prev    Hash      `json:"prev"`  // of the frame before; zero for the first
	// Through is the last command answered by this frame and all before it.
	// Who takes over goes on behind it.
	Through Position `json:"through"`
	// Pending is, in the first frame of an epoch, the newest message in CMD.
	Pending uint64   `json:"pending,omitempty"`
	Commits []Commit `json:"commits,omitempty"`
}

// Position is a place in CMD: messages are batches, so a sequence isn't enough.
type Position struct {
	Seq   uint64 `json:"seq"`
	Index int    `json:"index"` // of the envelope within the message
}

// Commit is the outcome of one envelope: its events, or why there are none.
type Commit struct {
	Command string    `json:"command"` // the envelope's id
	Types   []string  `json:"types,omitempty"`
	Caller  Caller    `json:"caller"`
	At      time.Time `json:"at"`             // when it was asked, by the asker's clock
	Until   time.Time `json:"until"`          // how long its outcome is remembered
	Hash    string    `json:"hash,omitempty"` // of the request body, where an idempotency key was given
	Keyed   bool      `json:"keyed,omitempty"`
	// Repeats is set where the command was answered before: that outcome holds.
	Repeats bool     `json:"repeats,omitempty"`
	Events  []Record `json:"events,omitempty"`
	Refused *Refused `json:"refused,omitempty"`
	// Broken names the failure of a command that could not be decided; it says
	// nothing that a user may see.
	Broken string `json:"broken,omitempty"`
}

// Owner is whose idempotency key it was: the caller's project's, or the user's
// where the token had no project.
func (c *Commit) Owner() string {
	switch {
	case c.Caller.ProjectID != "":
		return c.Caller.ProjectID
	case c.Caller.UserID != "":
		return c.Caller.UserID
	}
	return "-"
}

// Refused is a refusal in its wire form.
type Refused struct {
	Kind    string `json:"kind"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message"`
}

// Record is one event in its wire form.
type Record struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// Hash is the SHA-256 of a frame's bytes.
type Hash [sha256.Size]byte

// MarshalText writes the hash in hex.
func (h Hash) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h[:])), nil }

// UnmarshalText reads what MarshalText writes.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(h)) {
		return fmt.Errorf("hash of %d characters", len(text))
	}
	_, err := hex.Decode(h[:], text)
	return err
}

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Encode returns the frame's bytes, which are what is hashed, and their hash.
func (f *Frame) Encode() ([]byte, Hash, error) {
	data, err := json.Marshal(f)
	if err != nil {
		return nil, Hash{}, fmt.Errorf("encode frame: %w", err)
	}
	return data, sha256.Sum256(data), nil
}

// DecodeFrame reads a frame and returns it with the hash of its bytes.
func DecodeFrame(data []byte) (*Frame, Hash, error) {
	var f Frame
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, Hash{}, fmt.Errorf("decode frame: %w", err)
	}
	if f.Version != FrameVersion {
		return nil, Hash{}, fmt.Errorf("frame of version %d, this build reads %d", f.Version, FrameVersion)
	}
	return &f, sha256.Sum256(data), nil
}

// Decoded is a stored frame with its events as values.
type Decoded struct {
	Seq     uint64
	Time    time.Time
	Commits []Commit
	Facts   [][]Event // of each commit
}
