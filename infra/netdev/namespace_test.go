package netdev

import (
	"os"
	"os/exec"
	"testing"
)

// TestNamespacesGoThoughIPNetnsCameLater runs itself in a mount namespace where
// nobody has used `ip netns` since the machine was started.
func TestNamespacesGoThoughIPNetnsCameLater(t *testing.T) {
	if os.Getenv("SKYLOG_FRESH_RUN") == "" {
		if os.Geteuid() != 0 {
			t.Skip("mount namespaces need root")
		}
		script := `mount -t tmpfs none /run && exec "$0" -test.run "^TestNamespacesGoThoughIPNetnsCameLater$"`
		c := exec.CommandContext(t.Context(), "unshare", "--mount", "--propagation", "private", "sh", "-c", script, os.Args[0])
		c.Env = append(os.Environ(), "SKYLOG_FRESH_RUN=1")
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if err := ensureNamespace("ours"); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "ip", "netns", "add", "theirs").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if err := removeNamespace("ours"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat("/run/netns/ours"); err == nil {
		t.Error("it is there still")
	}
	if err := ensureNamespace("ours"); err != nil {
		t.Errorf("once more: %v", err)
	}
}
