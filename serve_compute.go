package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/pflag"

	"skylog/infra/imagearchive"
	view "skylog/projections/image"
	"skylog/workers/compute"
)

// computeSettings are the settings of the compute service.
type computeSettings struct {
	confirmWithin time.Duration
	keepShelved   bool
}

func (s *computeSettings) flags(f *pflag.FlagSet) {
	f.DurationVar(&s.confirmWithin, "resize-confirm-window", 0, "after what time a resize counts as confirmed (default: never by itself)")
	f.BoolVar(&s.keepShelved, "keep-shelved", false, "leave shelved servers on their hosts until somebody offloads them")
}

// archive takes images of this process' hosts. The stores are opened after the
// hosts are made, and ahead of their first want.
type archive struct{ n *node }

func (a archive) Send(ctx context.Context, to compute.CaptureRef, image io.Reader, size int64) error {
	store := imagearchive.Archive{Store: a.n.images.files[view.Local], Do: a.n.cell.Do, Now: a.n.now, Clock: time.Now}
	return store.Send(ctx, to, image, size)
}
