package handlers

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"skylog/commands"
	"skylog/events"
	"skylog/projections"
)

// draft is a frame in the making, folded into the head as it grows.
type draft struct {
	time    time.Time
	through events.Position
	pending uint64
	commits []events.Commit
	facts   [][]events.Event // of each commit, as decoded
	bytes   int
}

func (d *Decider) begin() *draft {
	return &draft{time: d.now(), through: d.head.Through}
}

// keyMemory is how long an idempotency key is remembered, in log time.
const keyMemory = 24 * time.Hour

// maxKeys is how many idempotency keys are remembered for a project.
const maxKeys = 10_000

func commitOf(f *draft, e *commands.Envelope, origin string) events.Commit {
	if e.Origin != "" && strings.HasPrefix(origin, "api.") { // only a node vouches for others: a host speaks for itself
		origin = e.Origin
	}
	c := events.Commit{
		Command: e.ID, At: e.At, Keyed: e.Keyed, Hash: e.BodyHash, Until: e.NotAfter, Types: make([]string, len(e.Commands)),
		Caller: events.Caller{UserID: e.UserID, ProjectID: e.ProjectID, RequestID: e.RequestID, Origin: origin, Cause: e.Cause},
	}
	if e.Keyed {
		c.Until = f.time.Add(keyMemory)
	}
	for i, r := range e.Commands {
		c.Types[i] = r.Type
	}
	return c
}

// decide adds the outcome of one envelope to the draft and folds it.
func (d *Decider) decide(f *draft, e *commands.Envelope, origin string) {
	c, facts := d.judge(f, e, origin)
	d.mayChange(facts)
	d.add(f, c, facts)
}

// judge decides one envelope and folds the facts that it decides, but not the answer.
func (d *Decider) judge(f *draft, e *commands.Envelope, origin string) (c events.Commit, facts []events.Event) {
	c = commitOf(f, e, origin)
	switch was, ok := d.head.Answered(e.ID); {
	case ok && was.Hash == e.BodyHash:
		c.Repeats = true
	case ok:
		c.Repeats = true // the first outcome stays remembered
		c.Refused = refused(commands.Mismatch, "The idempotency key was used before with another request body.")
	case f.time.After(e.NotAfter):
		c.Refused = refused(commands.Expired, "The request waited too long and was not carried out.")
	case e.Keyed && d.head.Outcomes.KeysOf(c.Owner()) >= maxKeys:
		c.Refused = refused(commands.OverLimit, fmt.Sprintf("Quota exceeded, more than %d idempotency keys in a day.", maxKeys))
	default:
		var err error
		if facts, err = d.outcome(f, e, &c); err != nil {
			d.fail(&c, err)
			return c, nil
		}
	}
	return c, facts
}

// refuseBroken adds an envelope to the draft as one that can't be decided.
func (d *Decider) refuseBroken(f *draft, e *commands.Envelope, origin string, why error) {
	c := commitOf(f, e, origin)
	d.fail(&c, why)
	d.add(f, c, nil)
}

func refused(k commands.Kind, message string) *events.Refused {
	return &events.Refused{Kind: string(k), Message: message}
}

// fail makes an error the commit's outcome: a refusal, or the command is broken.
func (d *Decider) fail(c *events.Commit, err error) {
	c.Events = nil
	if r, ok := commands.Refused(err); ok {
		c.Refused = &events.Refused{Kind: string(r.Kind), Reason: r.Reason, Message: r.Message}
		return
	}
	d.Logger.Error("a command broke", "command", c.Command, "types", c.Types, "request", c.Caller.RequestID, "error", err)
	c.Broken = err.Error()
}

// add puts a commit whose facts are folded already into the draft.
func (d *Decider) add(f *draft, c events.Commit, facts []events.Event) {
	d.head.Answer(&c, d.head.Seq+1, len(f.commits), f.time)
	f.commits, f.facts = append(f.commits, c), append(f.facts, facts)
	f.bytes += size(&c)
}

// size is about how many bytes a commit takes in a frame.
func size(c *events.Commit) int {
	n := 400 + len(c.Broken)
	for _, r := range c.Events {
		n += len(r.Data) + len(r.Type) + 24
	}
	return n
}

// outcome decides an envelope's commands in order, each on the state the one
// before left, and folds what they decide into the head. After an error the head
// is as it was.
func (d *Decider) outcome(f *draft, e *commands.Envelope, c *events.Commit) (facts []events.Event, err error) {
	var before *projections.World // where a batch goes back to; a single command has folded nothing when it is refused
	if len(e.Commands) > 1 {
		before = d.head.Publish()
	}
	defer func() {
		p := recover()
		if p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		switch {
		case err == nil:
		case before != nil:
			d.head.Restore(before)
		case p != nil:
			d.refold(f)
		}
	}()
	if err := d.entitled(e); err != nil {
		return nil, err
	}
	m := events.Meta{Seq: d.head.Seq + 1, Time: f.time, Command: c.Command, Caller: c.Caller}
	for _, r := range e.Commands {
		decided, err := d.Rules.Decide(d.head, r, c.Caller.Origin)
		if err != nil {
			return nil, err
		}
		start := len(facts)
		for _, event := range decided {
			record, decoded, err := roundTrip(event)
			if err != nil {
				return nil, err
			}
			c.Events, facts = append(c.Events, record), append(facts, decoded)
		}
		if size(c) > MaxFrame/2 {
			return nil, errTooLarge
		}
		d.head.Facts(facts[start:], m)
	}
	return facts, nil
}

var errTooLarge = errors.New("its events don't fit into a frame")

// roundTrip encodes an event and decodes it again, so that what is folded here
// is what every other node folds.
func roundTrip(e events.Event) (events.Record, events.Event, error) {
	record, err := projections.Codec.Encode(e)
	if err != nil {
		return events.Record{}, nil, err
	}
	decoded, err := projections.Codec.Decode(record)
	return record, decoded, err
}

// refold brings the head back to the commits that the draft has, whatever a
// panicking command left of it.
func (d *Decider) refold(f *draft) {
	d.head.Restore(d.published)
	for i := range f.commits {
		c := &f.commits[i]
		d.head.Facts(f.facts[i], events.Meta{Seq: d.head.Seq + 1, Time: f.time, Command: c.Command, Caller: c.Caller})
		d.head.Answer(c, d.head.Seq+1, i, f.time)
	}
}
