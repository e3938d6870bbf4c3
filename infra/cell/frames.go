package cell

import (
	"context"
	"errors"
	"sync"

	"skylog/events"
	"skylog/projections"
)

// keptFrames is how many decoded frames are kept at hand for those who follow
// the log; who lags further reads the log itself.
const keptFrames = 128

// errEnough ends a scan that has gone as far as was asked.
var errEnough = errors.New("enough")

type recent struct {
	mu     sync.Mutex
	next   uint64 // the sequence that the next frame will have
	frames [keptFrames]events.Decoded
	wake   chan struct{}
}

func (r *recent) start(last uint64) { r.next, r.wake = last+1, make(chan struct{}) }

func (r *recent) add(f events.Decoded) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frames[f.Seq%keptFrames] = f
	r.next = f.Seq + 1
	close(r.wake)
	r.wake = make(chan struct{})
}

// get returns the frame of a sequence if it is at hand; the channel is closed
// when there is more than there was.
func (r *recent) get(seq uint64) (f events.Decoded, at, exists bool, more <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f = r.frames[seq%keptFrames]
	return f, f.Seq == seq && seq > 0, seq < r.next, r.wake
}

// Frames calls do for every frame behind sequence after, in order, those there
// are and those to come, until ctx ends or do returns an error. The world of
// Now holds a frame by the time do is called with it.
func (c *Cell) Frames(ctx context.Context, after uint64, do func(events.Decoded) error) error {
	for next := after + 1; ; {
		f, atHand, exists, more := c.recent.get(next)
		switch {
		case atHand:
			if err := do(f); err != nil {
				return err
			}
			next++
		case exists:
			last, err := c.older(ctx, next, do)
			if err != nil {
				return err
			}
			next = last + 1
		default:
			select {
			case <-more:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// older calls do for frames out of the log, from first up to where they are at hand.
func (c *Cell) older(ctx context.Context, first uint64, do func(events.Decoded) error) (last uint64, err error) {
	err = c.Store.Scan(ctx, first, func(seq uint64, data []byte) error {
		f, err := Decode(seq, data)
		if err != nil {
			return err
		}
		if err := do(f); err != nil {
			return err
		}
		last = seq
		if _, atHand, _, _ := c.recent.get(seq + 1); atHand {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err == nil && last == 0 {
		err = errors.New("the log has lost frames that were there")
	}
	return last, err
}

// Decode reads a stored frame.
func Decode(seq uint64, data []byte) (events.Decoded, error) {
	u, err := projections.Unpack(seq, data)
	if err != nil {
		return events.Decoded{}, err
	}
	return events.Decoded{Seq: seq, Time: u.Time, Commits: u.Commits, Facts: u.Facts}, nil
}
