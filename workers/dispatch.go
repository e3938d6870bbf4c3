package workers

import (
	"context"
	"log/slog"

	"skylog/events"
	"skylog/projections"
)

// Want is the wanted state of one thing on a host, ready to be sent.
type Want struct {
	Host, Kind, ID string
	// Data is nil where nothing is wanted of the host any more, not even that the
	// thing be gone.
	Data []byte
}

// Outbox is where wants are written: the newest of each thing is kept for its host.
type Outbox interface {
	// Write stores the wants; when it returns, hosts that listen are being told.
	Write(ctx context.Context, wants []Want) error
}

// Source knows how the wants of one service look.
type Source struct {
	// Touched calls emit with every thing whose want may have changed by an event.
	// W is a world that holds the event.
	Touched func(w *projections.World, e events.Event, emit func(id string))
	// Of makes the wants of a thing as they are in w: one for each host that must
	// know, with the generation of w.
	Of func(w *projections.World, id string) ([]Want, error)
	// All goes through all things of which something is wanted.
	All func(w *projections.World, emit func(id string) bool)
}

// Dispatcher writes wants as the world changes.
type Dispatcher struct {
	Now     func() *projections.World
	Frames  func(ctx context.Context, after uint64, do func(events.Decoded) error) error
	Sources []Source
	Outbox  Outbox
	Logger  *slog.Logger
}

// refillBatch is how many wants are written together when all are.
const refillBatch = 500

// Run writes all wants there are and then those that change, until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) error {
	w := d.Now()
	if err := d.refill(ctx, w); err != nil {
		return err
	}
	return d.Frames(ctx, w.Seq, func(f events.Decoded) error { return d.frame(ctx, f) })
}

func (d *Dispatcher) refill(ctx context.Context, w *projections.World) error {
	for i := range d.Sources {
		s := &d.Sources[i]
		var batch []Want
		var failed error
		s.All(w, func(id string) bool {
			batch = d.wants(s, w, id, batch)
			if len(batch) >= refillBatch {
				failed = d.Outbox.Write(ctx, batch)
				batch = batch[:0]
			}
			return failed == nil && ctx.Err() == nil
		})
		if failed != nil {
			return failed
		}
		if err := d.Outbox.Write(ctx, batch); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// frame writes the wants of all that a frame touched, as they are by now.
func (d *Dispatcher) frame(ctx context.Context, f events.Decoded) error {
	w := d.Now()
	var batch []Want
	for i := range d.Sources {
		s := &d.Sources[i]
		seen := map[string]bool{}
		for _, facts := range f.Facts {
			for _, e := range facts {
				s.Touched(w, e, func(id string) {
					if !seen[id] {
						seen[id] = true
						batch = d.wants(s, w, id, batch)
					}
				})
			}
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return d.Outbox.Write(ctx, batch)
}

func (d *Dispatcher) wants(s *Source, w *projections.World, id string, to []Want) []Want {
	wants, err := s.Of(w, id)
	if err != nil { // a want that can't be made must not keep others from being told; its deadline will pass
		d.Logger.Error("a want could not be made", "id", id, "error", err)
		return to
	}
	return append(to, wants...)
}
