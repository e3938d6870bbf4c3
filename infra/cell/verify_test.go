package cell

import (
	"path/filepath"
	"strings"
	"testing"

	"skylog/events"
	evt "skylog/events/compute"
	view "skylog/projections/compute"
)

// TestVerifyFindsARowThatWasChangedBehindTheLog changes what is in memory, as a
// stray pointer or a flipped bit would, before the last snapshot is taken of it.
func TestVerifyFindsARowThatWasChangedBehindTheLog(t *testing.T) {
	onStores(t, func(t *testing.T, reopen func() Store) {
		dir := filepath.Join(t.TempDir(), "snapshots")
		c, stop := run(t, reopen(), dir)
		if _, err := c.Do(t.Context(), key(1), key(2)); err != nil {
			t.Fatal(err)
		}
		stop()
		if _, err := Verify(t.Context(), reopen(), dir, nil); err != nil {
			t.Fatalf("nothing was changed, but %v", err)
		}

		c, stop = run(t, reopen(), dir)
		if _, err := c.Do(t.Context(), key(3)); err != nil {
			t.Fatal(err)
		}
		spoil(t, c)
		stop()
		_, err := Verify(t.Context(), reopen(), dir, nil)
		if err == nil || !strings.Contains(err.Error(), "holds another state") {
			t.Fatalf("a row was changed in memory, and verify says %v", err)
		}
	})
}

// spoil makes one row of the head another than the log says, while the decider
// waits for commands. Tables can be written by a fold only, so it folds what the
// log doesn't have.
func spoil(t *testing.T, c *Cell) {
	t.Helper()
	if !c.head.Compute.Keypairs.Has(view.KeypairID{UserID: "user1", Name: "laptop"}) {
		t.Fatal("the row to change isn't there")
	}
	other := evt.KeypairImported{UserID: "user1", Name: "laptop", Type: "ssh", PublicKey: "ssh-ed25519 BAAA"}
	c.head.Facts(events.List(other), events.Meta{})
	c.now.Store(c.head.Publish())
}
