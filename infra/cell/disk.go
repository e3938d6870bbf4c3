package cell

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Disk watches how full the disk is that a folder is on.
type Disk struct {
	Dir  string
	full atomic.Bool
}

const (
	// fullAt is the share of the disk in use from which on it is nearly full
	// (DESIGN section 3): the log must be able to take what ends things.
	fullAt    = 0.85
	diskEvery = 5 * time.Second
)

// Full says whether the disk was nearly full when it was last looked at.
func (d *Disk) Full() bool { return d.full.Load() }

// Run looks at the disk until ctx ends.
func (d *Disk) Run(ctx context.Context) error {
	ticker := time.NewTicker(diskEvery)
	defer ticker.Stop()
	for {
		var s unix.Statfs_t
		if err := unix.Statfs(d.Dir, &s); err == nil && s.Blocks > 0 {
			used := s.Blocks - s.Bfree
			d.full.Store(float64(used) > fullAt*float64(used+s.Bavail))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
