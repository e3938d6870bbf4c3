package handlers

import (
	"context"

	"skylog/commands"
	"skylog/events"
)

// question is an envelope that shall be decided without being stored.
type question struct {
	envelope commands.Envelope
	origin   string
	reply    chan<- answer
}

type answer struct {
	facts []events.Event
	err   error
}

// Prepare makes the decider ready to be asked by Try; it is called before Run.
func (d *Decider) Prepare() { d.questions = make(chan question) }

// Try decides an envelope on the head without storing or folding anything, and
// returns the events it would cause.
func (d *Decider) Try(ctx context.Context, e commands.Envelope, origin string) ([]events.Event, error) {
	reply := make(chan answer, 1)
	select {
	case d.questions <- question{e, origin, reply}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case a := <-reply:
		return a.facts, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// answer decides between two frames, when the head is what is published.
func (d *Decider) answer(q question) {
	f := d.begin()
	c := commitOf(f, &q.envelope, q.origin)
	facts, err := d.outcome(f, &q.envelope, &c)
	d.head.Restore(d.published)
	q.reply <- answer{facts, err}
}
