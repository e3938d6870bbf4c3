package image

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"skylog/commands"
	cmd "skylog/commands/image"
	"skylog/events"
	evt "skylog/events/image"
	"skylog/projections"
	view "skylog/projections/image"
)

// Store keeps image bytes under names that are UUIDs.
type Store interface {
	// Save writes all that can be read under a name, or nothing.
	Save(name string, from io.Reader) error
	Open(name string) (io.ReadSeekCloser, error)
	// Remove removes what is there; nothing is no error.
	Remove(name string) error
}

// Inspection is written an image's bytes, and then tells of them.
type Inspection interface {
	io.Writer
	// Sums are how many bytes there were, and their hashes in hex.
	Sums() (size int64, md5, sha512 string)
	// Verdict says what format the bytes are in and how large the disk is. An
	// error is why they are refused, in words that go on after "Image".
	Verdict() (format string, virtualSize int64, err error)
}

// Importer does the imports that are asked for. It is a level: what is open in
// the world is done, however often it was begun before, and an import that this
// process can't end is begun anew by the next one.
type Importer struct {
	Now     func() *projections.World
	Do      commands.Do[*projections.World]
	Frames  func(ctx context.Context, after uint64, do func(events.Decoded) error) error
	Stores  map[string]Store
	Staging Store
	// Inspect begins to look at bytes of a disk format in a container.
	Inspect func(diskFormat, containerFormat string) Inspection
	// Download opens what is at an address; nil where this cloud doesn't.
	Download func(ctx context.Context, uri string) (io.ReadCloser, error)
	// Unseal reads what was sealed for a project.
	Unseal func(project string, sealed []byte) ([]byte, error)
	// ConvertTo is the format that imported disks are brought into; empty: they
	// stay as they are. Convert brings the disk that is staged under a name, and
	// has a format, into that one, under another name and in so many bytes at most.
	ConvertTo string
	Convert   func(ctx context.Context, name, format, as string, maxBytes int64) error
	// MaxBytes is how large an image may be, MaxVirtualBytes how large a disk it
	// may make, ProjectBytes what the images of a project may have together.
	MaxBytes, MaxVirtualBytes, ProjectBytes int64
	Clock                                   func() time.Time
	Logger                                  *slog.Logger

	mu      sync.Mutex
	running map[string]bool
}

const (
	// parallel is how many imports are done at once; each keeps a disk busy.
	parallel = 4
	// again is how soon an import is begun anew that couldn't be ended.
	again = 5 * time.Second
	// lease is how long an import may go unheard of; it is renewed while it goes on.
	lease = 10 * time.Minute
)

// Run does imports until ctx ends.
func (m *Importer) Run(ctx context.Context) error {
	m.running = map[string]bool{}
	wake := make(chan struct{}, 1)
	nudge := func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
	after := m.Now().Seq
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return m.Frames(ctx, after, func(f events.Decoded) error {
			for _, facts := range f.Facts {
				for _, e := range facts {
					m.heed(e, nudge)
				}
			}
			return nil
		})
	})
	group.Go(func() error {
		ticker := time.NewTicker(again)
		defer ticker.Stop()
		var under sync.WaitGroup
		defer under.Wait()
		for {
			m.begin(ctx, &under, nudge)
			select {
			case <-wake:
			case <-ticker.C:
			case <-ctx.Done():
				return nil
			}
		}
	})
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// heed does what an event calls for: an import begins, bytes that nobody
// imported go, and those of images that are deleted, by whomever.
func (m *Importer) heed(e events.Event, nudge func()) {
	switch e := e.(type) {
	case evt.ImportRequested:
		nudge()
	case evt.ImageUploadFailed:
		m.remove(e.ID, m.Staging, e.Upload)
	case evt.ImageDeleted:
		m.remove(e.ID, m.Staging, e.Staged)
		for _, name := range e.Stores {
			if store, ok := m.Stores[name]; ok {
				m.remove(e.ID, store, e.Blob)
			}
		}
	}
}

// remove removes bytes that nobody keeps any more. What can't be removed now goes
// at the next start.
func (m *Importer) remove(image string, from Store, name string) {
	if name == "" {
		return
	}
	if err := from.Remove(name); err != nil {
		m.Logger.Error("bytes were not removed", "image", image, "name", name, "error", err)
	}
}

// begin begins what is open and not yet under way, as far as there is room.
func (m *Importer) begin(ctx context.Context, under *sync.WaitGroup, nudge func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for t := range m.Now().Image.Tasks.Waiting() {
		if len(m.running) == parallel {
			return
		}
		if m.running[t.ID] {
			continue
		}
		m.running[t.ID] = true
		under.Go(func() {
			settled := m.work(ctx, t)
			m.mu.Lock()
			delete(m.running, t.ID)
			m.mu.Unlock()
			if settled {
				nudge()
			}
		})
	}
}

// work does one import and says whether it has come to its end.
func (m *Importer) work(ctx context.Context, t view.Task) (settled bool) {
	ctx, cancel := context.WithCancel(commands.With(ctx, commands.Caller{ProjectID: t.OwnerID, UserID: t.UserID, Origin: "cell"}))
	defer cancel()
	j := &job{Importer: m, ctx: ctx, task: t}
	// Once this is granted, no earlier attempt's end can be granted any more: what
	// it left may be removed.
	if err := j.tell("It has begun."); err != nil {
		_, refused := commands.Refused(err)
		return refused
	}
	err := j.run()
	switch {
	case err == nil:
		return true
	case ctx.Err() != nil, errors.Is(err, commands.ErrUndecided), errors.Is(err, commands.ErrBusy), errors.Is(err, commands.ErrFull):
		return false
	}
	j.clean()
	reason := "Something went wrong here; the operators' log says what."
	if r, refused := commands.Refused(err); refused {
		reason = r.Message
	}
	m.Logger.Warn("an import failed", "task", t.ID, "image", t.ImageID, "error", err)
	_, err = m.Do(ctx, cmd.FailImport{TaskID: t.ID, Reason: reason})
	return err == nil
}
