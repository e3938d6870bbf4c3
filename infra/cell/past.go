package cell

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"sync"
	"time"

	"skylog/commands"
	"skylog/handlers"
	"skylog/projections"
	"skylog/projections/public"
)

const (
	// maxMaking is how many worlds of the past are made at once, and maxHeads how
	// many are kept to be folded on from: each may take as much memory as the
	// present one.
	maxMaking = 2
	maxHeads  = 2
	// maxPasts is how many are kept at hand. They share what is the same in them
	// with the head that they were folded on.
	maxPasts = 16
	// keepPasts is how long anything is kept without being asked for.
	keepPasts = 5 * time.Minute
	// makeWithin is how long one request waits for a world. What was folded by
	// then isn't lost: who asks again goes on from there.
	makeWithin = 30 * time.Second
	// nearby is how many frames are rather folded than a snapshot read.
	nearby = 10_000
)

// Pasts has the worlds that were: each made of the newest snapshot from before
// it, or of another that was made lately, and the frames between.
type Pasts struct {
	Cell *Cell
	IDs  public.IDs

	once   sync.Once
	making chan struct{}
	mu     sync.Mutex
	worlds []*projections.World // published; the one used last comes last
	heads  []*projections.World // that nobody folds now; the same
	rest   *time.Timer
}

// At returns the world at a place in the log and how the reader may call it. A
// place is an RFC 3339 time or the id of an event; for those who see everything it
// may be a sequence, as in what they are told. Others learn nothing from a place
// but what they said, for it would tell how much happens elsewhere.
func (p *Pasts) At(ctx context.Context, r public.Reader, place string) (*projections.World, string, error) {
	ctx, cancel := context.WithTimeout(ctx, makeWithin)
	defer cancel()
	seq, shown, err := p.find(ctx, r, place)
	if err != nil {
		return nil, "", err
	}
	if r.All {
		shown = strconv.FormatUint(seq, 10)
	}
	w, err := p.World(ctx, seq)
	if ctx.Err() != nil {
		err = errors.Join(commands.ErrBusy, err)
	}
	return w, shown, err
}

// find finds the last frame that a place includes.
func (p *Pasts) find(ctx context.Context, r public.Reader, place string) (seq uint64, shown string, err error) {
	now := p.Cell.Now()
	if at, ok := p.IDs.Open(r, place); ok {
		seq, shown = at.Seq, place
	} else if n, err := strconv.ParseUint(place, 10, 64); err == nil && r.All {
		seq = n
	} else {
		at, err := time.Parse(time.RFC3339Nano, place)
		switch {
		case err != nil:
			return 0, "", public.ErrNoPlace
		case at.After(p.Cell.Clock()):
			return 0, "", public.ErrFuture
		}
		shown, seq = at.UTC().Format(time.RFC3339Nano), now.Seq
		if at.Before(now.Time) {
			seq, err = framesWhile(now.Seq, func(t time.Time) bool { return !t.After(at) }, func(seq uint64) (time.Time, error) { return p.timeOf(ctx, seq) })
		}
		if err != nil {
			return 0, "", err
		}
	}
	switch {
	case seq == 0:
		return 0, "", public.ErrTooOld
	case seq > now.Seq:
		return 0, "", public.ErrFuture
	}
	return seq, shown, nil
}

func (p *Pasts) timeOf(ctx context.Context, seq uint64) (time.Time, error) {
	data, err := p.Cell.Store.Get(ctx, seq)
	if errors.Is(err, handlers.ErrNoFrame) {
		return time.Time{}, public.ErrTooOld
	}
	if err != nil {
		return time.Time{}, err
	}
	f, err := projections.Unpack(seq, data)
	if err != nil {
		return time.Time{}, err
	}
	return f.Time, nil
}

// framesWhile counts the frames, of last, up to the first whose time isn't within. Log time never goes back.
func framesWhile(last uint64, within func(time.Time) bool, timeOf func(uint64) (time.Time, error)) (uint64, error) {
	var failed error
	n := sort.Search(int(last), func(i int) bool {
		t, err := timeOf(uint64(i) + 1)
		if err != nil {
			failed = err
			return true
		}
		return !within(t)
	})
	return uint64(n), failed
}

// World returns the world as it was behind a frame that there is.
func (p *Pasts) World(ctx context.Context, seq uint64) (*projections.World, error) {
	if now := p.Cell.Now(); now.Seq == seq {
		return now, nil
	}
	p.once.Do(func() { p.making = make(chan struct{}, maxMaking) })
	if w := p.atHand(seq); w != nil {
		return w, nil
	}
	select {
	case p.making <- struct{}{}:
		defer func() { <-p.making }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if w := p.atHand(seq); w != nil { // somebody else made it meanwhile
		return w, nil
	}
	head, err := p.head(ctx, seq)
	if err != nil {
		return nil, err
	}
	err = foldTo(ctx, p.Cell.Store, head, seq)
	if err != nil && ctx.Err() == nil {
		return nil, err
	}
	var made *projections.World
	if err == nil {
		made = head.Publish()
	}
	p.keep(head, made)
	return made, err
}

// foldTo folds the frames behind a world up to one of them.
func foldTo(ctx context.Context, log Store, w *projections.World, seq uint64) error {
	if seq-w.Seq <= fewFrames {
		return foldFew(ctx, log, w, seq)
	}
	err := replay(ctx, log, w, func(at uint64) error {
		if at == seq {
			return errEnough
		}
		return nil
	})
	switch {
	case w.Seq == seq:
		return nil
	case err == nil:
		return fmt.Errorf("the log ends at frame %d, ahead of %d", w.Seq, seq)
	}
	return err
}

// fewFrames are rather read one by one than by a scan, which reads ahead.
const fewFrames = 64

func foldFew(ctx context.Context, log Store, w *projections.World, seq uint64) error {
	for w.Seq < seq {
		data, err := log.Get(ctx, w.Seq+1)
		if err != nil {
			return err
		}
		u, err := projections.Unpack(w.Seq+1, data)
		if err != nil {
			return err
		}
		if err := w.Fold(u); err != nil {
			return err
		}
	}
	return nil
}

// head is a world from before the frame that only the caller has: one that was
// folded lately, or else the newest snapshot's, or the first of all.
func (p *Pasts) head(ctx context.Context, seq uint64) (*projections.World, error) {
	var best *projections.World
	p.mu.Lock()
	for _, h := range p.heads {
		if h.Seq <= seq && (best == nil || h.Seq > best.Seq) {
			best = h
		}
	}
	near := best != nil && seq-best.Seq <= nearby
	p.heads = slices.DeleteFunc(p.heads, func(h *projections.World) bool { return h == best })
	p.mu.Unlock()
	if near {
		return best, nil
	}
	for _, path := range slices.Backward(Snapshots(p.Cell.Config.Snapshots)) {
		var of uint64
		if _, err := fmt.Sscanf(filepath.Base(path), "world-%d.zst", &of); err != nil || of > seq {
			continue
		}
		if best != nil && best.Seq >= of {
			break
		}
		w, err := readSnapshot(ctx, p.Cell.Store, path)
		if err == nil && w.Seq <= seq {
			return w, nil
		}
		p.Cell.Logger.Debug("a snapshot is left aside", "file", filepath.Base(path), "why", err)
	}
	if best != nil {
		return best, nil
	}
	w := projections.New()
	w.PutOff()
	return w, nil
}

func (p *Pasts) atHand(seq uint64) *projections.World {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.worlds, func(w *projections.World) bool { return w.Seq == seq })
	if i < 0 {
		return nil
	}
	w := p.worlds[i]
	p.worlds = append(slices.Delete(p.worlds, i, i+1), w)
	p.restart()
	return w
}

// keep files a head that was folded, and the world that was made of it, if it was.
func (p *Pasts) keep(head, made *projections.World) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heads = newest(append(p.heads, head), maxHeads)
	if made != nil {
		p.worlds = newest(append(p.worlds, made), maxPasts)
	}
	p.restart()
}

// newest has the last n of a list, and holds on to no others.
func newest[T any](all []T, n int) []T {
	if len(all) <= n {
		return all
	}
	return slices.Clone(all[len(all)-n:])
}

// restart begins the time anew after which everything is forgotten.
func (p *Pasts) restart() {
	if p.rest != nil {
		p.rest.Stop()
	}
	p.rest = time.AfterFunc(keepPasts, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.worlds, p.heads = nil, nil
	})
}
