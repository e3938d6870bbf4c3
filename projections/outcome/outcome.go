// Package outcome is the memory of which commands were answered: what makes a
// command that arrives twice be decided once, and what /v1/commands/{id} reads.
// It knows where in EVT an answer stands, not what it says.
package outcome

import (
	"bytes"
	"cmp"
	"time"

	"github.com/google/uuid"

	"skylog/events"
	"skylog/projections/table"
)

// Outcome says where a command's answer is.
type Outcome struct {
	Seq   uint64 // the frame in EVT
	Index int    // the commit within it
	Until int64  // Unix seconds of log time; then it is forgotten
	Hash  string // of the body that came with an idempotency key
	Owner string // the project whose key it was; empty without a key
}

// Outcomes is the table of answered commands by id.
type Outcomes struct {
	table.Of[uuid.UUID, Outcome]
	due      table.Index[int64, uuid.UUID, Outcome]
	perOwner table.Tally[string, int, uuid.UUID, Outcome]
}

// sweep is how many forgotten outcomes one new one takes away: more than one,
// so that the table shrinks again, few, so that no command pays for many.
const sweep = 3

// New makes the table, empty.
func New() Outcomes {
	t := Outcomes{Of: table.New[uuid.UUID, Outcome](func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })}
	t.due = table.By(&t.Of, cmp.Compare[int64], func(o *Outcome, emit func(int64)) { emit(o.Until) })
	t.perOwner = table.Count(&t.Of, cmp.Compare[string], func(o *Outcome) (string, bool) { return o.Owner, o.Owner != "" })
	return t
}

// KeysOf is how many idempotency keys of a project are remembered.
func (t *Outcomes) KeysOf(project string) int { return table.Total(t.perOwner, &t.Of, project) }

// Fold remembers where a command was answered, and forgets a few whose time has passed.
func (t *Outcomes) Fold(c *events.Commit, seq uint64, index int, now time.Time) {
	if id, err := uuid.Parse(c.Command); err == nil && !c.Repeats {
		o := Outcome{Seq: seq, Index: index, Until: c.Until.Unix(), Hash: c.Hash}
		if c.Keyed {
			o.Owner = c.Owner()
		}
		t.Put(id, o)
	}
	var gone [sweep]uuid.UUID
	n := 0
	for p := range table.From(t.due, &t.Of, 0) {
		if n == sweep || p.Value >= now.Unix() {
			break
		}
		gone[n] = p.Key
		n++
	}
	for _, id := range gone[:n] {
		t.Delete(id)
	}
}
