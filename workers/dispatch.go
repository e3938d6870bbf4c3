package workers

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"skylog/events"
	"skylog/projections"
)

// Want is the wanted state of one thing on a host, ready to be sent.
type Want struct {
	Host, Kind, ID string
	// Data is nil where nothing is wanted of the host any more, not even that the
	// thing be gone. Its Generation says which of two wants is the newer one.
	Data []byte
	// Generation is that of a want without Data.
	Generation uint64
}

// Outbox is where wants are written: the newest of each thing is kept for its host.
type Outbox interface {
	// Write stores the wants; when it returns, hosts that listen are being told.
	Write(ctx context.Context, wants []Want) error
}

// Source knows how the wants of one service look.
type Source struct {
	// Touched calls emit with every thing whose want may have changed by an event,
	// and whether its host must be told at once; what concerns many a little may
	// wait and is then told once for many events. W is a world that holds the event.
	Touched func(w *projections.World, e events.Event, emit func(id string, soon bool))
	// Of makes the wants of a thing as they are in w: one for each host that must
	// know, with the generation of w. It is asked by one at a time.
	Of func(w *projections.World, id string) ([]Want, error)
	// Forget says of which thing nothing is wanted any more by an event, on no host
	// but the one given.
	Forget func(e events.Event) (Want, bool)
	// All goes through all things of which something is wanted.
	All func(w *projections.World, emit func(id string) bool)
}

// Dispatcher writes wants as the world changes.
type Dispatcher struct {
	Now     func() *projections.World
	Frames  func(ctx context.Context, after uint64, do func(events.Decoded) error) error
	Sources []Source
	Outbox  Outbox
	Clock   func() time.Time
	Logger  *slog.Logger

	mu    sync.Mutex
	later map[thing]bool // what may wait, until the next flush
	order []thing        // the same as it came: what belongs together stands together
	// writing keeps a want of an older world from being written behind a newer one.
	writing sync.Mutex
}

type thing struct {
	source int
	id     string
}

// flushEvery is how long what may wait does wait. It bounds how long a member
// that has left a security group may still be let in. Where writing what waits
// takes long, as when many groups change at once, the next time is put off by
// flushShare times as long, up to flushMost: what changes all the time is then
// written less often, and there is room for what can't wait.
const (
	flushEvery = 500 * time.Millisecond
	flushMost  = 10 * time.Second
	flushShare = 4
)

// pause is how long to wait behind a flush that took so long.
func pause(took time.Duration) time.Duration {
	return min(max(flushEvery, flushShare*took), flushMost)
}

// refillBatch is how many wants are written together when all are.
const refillBatch = 500

// Run writes all wants there are and then those that change, until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) error {
	w := d.Now()
	if err := d.refill(ctx, w); err != nil {
		return err
	}
	d.later = map[thing]bool{}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return d.Frames(ctx, w.Seq, func(f events.Decoded) error { return d.frame(ctx, f) })
	})
	group.Go(func() error { return d.flush(ctx) })
	return group.Wait()
}

// A write that fails is tried again after a while, for as long as it takes: what
// is newer waits behind it, and hosts go on with the wants that they have.
const (
	firstRewrite = 100 * time.Millisecond
	lastRewrite  = 10 * time.Second
)

// write writes wants until they are written or ctx ends.
func (d *Dispatcher) write(ctx context.Context, batch []Want) error {
	for wait := firstRewrite; ; wait = min(2*wait, lastRewrite) {
		err := d.Outbox.Write(ctx, batch)
		if err == nil || ctx.Err() != nil {
			return err
		}
		d.Logger.Warn("wants could not be written, and will be again", "wants", len(batch), "in", wait.String(), "error", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// flush writes what was put off, until ctx ends.
func (d *Dispatcher) flush(ctx context.Context) error {
	timer := time.NewTimer(flushEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		began := d.Clock()
		d.mu.Lock()
		due := d.order
		d.later, d.order = map[thing]bool{}, nil
		d.mu.Unlock()
		if err := d.writeAll(ctx, due); err != nil {
			return err
		}
		timer.Reset(pause(d.Clock().Sub(began)))
	}
}

// writeAll writes what was put off, a batch at a time: what can't wait goes between.
func (d *Dispatcher) writeAll(ctx context.Context, due []thing) error {
	for some := range slices.Chunk(due, refillBatch) {
		if err := d.writeSome(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

func (d *Dispatcher) writeSome(ctx context.Context, some []thing) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	w, batch := d.Now(), []Want(nil)
	for _, t := range some {
		batch = d.wants(&d.Sources[t.source], w, t.id, batch)
	}
	return d.write(ctx, batch)
}

func (d *Dispatcher) refill(ctx context.Context, w *projections.World) error {
	for i := range d.Sources {
		s := &d.Sources[i]
		var batch []Want
		var failed error
		s.All(w, func(id string) bool {
			batch = d.wants(s, w, id, batch)
			if len(batch) >= refillBatch {
				failed = d.write(ctx, batch)
				batch = batch[:0]
			}
			return failed == nil && ctx.Err() == nil
		})
		if failed != nil {
			return failed
		}
		if err := d.write(ctx, batch); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// frame writes the wants of all that a frame touched, as they are by now.
func (d *Dispatcher) frame(ctx context.Context, f events.Decoded) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	w := d.Now()
	var batch []Want
	for i := range d.Sources {
		s := &d.Sources[i]
		seen := map[string]bool{}
		touch := func(id string, soon bool) {
			switch {
			case seen[id]:
			case soon:
				seen[id] = true
				batch = d.wants(s, w, id, batch)
			default:
				d.putOff(thing{i, id})
			}
		}
		for _, facts := range f.Facts {
			for _, e := range facts {
				s.Touched(w, e, touch)
				if gone, ok := s.Forget(e); ok {
					gone.Generation = w.Events
					batch = append(batch, gone)
				}
			}
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return d.write(ctx, batch)
}

func (d *Dispatcher) putOff(t thing) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.later[t] {
		d.later[t] = true
		d.order = append(d.order, t)
	}
}

func (d *Dispatcher) wants(s *Source, w *projections.World, id string, to []Want) []Want {
	wants, err := s.Of(w, id)
	if err != nil { // a want that can't be made must not keep others from being told; its deadline will pass
		d.Logger.Error("a want could not be made", "id", id, "error", err)
	}
	return append(to, wants...)
}
