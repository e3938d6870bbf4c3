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

// captures are the disks that are becoming images, by machine. They go on beside
// what else is wanted of their machines: it may take long.
type captures struct {
	mu    sync.Mutex
	under map[string]*capturing
}

type capturing struct {
	imageID string
	cancel  context.CancelFunc
	done    chan struct{}
}

// begin says whether this capture has to begin; it then must be ended.
func (c *captures) begin(id string, now *capturing) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, busy := c.under[id]; busy {
		return false
	}
	if c.under == nil {
		c.under = map[string]*capturing{}
	}
	c.under[id] = now
	return true
}

func (c *captures) end(id string, now *capturing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.under[id] == now {
		delete(c.under, id)
	}
	close(now.done)
}

// drop breaks off what a machine's disk was becoming, unless that is wanted still.
func (c *captures) drop(id string, wanted *CaptureRef) {
	c.mu.Lock()
	now := c.under[id]
	c.mu.Unlock()
	if now == nil || wanted != nil && wanted.ImageID == now.imageID {
		return
	}
	now.cancel()
	<-now.done
}

// capture begins to make an image of a machine's disk, and reports when it is there.
func (b *Booter) capture(ctx context.Context, want ServerWant) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), captureTime)
	now := &capturing{imageID: want.Capture.ImageID, cancel: cancel, done: make(chan struct{})}
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
