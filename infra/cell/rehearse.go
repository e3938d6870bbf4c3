package cell

import (
	"context"
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"skylog/commands"
	"skylog/events"
	"skylog/projections"
	"skylog/projections/public"
)

// rehearse decides an envelope behind those of the request that were tried
// before, and returns the world that they would lead to. Nothing is stored.
func (c *Cell) rehearse(ctx context.Context, e commands.Envelope, r *commands.Rehearsal) (*projections.World, error) {
	ctx, cancel := context.WithTimeout(ctx, e.NotAfter.Sub(e.At)+patience)
	defer cancel()
	all := append(r.Asked[:len(r.Asked):len(r.Asked)], e)
	tried, err := c.decider.Try(ctx, "api."+c.Node, all...)
	if err != nil {
		return nil, errors.Join(commands.ErrBusy, err) // nothing was stored: there is no outcome to wait for
	}
	if err := c.verdict(ctx, result{tried.World, &tried.Commit}); err != nil {
		return nil, err
	}
	r.Asked = all
	for _, f := range tried.Facts {
		r.Facts = append(r.Facts, f)
	}
	return tried.World, nil
}

// Rehearsed shows events that a rehearsal would have caused, as far as the reader
// would see them, in their order. They have no ids, for they have no place in the log.
func (h *History) Rehearsed(ctx context.Context, r public.Reader, at time.Time, facts []commands.Fact) ([]public.Event, error) {
	if err := h.current(ctx); err != nil {
		return nil, err
	}
	h.using.RLock()
	defer h.using.RUnlock()
	if h.db == nil {
		return nil, errClosed
	}
	b := h.db.NewIndexedBatch() // what the index would have; it is thrown away
	defer b.Close()
	shown := []public.Event{}
	for i, f := range facts {
		sees, err := h.sees(b, r, f, public.Position{Seq: 1<<48 - 1, Event: uint32(i)})
		if err != nil {
			return nil, err
		}
		if sees {
			shown = append(shown, public.Show(f, public.Of(f), at, r))
		}
	}
	return shown, nil
}

// sees says whether an event is for the reader, once it is in the index.
func (h *History) sees(b *pebble.Batch, r public.Reader, e events.Event, at public.Position) (bool, error) {
	audiences := map[public.Audience]bool{}
	if err := h.add(b, e, at, audiences); err != nil {
		return false, err
	}
	for _, a := range r.Audiences() {
		if audiences[a] {
			return true, nil
		}
	}
	return false, nil
}
