package handlers

import (
	"context"

	"skylog/commands"
	"skylog/events"
	"skylog/projections"
)

// Tried is what would become of envelopes that are decided without being stored.
type Tried struct {
	// World is the one that they would lead to. It never changes; its position in
	// the log is that of the world they were tried on.
	World *projections.World
	// Commit is the answer to the last of them, and Facts what it would cause.
	Commit events.Commit
	Facts  []events.Event
}

// question is envelopes that shall be decided without being stored.
type question struct {
	envelopes []commands.Envelope
	origin    string
	reply     chan<- Tried
}

// Prepare makes the decider ready to be asked by Try; it is called before Run.
func (d *Decider) Prepare() { d.questions = make(chan question) }

// Try decides envelopes, each on what those before it would leave, on the head as
// it is then, and stores nothing. It tells what would become of the last; where
// one before it is refused now, of that one.
func (d *Decider) Try(ctx context.Context, origin string, envelopes ...commands.Envelope) (Tried, error) {
	reply := make(chan Tried, 1)
	select {
	case d.questions <- question{envelopes, origin, reply}:
	case <-ctx.Done():
		return Tried{}, ctx.Err()
	}
	select {
	case t := <-reply:
		return t, nil
	case <-ctx.Done():
		return Tried{}, ctx.Err()
	}
}

// answer decides between two frames, when the head is what is published, and
// brings the head back to that.
func (d *Decider) answer(q question) {
	f, t := d.begin(), Tried{}
	for i := range q.envelopes {
		t.Commit, t.Facts = d.judge(f, &q.envelopes[i], q.origin)
		if t.Commit.Refused != nil || t.Commit.Broken != "" {
			break
		}
		d.add(f, t.Commit, t.Facts) // so that refold has what was tried before
	}
	t.World = d.head.Publish()
	d.head.Restore(d.published)
	q.reply <- t
}
