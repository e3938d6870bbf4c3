package qemu

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cmd "skylog/commands/compute"
	"skylog/workers/compute"
)

// playAgent is the agent in a guest. What an earlier talk left unread stands in
// the channel before its first answer. Where there is a file "silent" it says
// nothing; where there is one "ill" it can do nothing.
func (f *fakeQEMU) playAgent() {
	l, err := net.Listen("unix", agentSocket)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		_, _ = io.WriteString(conn, "{\"return\": 7}\n\xff{\"return\": 8}\n")
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			var q struct {
				Execute   string
				Arguments struct {
					ID                 int64
					Username, Password string
				}
			}
			if json.Unmarshal(bytes.TrimPrefix(lines.Bytes(), []byte{0xff}), &q) != nil || there("silent") {
				continue
			}
			switch {
			case q.Execute == "guest-sync-delimited":
				fmt.Fprintf(conn, "\xff{\"return\": %d}\n", q.Arguments.ID)
				continue
			case there("ill"):
				_, _ = io.WriteString(conn, `{"error": {"class": "GenericError", "desc": "can't"}}`+"\n")
				continue
			}
			f.mu.Lock()
			f.guest(strings.TrimSpace(strings.Join([]string{q.Execute, q.Arguments.Username, q.Arguments.Password}, " ")))
			f.mu.Unlock()
			_, _ = io.WriteString(conn, `{"return": {}}`+"\n")
		}
		conn.Close()
	}
}

func there(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func withAgent(s *compute.MachineSpec) { s.Agent = true }

// make makes a file in the machine's folder.
func (b *bench) make(name string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, someID, name), nil, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func TestAnAgentChangesAPasswordThatStandsNowhere(t *testing.T) {
	b := newBench(t)
	b.apply(b.spec(withAgent))
	if err := b.SetPassword(b.ctx, someID, "root", "sesame"); err != nil {
		t.Fatal(err)
	}
	if said := b.guest(); said[len(said)-1] != "guest-set-user-password root c2VzYW1l" {
		t.Errorf("the guest saw %q", said)
	}
	b.make("ill")
	if err := b.SetPassword(b.ctx, someID, "root", "sesame"); err == nil || errors.Is(err, cmd.ErrSilent) || strings.Contains(err.Error(), "sesame") {
		t.Errorf("a guest that can't: %v", err)
	}
	b.make("silent")
	b.agentTime = 50 * time.Millisecond
	if err := b.SetPassword(b.ctx, someID, "root", "sesame"); !errors.Is(err, cmd.ErrSilent) {
		t.Errorf("a silent guest: %v", err)
	}
}

func TestAMachineWithoutAChannelHasNoAgent(t *testing.T) {
	b := newBench(t)
	spec := b.spec()
	b.apply(spec)
	if err := b.SetPassword(b.ctx, someID, "root", "sesame"); !errors.Is(err, cmd.ErrSilent) {
		t.Errorf("got %v", err)
	}
	power(compute.Stopped)(&spec)
	b.apply(spec)
	if err := b.SetPassword(b.ctx, someID, "root", "sesame"); !errors.Is(err, cmd.ErrNotRunning) {
		t.Errorf("stopped: got %v", err)
	}
}

func TestAGuestIsHeldStillWhileTheCopyOfItsDiskBegins(t *testing.T) {
	b := newBench(t)
	spec := b.spec(withAgent)
	b.apply(spec)
	capture := func() error {
		return b.Capture(b.ctx, someID, func(image io.Reader, _ int64) error {
			_, err := io.Copy(io.Discard, image)
			return err
		})
	}
	if err := capture(); err != nil {
		t.Fatal(err)
	}
	if said := b.guest(); !slices.Equal(said[len(said)-3:], []string{"guest-fsfreeze-freeze", "copy", "guest-fsfreeze-thaw"}) {
		t.Errorf("the guest saw %q", said)
	}
	b.make("ill")
	if err := capture(); err != nil {
		t.Errorf("a guest that can't be held still has no image: %v", err)
	}
	spec.Quiesce = true
	spec.Generation++
	b.apply(spec)
	if err := capture(); !errors.Is(err, compute.ErrPermanent) {
		t.Errorf("a guest that must be held still, and can't be: %v", err)
	}
	if said := b.guest(); said[len(said)-1] != "copy" || said[len(said)-2] == "copy" {
		t.Errorf("the guest saw %q", said)
	}
}

func TestWhatAMachineDidIsCounted(t *testing.T) {
	b := newBench(t)
	spec := b.spec()
	b.apply(spec)
	told, err := b.Diagnose(b.ctx, someID)
	if err != nil {
		t.Fatal(err)
	}
	disks := []cmd.DiskCounts{{Device: "vda", ReadRequests: 2, ReadBytes: 4096, WriteRequests: 1, WriteBytes: 512, Errors: 7}, {Device: "vdb", ReadBytes: 1}}
	if told.RAMMiB != 64 || told.RSSKiB == 0 || len(told.CPUs) != 1 || told.CPUs[0] <= 0 || !slices.Equal(told.Disks, disks) || told.Hypervisor != "qemu" {
		t.Errorf("got %+v", told)
	}
	if len(told.NICs) != 1 || told.NICs[0].MAC != "fa:16:3e:00:00:01" || told.NICs[0].Device != "" {
		t.Errorf("of a NIC whose tap isn't there: %+v", told.NICs)
	}
	power(compute.Paused)(&spec)
	b.apply(spec)
	if _, err := b.Diagnose(b.ctx, someID); !errors.Is(err, cmd.ErrNotRunning) {
		t.Errorf("of a paused machine: %v", err)
	}
}
