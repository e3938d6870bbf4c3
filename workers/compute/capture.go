package compute

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	cmd "skylog/commands/compute"
)

// Archive takes images of this host's disks.
type Archive interface {
	// Send stores an image's bytes. An image that has its bytes already is no error.
	Send(ctx context.Context, to CaptureRef, image io.Reader, size int64) error
}

// A disk is read and sent for so long at most, and so many times where that
// fails; a network that fails for longer than all of that is broken.
const (
	captureTime  = time.Hour
	captureTries = 5
	captureAgain = 2 * time.Second
)

// errands are what goes on beside what else is wanted of machines, since it may
// take long: one of a kind for each machine.
type errands struct {
	mu    sync.Mutex
	under map[string]*errand
}

type errand struct {
	about  string // the image that a disk becomes, or the migration by which a machine goes
	cancel context.CancelFunc
	done   chan struct{}
}

// begin says whether this errand has to begin; it then must be ended.
func (c *errands) begin(id string, now *errand) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, busy := c.under[id]; busy {
		return false
	}
	if c.under == nil {
		c.under = map[string]*errand{}
	}
	c.under[id] = now
	return true
}

func (c *errands) end(id string, now *errand) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.under[id] == now {
		delete(c.under, id)
	}
	close(now.done)
}

// drop breaks off a machine's errand and waits for its end, unless it is wanted still.
func (c *errands) drop(id, wanted string) {
	c.mu.Lock()
	now := c.under[id]
	c.mu.Unlock()
	if now == nil || wanted == now.about {
		return
	}
	now.cancel()
	<-now.done
}

// capture begins to make an image of a machine's disk, and reports when it is there.
func (b *Booter) capture(ctx context.Context, want ServerWant) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), captureTime)
	now := &errand{about: want.Capture.ImageID, cancel: cancel, done: make(chan struct{})}
	if !b.captures.begin(want.ID, now) {
		cancel()
		return
	}
	go func() {
		defer b.captures.end(want.ID, now)
		defer cancel()
		err := b.send(ctx, want)
		if err == nil {
			err = b.Report(ctx, cmd.ReportServerCaptured{Host: b.Name, ID: want.ID, ImageID: want.Capture.ImageID})
		}
		if err == nil || errors.Is(ctx.Err(), context.Canceled) {
			return
		}
		b.Logger.Warn("no image could be made of a disk", "server", want.ID, "image", want.Capture.ImageID, "error", err)
		if err := b.Failed(context.WithoutCancel(ctx), want, err); err != nil {
			b.Logger.Warn("that could not be reported; its deadline will tell", "server", want.ID, "error", err)
		}
	}()
}

// send reads the disk and sends it, several times where it fails.
func (b *Booter) send(ctx context.Context, want ServerWant) (err error) {
	for try := range captureTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return errors.Join(err, ctx.Err())
			case <-time.After(captureAgain):
			}
		}
		err = b.Hypervisor.Capture(ctx, want.ID, func(image io.Reader, size int64) error {
			return b.Archive.Send(ctx, *want.Capture, image, size)
		})
		if err == nil || errors.Is(err, ErrPermanent) {
			return err
		}
	}
	return err
}
