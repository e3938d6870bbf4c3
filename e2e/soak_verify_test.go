package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestVerifyFailsWhereABitWasTurned changes one byte behind the program's back,
// in a frame of the log and in a snapshot.
func TestVerifyFailsWhereABitWasTurned(t *testing.T) {
	real(t)
	c := newCloud(t, "--simulate-hosts", "2")
	c.start()
	l := newSoak(t, c, luck(t))
	for i := range 20 {
		l.must("POST", paths["network"], map[string]any{"network": map[string]any{"name": fmt.Sprintf("net-%d", i)}})
	}
	c.stop()
	verified(t, c)

	blocks, err := filepath.Glob(filepath.Join(c.data, "log", "jetstream", "*", "streams", "EVT", "msgs", "*.blk"))
	check(t, err)
	snapshots, err := filepath.Glob(filepath.Join(c.data, "snapshots", "*.zst"))
	check(t, err)
	if len(blocks) == 0 || len(snapshots) == 0 {
		t.Fatalf("the log has the blocks %v and the snapshots %v", blocks, snapshots)
	}
	for _, turn := range []struct {
		what, file string
		at         func(data []byte) int
	}{
		{"the name in an event of a frame", blocks[0], func(data []byte) int { return bytes.Index(data, []byte("net-7")) }},
		{"the hash in a frame", blocks[0], func(data []byte) int { return bytes.LastIndex(data, []byte(`"prev":"`)) + 20 }},
		{"a snapshot", snapshots[len(snapshots)-1], func(data []byte) int { return len(data) / 2 }},
	} {
		good, err := os.ReadFile(turn.file)
		check(t, err)
		bad, at := slices.Clone(good), turn.at(good)
		if at < 0 {
			t.Fatalf("%s isn't in %s", turn.what, turn.file)
		}
		bad[at] ^= 1
		kept := filepath.Join(t.TempDir(), "data")
		check(t, os.CopyFS(kept, os.DirFS(c.data))) // verify may mend what it opens
		check(t, os.WriteFile(strings.Replace(turn.file, c.data, kept, 1), bad, 0o600))
		out, err := exec.Command(c.binary, "verify", "--data", kept).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "verification failed:") {
			t.Errorf("with a bit turned in %s, verify says: %v\n%s", turn.what, err, tail(string(out)))
		}
		t.Logf("%s: %s", turn.what, lastLine(string(out)))
	}
}
