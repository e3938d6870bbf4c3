package cell

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"skylog/events"
	"skylog/handlers"
	"skylog/projections"
	"skylog/projections/public"
)

const (
	// historyLayout is what the index looks like and by which rules it was made: one
	// of another layout is made anew. Raise it when an entry of projections/public changes.
	historyLayout = 1
	// markEvery is how many frames lie between two marks, by which the index is
	// known to be of this log and no other.
	markEvery = 256
)

// History is an index of the log on disk: which events belong in the story of
// which thing, and who may see them. It has positions only; what happened is
// read from the log. It is derived: what is missing is made from the log, and
// all of it if it doesn't fit. Writes are not synced, as the database keeps their
// order: after a crash the index is a little older, never wrong.
//
//	s <service>/<resource>/<id> 0 <position>   the audiences of the event, one a line
//	a <audience> 0 <position>                  nothing
//	t <service>/<resource>/<id>                what is known of the thing
//	n <audience> 0 <id or name> 0 <service>/<resource>/<id>   nothing
//	l, m                                       the last frame and the mark
type History struct {
	IDs public.IDs

	using sync.RWMutex // held for writing to close
	db    *pebble.DB
	log   handlers.Log
	cell  *Cell // nil where a stopped instance's log is read
	mu    sync.Mutex
	last  uint64                            // the last frame indexed
	moved chan struct{}                     // closed when there are more
	wake  map[public.Audience]chan struct{} // closed when there is more for them
}

// thing is what the index knows of a thing, by what its events have said so far.
type thing struct {
	Project string         `json:"p,omitempty"`
	User    string         `json:"u,omitempty"`
	Name    string         `json:"n,omitempty"`
	PartOf  public.Subject `json:"o,omitzero"`
}

func (t *thing) owners() []public.Audience {
	return public.Reader{ProjectID: t.Project, UserID: t.User}.Audiences()
}

var errClosed = errors.New("the index of the log is closed")

// OpenHistory opens the index in a folder of its own and makes sure that it is of this log.
func OpenHistory(ctx context.Context, dir string, log handlers.Log, ids public.IDs) (*History, error) {
	h := &History{IDs: ids, log: log, moved: make(chan struct{}), wake: map[public.Audience]chan struct{}{}}
	for try := 1; ; try++ {
		fits, err := h.open(ctx, dir)
		switch {
		case err == nil && fits:
			return h, nil
		case try == 2 || ctx.Err() != nil:
			return nil, errors.Join(fmt.Errorf("open the index of the log in %s: %w", dir, err), h.Close())
		case h.db == nil && !errors.Is(err, pebble.ErrCorruption):
			return nil, fmt.Errorf("open the index of the log in %s: %w", dir, err)
		}
		if err := errors.Join(h.Close(), os.RemoveAll(dir)); err != nil {
			return nil, err
		}
	}
}

func (h *History) open(ctx context.Context, dir string) (fits bool, err error) {
	h.db, err = pebble.Open(dir, &pebble.Options{Logger: silent{}, MemTableSize: 8 << 20, MaxOpenFiles: 256,
		FormatMajorVersion: pebble.FormatNewest})
	if err != nil {
		h.db = nil
		return false, err
	}
	last, err := h.get(h.db, []byte("l"))
	if err != nil {
		return false, err
	}
	mark, err := h.get(h.db, []byte("m"))
	if err != nil {
		return false, err
	}
	if last == nil { // a new one
		return true, h.db.Set([]byte("l"), append(make([]byte, 8), historyLayout), pebble.NoSync)
	}
	if len(last) != 9 || last[8] != historyLayout {
		return false, nil
	}
	h.last = binary.BigEndian.Uint64(last)
	if len(mark) == 8+sha256.Size {
		frame, err := h.log.Get(ctx, binary.BigEndian.Uint64(mark))
		if sum := sha256.Sum256(frame); err != nil || !bytes.Equal(sum[:], mark[8:]) {
			return false, nil //nolint:nilerr // a log without the frame is another log
		}
	}
	if h.last > 0 {
		if _, err := h.log.Get(ctx, h.last); err != nil {
			return false, nil //nolint:nilerr // the same
		}
	}
	return true, nil
}

// silent keeps the database's own messages out of the program's log.
type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(format string, args ...any) {
	panic("index of the log: " + fmt.Sprintf(format, args...))
}

// Close ends the use of the index.
func (h *History) Close() error {
	h.using.Lock()
	defer h.using.Unlock()
	if h.db == nil {
		return nil
	}
	err := h.db.Close()
	h.db = nil
	return err
}

// Run follows a cell's log and keeps the index up to date until ctx ends.
func (h *History) Run(ctx context.Context, c *Cell) error {
	return c.Frames(ctx, h.last, func(f events.Decoded) error { return h.fold(ctx, f) })
}

// Attach has the index answer for a cell: with what it has at hand, and no older
// than what it says now.
func (h *History) Attach(c *Cell) { h.cell = c }

// CatchUp brings the index up to the end of the log of an instance that doesn't run.
func (h *History) CatchUp(ctx context.Context) error {
	return h.log.Scan(ctx, h.last+1, func(seq uint64, data []byte) error {
		f, err := Decode(seq, data)
		if err != nil {
			return err
		}
		return h.fold(ctx, f)
	})
}

func (h *History) get(r pebble.Reader, key []byte) ([]byte, error) {
	value, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return bytes.Clone(value), closer.Close()
}

// publish tells that a frame is in the index.
func (h *History) publish(seq uint64, woken map[public.Audience]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = seq
	close(h.moved)
	h.moved = make(chan struct{})
	for a := range woken {
		if c := h.wake[a]; c != nil {
			close(c)
			delete(h.wake, a)
		}
	}
}

// more returns a channel that is closed when there is more for an audience.
func (h *History) more(a public.Audience) <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.wake[a] == nil {
		h.wake[a] = make(chan struct{})
	}
	return h.wake[a]
}

// maxCatchUp is how long a question waits for the index to have what the caller
// may know already.
const maxCatchUp = 5 * time.Second

// current waits until the index has all that the world has now.
func (h *History) current(ctx context.Context) error {
	if h.cell == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, maxCatchUp)
	defer cancel()
	for want := h.cell.Now().Seq; ; {
		h.mu.Lock()
		last, moved := h.last, h.moved
		h.mu.Unlock()
		if last >= want {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return public.ErrBehind
		}
	}
}

// frame reads one frame, out of memory if it is one of the last.
func (h *History) frame(ctx context.Context, seq uint64) (*frame, error) {
	if h.cell != nil {
		if f, atHand, _, _ := h.cell.recent.get(seq); atHand {
			return &frame{f.Seq, f.Time, f.Commits}, nil
		}
	}
	data, err := h.log.Get(ctx, seq)
	if err != nil {
		return nil, fmt.Errorf("read frame %d: %w", seq, err)
	}
	f, _, err := events.DecodeFrame(data)
	if err != nil {
		return nil, err
	}
	return &frame{seq, f.Time, f.Commits}, nil
}

// frame is as much of a frame as is read again later.
type frame struct {
	seq     uint64
	time    time.Time
	commits []events.Commit
}

// at finds and decodes one event of the frame.
func (f *frame) at(p public.Position) (events.Event, *events.Commit, error) {
	if int(p.Commit) >= len(f.commits) || int(p.Event) >= len(f.commits[p.Commit].Events) {
		return nil, nil, fmt.Errorf("frame %d has no event %d of commit %d", p.Seq, p.Event, p.Commit)
	}
	c := &f.commits[p.Commit]
	e, err := projections.Codec.Decode(c.Events[p.Event])
	return e, c, err
}
