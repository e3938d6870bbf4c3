package cell

import (
	"path/filepath"
	"strings"
	"testing"

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

// spoil changes one letter of one row of the head, while the decider waits for commands.
func spoil(t *testing.T, c *Cell) {
	t.Helper()
	id := view.KeypairID{UserID: "user1", Name: "laptop"}
	k, ok := c.head.Compute.Keypairs.Get(id)
	if !ok {
		t.Fatal("the row to change isn't there")
	}
	k.PublicKey += "A"
	c.head.Compute.Keypairs.Put(id, k)
	c.now.Store(c.head.Publish())
}
