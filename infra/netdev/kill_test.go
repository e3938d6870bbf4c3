package netdev

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// killable makes this test binary a host agent that plugs two ports and waits.
const killable = "SKYLOG_NETDEV_KILLABLE"

func TestMain(m *testing.M) {
	if where := os.Getenv(killable); where != "" {
		dir, ns, _ := strings.Cut(where, "|")
		agent(dir, ns)
		return
	}
	os.Exit(m.Run())
}

func agent(dir, ns string) {
	ctx := context.Background()
	h, err := New(ctx, Options{Dir: dir, Namespace: ns, Log: slog.New(slog.DiscardHandler)})
	for n := 1; n <= 2 && err == nil; n++ {
		_, err = h.Plug(ctx, portSpec(n, uint32(n)))
	}
	fmt.Println("plugged", err)
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // until killed, or orphaned
}

func TestAKilledAgentsPortsAreAdoptedAndRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.inventory()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), killable+"="+w.opts.Dir+"|"+w.prefix)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err != nil || line != "plugged <nil>\n" {
		t.Fatalf("the agent said %q, %v", line, err)
	}
	w.start() // its taps are there: nothing is to be made in their place
	ids, err := w.host.Ports(t.Context())
	if want := []string{portSpec(1, 1).ID, portSpec(2, 2).ID}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("adopted %v, want %v: %v", ids, want, err)
	}
	if got := len(w.host.services); got != 2 {
		t.Errorf("%d networks are served again, want 2", got)
	}
	w.unplugAll()
	if after := w.inventory(); !slices.Equal(before, after) {
		t.Errorf("left %v, was %v", after, before)
	}
}
