package cell

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"

	"skylog/projections"
)

// ahead is a frame that is being read while those before it are folded.
type ahead struct {
	frame projections.Unpacked
	err   error
	done  chan struct{}
}

// replay folds the frames of the log behind a world, which only the caller has,
// and calls folded, if there is one, after each: several are read side by side,
// and folded in order. It ends where folded returns an error, behind that frame.
func replay(ctx context.Context, log Store, w *projections.World, folded func(seq uint64) error) error {
	group, ctx := errgroup.WithContext(ctx)
	frames := make(chan *ahead, 2*runtime.GOMAXPROCS(0))
	group.Go(func() error {
		defer close(frames)
		return log.Scan(ctx, w.Seq+1, func(seq uint64, data []byte) error {
			a := &ahead{done: make(chan struct{})}
			go func() {
				defer close(a.done)
				a.frame, a.err = projections.Unpack(seq, data)
			}()
			select {
			case frames <- a:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	group.Go(func() error {
		for a := range frames {
			if <-a.done; a.err != nil {
				return a.err
			}
			if err := w.Fold(a.frame); err != nil {
				return err
			}
			if folded == nil {
				continue
			}
			if err := folded(a.frame.Seq); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}
