package cell

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"skylog/projections/public"
)

// burst is how many positions are looked up at once: a reader holds no more
// than these, however far behind or slow it is.
const burst = 256

// Follow returns the events that a reader may see behind a place in the log,
// those there are and, if on is set, those to come until ctx ends. The place is the id of an
// event, an RFC 3339 time, "beginning" or "0", or nothing for now; for those who
// see everything, it may be a sequence too. What a reader sees costs the same
// however much happens elsewhere, and so doesn't tell of it.
func (h *History) Follow(ctx context.Context, r public.Reader, since string, on bool) (iter.Seq2[public.Event, error], error) {
	after, err := h.place(ctx, r, since)
	if err != nil {
		return nil, err
	}
	return func(yield func(public.Event, error) bool) {
		var last *frame
		for ctx.Err() == nil {
			wake := h.wakes(r)
			positions, err := h.behind(r, after, burst)
			if err != nil {
				yield(public.Event{}, err)
				return
			}
			for _, p := range positions {
				e, f, err := h.show(ctx, r, p, last)
				if !yield(e.Event, err) || err != nil {
					return
				}
				after, last = p, f
			}
			if len(positions) > 0 {
				continue
			}
			if !on || h.cell == nil {
				return
			}
			last = nil
			select {
			case <-wake[0]:
			case <-wake[1]:
			case <-ctx.Done():
			}
		}
	}, nil
}

// wakes returns what to wait for; a reader has at most two audiences.
func (h *History) wakes(r public.Reader) (wake [2]<-chan struct{}) {
	for i, a := range r.Audiences() {
		wake[i] = h.more(a)
	}
	return wake
}

// place finds the position behind which a reader wants to go on.
func (h *History) place(ctx context.Context, r public.Reader, since string) (public.Position, error) {
	if err := h.current(ctx); err != nil {
		return public.Position{}, err
	}
	h.mu.Lock()
	last := h.last
	h.mu.Unlock()
	switch since {
	case "":
		return end(last), nil
	case "0", "beginning":
		return public.Position{}, nil
	}
	if p, ok := h.IDs.Open(r, since); ok {
		return p, nil
	}
	if seq, err := strconv.ParseUint(since, 10, 48); err == nil && r.All {
		return end(seq), nil
	}
	at, err := time.Parse(time.RFC3339Nano, since)
	if err != nil {
		return public.Position{}, public.ErrNoPlace
	}
	n, err := framesWhile(last, at.After, func(seq uint64) (time.Time, error) {
		f, err := h.frame(ctx, seq)
		if err != nil {
			return time.Time{}, err
		}
		return f.time, nil
	})
	return end(n), err
}

// Until is the last frame that a place in the log includes, for a Reader's Until.
func (h *History) Until(ctx context.Context, r public.Reader, place string) (uint64, error) {
	p, err := h.place(ctx, r, place)
	return max(p.Seq, 1), err // nothing has a story in the first frame
}

// end is behind all events of a frame.
func end(seq uint64) public.Position {
	return public.Position{Seq: seq, Commit: math.MaxUint32, Event: math.MaxUint32}
}

// behind lists the next positions that a reader may see, at most so many.
func (h *History) behind(r public.Reader, after public.Position, most int) ([]public.Position, error) {
	var all []public.Position
	for _, a := range r.Audiences() {
		left := most
		if err := h.scan(joined('a', string(a), nil), after.Bytes(), func(rest, _ []byte) bool {
			if p, ok := public.PositionOf(rest); ok {
				all = append(all, p)
			}
			left--
			return left > 0
		}); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, public.Position.Compare)
	all = slices.Compact(all) // an event may be for two audiences of one reader
	return all[:min(len(all), most)], nil
}

// scan calls do for the keys that begin with a prefix, from behind one rest on, until do returns false.
func (h *History) scan(prefix, after []byte, do func(rest, value []byte) bool) error {
	h.using.RLock()
	defer h.using.RUnlock()
	if h.db == nil {
		return errClosed
	}
	upper := bytes.Clone(prefix)
	upper[len(upper)-1]++ // prefixes end with a zero
	it, err := h.db.NewIter(&pebble.IterOptions{LowerBound: append(bytes.Clone(prefix), after...), UpperBound: upper})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		rest := it.Key()[len(prefix):]
		if bytes.Equal(rest, after) {
			continue
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return errors.Join(err, it.Close())
		}
		if !do(rest, value) {
			break
		}
	}
	return errors.Join(it.Error(), it.Close())
}

// show renders the event at a position; last is the frame that was read last.
func (h *History) show(ctx context.Context, r public.Reader, p public.Position, last *frame) (public.Entry, *frame, error) {
	f := last
	if f == nil || f.seq != p.Seq {
		var err error
		if f, err = h.frame(ctx, p.Seq); err != nil {
			return public.Entry{}, nil, err
		}
	}
	e, c, err := f.at(p)
	if err != nil {
		return public.Entry{}, nil, err
	}
	shown := public.Entry{Event: public.Show(e, public.Of(e), f.time, r), Command: c.Command, Commands: c.Types, Asked: c.At,
		UserID: c.Caller.UserID, Project: c.Caller.ProjectID, Request: c.Caller.RequestID, Cause: c.Caller.Cause}
	if shown.ID, err = h.IDs.Seal(r, p); err != nil {
		return public.Entry{}, nil, err
	}
	if r.All {
		shown.Origin = c.Caller.Origin
	}
	return shown, f, nil
}

// Of is the story of a thing: at most limit entries behind the event after. What
// happened while it was another's, a reader doesn't see.
func (h *History) Of(ctx context.Context, r public.Reader, s public.Subject, after string, limit int) ([]public.Entry, error) {
	if strings.Contains(s.String(), "\x00") {
		return nil, public.ErrNoStory
	}
	if err := h.current(ctx); err != nil {
		return nil, err
	}
	from := public.Position{}
	if after != "" {
		var ok bool
		if from, ok = h.IDs.Open(r, after); !ok {
			return nil, public.ErrNoPlace
		}
	}
	positions, visible, err := h.positions(r, s, from, limit)
	if err != nil {
		return nil, err
	}
	if !visible {
		return nil, public.ErrNoStory
	}
	entries := make([]public.Entry, 0, len(positions))
	var last *frame
	for _, p := range positions {
		var e public.Entry
		if e, last, err = h.show(ctx, r, p, last); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// positions lists the events of a thing's story that a reader may see, and says
// whether there is any, here or before.
func (h *History) positions(r public.Reader, s public.Subject, from public.Position, limit int) (all []public.Position, visible bool, err error) {
	mine := r.Audiences()
	prefix := joined('s', s.String(), nil)
	sees := func(value []byte) bool {
		return slices.ContainsFunc(strings.Split(string(value), "\n"), func(a string) bool {
			return slices.Contains(mine, public.Audience(a))
		})
	}
	told := func(rest []byte) (p public.Position, ok bool) {
		p, ok = public.PositionOf(rest)
		return p, ok && (r.Until == 0 || p.Seq <= r.Until)
	}
	err = h.scan(prefix, from.Bytes(), func(rest, value []byte) bool {
		p, ok := told(rest)
		if ok && sees(value) {
			all = append(all, p)
		}
		return ok && len(all) < limit
	})
	if err != nil || len(all) > 0 || from == (public.Position{}) {
		return all, len(all) > 0, err
	}
	err = h.scan(prefix, nil, func(rest, value []byte) bool {
		_, ok := told(rest)
		visible = ok && sees(value)
		return ok && !visible
	})
	return nil, visible, err
}

// maxFound is how many things of one name are found.
const maxFound = 100

// Find lists the things of an id, or of a name that they have or had, as far as
// they are the reader's to see. Things that are gone are found too.
func (h *History) Find(ctx context.Context, r public.Reader, name string) ([]public.Found, error) {
	found := []public.Found{}
	if name == "" || strings.Contains(name, "\x00") {
		return found, nil
	}
	if err := h.current(ctx); err != nil {
		return nil, err
	}
	for _, a := range r.Audiences() {
		var subjects []string
		if err := h.scan(joined('n', string(a)+"\x00"+name, nil), nil, func(rest, _ []byte) bool {
			subjects = append(subjects, string(rest))
			return len(subjects) < maxFound
		}); err != nil {
			return nil, err
		}
		for _, text := range subjects {
			s := public.ParseSubject(text)
			t, err := h.thing(s)
			if err != nil {
				return nil, err
			}
			there := true // by then, where a then is asked for
			if r.Until > 0 {
				if _, there, err = h.positions(r, s, public.Position{}, 1); err != nil {
					return nil, err
				}
			}
			if there && (r.All || slices.Contains(t.owners(), a)) { // it may be another's by now
				found = append(found, public.Found{Service: s.Service, Resource: s.Resource, ID: s.ID, Name: t.Name, Project: t.Project})
			}
		}
	}
	return found, nil
}
