package commands

import (
	"fmt"
	"time"

	"github.com/goccy/go-json"
)

// Envelope is one batch of commands as it is stored in CMD.
type Envelope struct {
	ID        string `json:"id"` // a UUID
	UserID    string `json:"user,omitempty"`
	ProjectID string `json:"project,omitempty"`
	RequestID string `json:"request,omitempty"`
	Cause     string `json:"cause,omitempty"`
	// Origin is from where the node that stored the envelope had it, such as
	// "host.a"; empty: from itself.
	Origin   string `json:"origin,omitempty"`
	Keyed    bool   `json:"keyed,omitempty"`
	BodyHash string `json:"hash,omitempty"`
	// Authorized is the frame of the world in which the caller had these Rights, a list
	// of Rights that stays undecoded unless somebody's changed since.
	Authorized uint64          `json:"authorized,omitempty"`
	Rights     json.RawMessage `json:"rights,omitempty"`
	At         time.Time       `json:"at"`
	NotAfter   time.Time       `json:"notAfter"`
	Commands   []Record        `json:"commands"`
}

// Record is one command in its wire form.
type Record struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// MaxBatch is how many commands one envelope may hold: an HTTP call that makes
// a hundred servers with their ports stays below it.
const MaxBatch = 1000

// Seal writes commands into an envelope.
func Seal(id string, c Caller, at time.Time, cs []Command) (Envelope, error) {
	if len(cs) == 0 || len(cs) > MaxBatch {
		return Envelope{}, fmt.Errorf("a batch of %d commands, 1 to %d are possible", len(cs), MaxBatch)
	}
	e := Envelope{ID: id, UserID: c.UserID, ProjectID: c.ProjectID, RequestID: c.RequestID, Cause: c.Cause, Origin: c.Origin,
		Keyed: c.Keyed, BodyHash: c.BodyHash, At: at, NotAfter: c.NotAfter, Commands: make([]Record, len(cs))}
	if len(c.Rights) > 0 {
		rights, err := json.Marshal(c.Rights)
		if err != nil {
			return Envelope{}, fmt.Errorf("encode the caller's rights: %w", err)
		}
		e.Authorized, e.Rights = c.Authorized, rights
	}
	if e.NotAfter.IsZero() {
		e.NotAfter = at.Add(DefaultPatience)
	}
	for i, cmd := range cs {
		data, err := json.Marshal(cmd)
		if err != nil {
			return Envelope{}, fmt.Errorf("encode %s: %w", cmd.CommandType(), err)
		}
		e.Commands[i] = Record{Type: cmd.CommandType(), Data: data}
	}
	return e, nil
}
