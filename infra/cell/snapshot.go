package cell

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"skylog/handlers"
	"skylog/projections"
)

const (
	// snapshotEvery is how many events are folded between two snapshots: at
	// 200,000 events/s the tail is read in half a second.
	snapshotEvery = 100_000
	snapshotCheck = 5 * time.Second
	keptSnapshots = 3
	// loadingGC is GOGC while a world is loaded; GOMEMLIMIT holds all the same.
	loadingGC = 400
)

// Loaded says how a world came to be.
type Loaded struct {
	Snapshot uint64 // sequence of the snapshot used, 0 for none
	Frames   uint64 // folded behind it
	Events   uint64
	Took     time.Duration
}

// Load makes the world that the log says: the newest snapshot that is sound and
// fits the log, and the frames behind it.
func Load(ctx context.Context, log Store, dir string, logger *slog.Logger) (*projections.World, Loaded, error) {
	began := time.Now()
	// All that is made here stays: to look for garbage each time it has doubled
	// would find hardly any.
	defer debug.SetGCPercent(debug.SetGCPercent(loadingGC))
	w := projections.New()
	for _, path := range slices.Backward(Snapshots(dir)) {
		snap, err := readSnapshot(ctx, log, path)
		if err == nil {
			w = snap
			break
		}
		logger.Warn("a snapshot is left aside", "file", filepath.Base(path), "why", err)
	}
	loaded := Loaded{Snapshot: w.Seq}
	before := w.Events
	w.PutOff()
	err := replay(ctx, log, w, nil)
	loaded.Frames, loaded.Events, loaded.Took = w.Seq-loaded.Snapshot, w.Events-before, time.Since(began)
	return w, loaded, err
}

// readSnapshot reads a snapshot and makes sure that it was taken of this log.
func readSnapshot(ctx context.Context, log handlers.Log, path string) (*projections.World, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	w, _, err := projections.Load(file)
	if err != nil {
		return nil, err
	}
	frame, err := log.Get(ctx, w.Seq)
	if err != nil {
		return nil, fmt.Errorf("the log has no frame %d: %w", w.Seq, err)
	}
	if !w.Wrote(frame) {
		return nil, fmt.Errorf("frame %d of the log is another than the snapshot's", w.Seq)
	}
	return w, nil
}

// Snapshots lists the snapshots in a folder, oldest first.
func Snapshots(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, "world-*.zst")) // only a bad pattern fails
	slices.Sort(found)
	return found
}

// snapshots writes one whenever enough has been folded since the last.
func (c *Cell) snapshots(ctx context.Context) {
	if c.Config.Snapshots == "" {
		return
	}
	last := c.Now().Events
	tick := time.NewTicker(snapshotCheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if w := c.Now(); w.Events-last >= snapshotEvery {
			if err := c.snapshot(w); err != nil {
				c.Logger.Error("a snapshot was not written", "error", err)
			}
			last = w.Events
		}
	}
}

func (c *Cell) snapshot(w *projections.World) error {
	dir := c.Config.Snapshots
	if dir == "" || w.Seq == 0 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, fmt.Sprintf("world-%020d.zst", w.Seq))
	file, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o600))
	if err != nil {
		return err
	}
	defer file.Cleanup() // does nothing once it is in place
	if _, err := w.Save(file); err != nil {
		return err
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return err
	}
	all := Snapshots(dir)
	var failed error
	for _, old := range all[:max(0, len(all)-keptSnapshots)] {
		if strings.HasSuffix(old, ".zst") {
			failed = errors.Join(failed, os.Remove(old))
		}
	}
	return failed
}
