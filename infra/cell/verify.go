package cell

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"skylog/projections"
)

// Verified is what a verification found.
type Verified struct {
	Frames, Events uint64
	Hash           string   // of the state at the last frame
	Snapshots      []string // those that agree with the log
}

// Verify folds the log from its first frame, ignoring snapshots, checks the
// chain of frames, and compares each snapshot with the state at its sequence.
// An error says what doesn't agree.
func Verify(ctx context.Context, log Store, dir string, progress func(seq uint64)) (Verified, error) {
	type said struct{ file, hash string }
	snapshots := map[uint64]said{}
	for _, path := range Snapshots(dir) {
		file, err := os.Open(path)
		if err != nil {
			return Verified{}, err
		}
		w, hash, err := projections.Load(file)
		_ = file.Close() // was only read
		if err != nil {
			return Verified{}, fmt.Errorf("snapshot %s: %w", filepath.Base(path), err)
		}
		snapshots[w.Seq] = said{filepath.Base(path), hash}
	}
	w, found := projections.New(), Verified{}
	w.PutOff()
	err := replay(ctx, log, w, func(seq uint64) error {
		if progress != nil {
			progress(seq)
		}
		snap, ok := snapshots[seq]
		if !ok {
			return nil
		}
		delete(snapshots, seq)
		hash, err := w.StateHash()
		if err != nil {
			return err
		}
		if hash != snap.hash {
			return fmt.Errorf("snapshot %s holds another state (%s) than the log gives at frame %d (%s)", snap.file, snap.hash, seq, hash)
		}
		found.Snapshots = append(found.Snapshots, snap.file)
		return nil
	})
	if err != nil {
		return found, err
	}
	for seq, snap := range snapshots {
		return found, fmt.Errorf("snapshot %s is of frame %d, but the log ends at %d", snap.file, seq, w.Seq)
	}
	found.Frames, found.Events = w.Seq, w.Events
	found.Hash, err = w.StateHash()
	return found, err
}
