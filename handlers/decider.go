package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/goccy/go-json"

	"skylog/commands"
	"skylog/events"
	"skylog/projections"
)

// Decider is the cell's only writer.
type Decider struct {
	Rules *Registry
	Log   Log
	Inbox Inbox
	// Clock gives the time that becomes log time.
	Clock func() time.Time
	// Publish is told of every world as soon as its frame is durable. It must be quick.
	Publish func(*projections.World, events.Decoded)
	Logger  *slog.Logger

	head      *projections.World // what is folded into
	published *projections.World // the head as readers have it
	epoch     uint64
	rights    uint64 // the frame in which somebody's rights may last have changed
	careful   bool   // one command a frame: the commands before these killed a decider
	questions chan question
}

// MaxFrame is how many bytes of commits a frame may hold. NATS refuses messages
// over its payload limit, 1 MiB by default; the rest is room for the envelope.
const MaxFrame = 768 << 10

// MaxCommits is how many commits a frame may hold, so that a fold of one frame
// stays well under 100 ms.
const MaxCommits = 4096

// Run takes what CMD holds, decides in order on the head of the world, appends a
// frame on the condition that it is still the only writer, and goes on. The head
// must hold all frames there are. It returns when ctx ends, when it was fenced
// off by another decider, or when the log can't be trusted.
func (d *Decider) Run(ctx context.Context, head *projections.World) error {
	d.head, d.published, d.epoch, d.rights = head, head.Publish(), head.Epoch+1, head.Seq
	first, last, err := d.Inbox.Range(ctx)
	if err != nil {
		return fmt.Errorf("read where CMD begins: %w", err)
	}
	next := head.Through.Seq
	if first > next+1 {
		return fmt.Errorf("CMD begins at %d, but is answered through %d: commands are missing", first, next)
	}
	d.careful = head.Stuck >= stuckCareful
	skip := head.Stuck >= stuckSkip
	// The epoch frame fences off whoever wrote before; nothing is decided ahead of it.
	epoch := d.begin()
	epoch.pending = last
	if err := d.append(ctx, epoch); err != nil {
		return fmt.Errorf("take over: %w", err)
	}
	// The message through which was answered is read again: a frame may have
	// answered a part of it only.
	inbox, err := d.Inbox.Receive(ctx, max(next, first))
	if err != nil {
		return fmt.Errorf("read CMD: %w", err)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case q := <-d.questions:
			d.answer(q)
		case m, ok := <-inbox:
			if !ok && ctx.Err() == nil {
				return errors.New("CMD is no longer delivered")
			}
			if !ok {
				return nil
			}
			if err := d.take(ctx, m, inbox, &skip); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// After so many deciders in a row ended at the same place in CMD, commands are
// decided one a frame, so that the one to blame is the next; then it is skipped.
const (
	stuckCareful = 3
	stuckSkip    = 5
)

// take decides a message and whatever else has come in meanwhile, in as few
// frames as they fit into.
func (d *Decider) take(ctx context.Context, m Message, inbox <-chan Message, skip *bool) error {
	f := d.begin()
	for more := true; more; {
		if m.Seq > f.through.Seq+1 {
			return fmt.Errorf("CMD skips from %d to %d: commands are missing", f.through.Seq, m.Seq)
		}
		var err error
		if f, err = d.message(ctx, f, m, skip); err != nil {
			return err
		}
		if d.full(f) {
			break
		}
		select {
		case m, more = <-inbox:
		default:
			more = false
		}
	}
	if f.through == d.head.Through {
		return nil
	}
	return d.append(ctx, f)
}

// message decides the envelopes of a message, those behind what was answered.
func (d *Decider) message(ctx context.Context, f *draft, m Message, skip *bool) (*draft, error) {
	if m.Seq < f.through.Seq {
		return f, nil
	}
	var batch []commands.Envelope
	if err := json.Unmarshal(m.Data, &batch); err != nil || len(batch) == 0 {
		d.Logger.Error("a CMD message can't be read and is skipped", "seq", m.Seq, "origin", m.Origin, "error", err)
		f.through = events.Position{Seq: m.Seq}
		return f, nil
	}
	for i := range batch {
		if m.Seq == f.through.Seq && i <= f.through.Index {
			continue
		}
		if d.full(f) {
			if err := d.append(ctx, f); err != nil {
				return nil, err
			}
			f = d.begin()
		}
		if *skip {
			*skip = false
			d.refuseBroken(f, &batch[i], m.Origin, fmt.Errorf("%d deciders in a row ended at this command", d.head.Stuck))
		} else {
			d.decide(f, &batch[i], m.Origin)
		}
		f.through = events.Position{Seq: m.Seq, Index: i}
	}
	return f, nil
}

func (d *Decider) full(f *draft) bool {
	return f.bytes >= MaxFrame/2 || len(f.commits) >= MaxCommits || d.careful && len(f.commits) > 0
}

// append makes a frame of the draft durable, and then the world that it leads to known.
func (d *Decider) append(ctx context.Context, f *draft) error {
	frame := events.Frame{Version: events.FrameVersion, Epoch: d.epoch, Time: f.time,
		Prev: d.head.Hash, Through: f.through, Pending: f.pending, Commits: f.commits}
	data, hash, err := frame.Encode()
	if err != nil {
		return err
	}
	last := d.head.Seq
	if err := d.store(ctx, data, last); err != nil {
		return fmt.Errorf("append frame %d: %w", last+1, err)
	}
	d.head.Seal(&frame, last+1, hash)
	d.published = d.head.Publish()
	d.Publish(d.published, events.Decoded{Seq: last + 1, Time: f.time, Commits: f.commits, Facts: f.facts})
	return nil
}

// resends is how often a frame whose fate is unknown is sent again.
const resends = 5

// store appends; where it isn't known whether the frame was stored, the same
// bytes are sent again, and being fenced then may mean that they were.
func (d *Decider) store(ctx context.Context, data []byte, last uint64) error {
	var err error
	for range resends {
		err = d.Log.Append(ctx, data, last)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, ErrFenced):
			stored, getErr := d.Log.Get(ctx, last+1)
			if getErr == nil && bytes.Equal(stored, data) {
				return nil
			}
			return errors.Join(err, getErr)
		case !errors.Is(err, ErrUnknown):
			return err
		}
	}
	return err
}

func (d *Decider) now() time.Time {
	now := d.Clock().UTC()
	if now.Before(d.head.Time) { // log time never runs backwards
		return d.head.Time
	}
	return now
}
