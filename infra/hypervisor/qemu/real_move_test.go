package qemu

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"skylog/workers/compute"
)

// moving is a real guest with a host to go to.
type moving struct {
	*real
	there     *Driver
	thereSpec compute.MachineSpec
	progress  []compute.Progress
}

func newMoving(t *testing.T) *moving {
	m := &moving{real: newReal(t)}
	m.user = "root" // who may write to the disk
	m.openThere(filepath.Join(t.TempDir(), strings.Repeat("long", 20)))
	t.Cleanup(func() {
		m.there.Destroy(context.Background(), someID)
		m.there.Close()
		if link, err := shortLink(m.there.dir); err == nil {
			os.Remove(link)
		}
	})
	m.apply(func(*compute.MachineSpec) {})
	m.ready(1, "boots=1 disk=1073741824")
	m.mustRun("echo in memory > /tmp/memory; echo on disk > /mnt/disk; sync; hostname", "web")
	m.thereSpec = m.spec
	m.thereSpec.Generation++
	m.thereSpec.NICs = append([]compute.NIC{}, m.spec.NICs...)
	user := *m.spec.NICs[0].User
	user.SSHPort = freePort(t)
	m.thereSpec.NICs[0].User = &user
	return m
}

func (m *moving) openThere(dir string) {
	m.t.Helper()
	var err error
	if m.there, err = New(m.ctx, Config{Dir: dir, Host: m.config.Host}); err != nil {
		m.t.Fatal(err)
	}
}

func (m *moving) receive() string {
	m.t.Helper()
	endpoint, err := m.there.Receive(m.ctx, m.thereSpec)
	if err != nil {
		m.t.Fatal(err)
	}
	if again, err := m.there.Receive(m.ctx, m.thereSpec); err != nil || again != endpoint {
		m.t.Fatalf("awaited again at %q after %q, %v", again, endpoint, err)
	}
	return endpoint
}

func (m *moving) send(ctx context.Context, endpoint string) error {
	m.progress = nil
	return m.driver.Send(ctx, someID, endpoint, func(p compute.Progress) { m.progress = append(m.progress, p) })
}

// stays says whether the guest runs here as it was, and nowhere else.
func (m *moving) stays(boot string) {
	m.t.Helper()
	m.mustRun("cat /proc/sys/kernel/random/boot_id /tmp/memory /mnt/disk", boot+"\nin memory\non disk")
	if p, err := m.there.machine(someID).find(); p != nil || err != nil {
		m.t.Errorf("the other host runs it, too: %v, %v", p, err)
	}
	if found, err := m.driver.Machines(m.ctx); err != nil || len(found) != 1 || found[0].Power != compute.Running {
		m.t.Errorf("it is found as %+v, %v", found, err)
	}
}

func (m *moving) boot() string {
	m.t.Helper()
	var out string
	m.until("boot id by SSH", func() (ok bool) {
		out, m.refusal = m.run("cat /proc/sys/kernel/random/boot_id")
		return m.refusal == nil
	})
	return strings.TrimSpace(out)
}

func TestARealGuestGoesToAnotherHost(t *testing.T) {
	m := newMoving(t)
	boot := m.boot()
	endpoint := m.receive()

	// Broken off, and with a receiver that dies, it stays.
	short, cancel := context.WithCancel(m.ctx)
	m.setStep("memory sent", func() error { cancel(); return nil })
	if err := m.send(short, endpoint); !errors.Is(err, context.Canceled) {
		t.Fatalf("broken off: %v", err)
	}
	m.stays(boot)
	for _, at := range []string{"mirror", "switch", "switched"} {
		m.setStep(at, func() error { return m.killThere() })
		if err := m.send(m.ctx, endpoint); err == nil {
			t.Fatalf("sent to a QEMU that was killed at %s", at)
		} else {
			t.Logf("killed at %s: %v", at, err)
		}
		m.stays(boot)
	}
	m.setStep("", nil)

	start := time.Now()
	if err := m.send(m.ctx, endpoint); err != nil {
		t.Fatal(err)
	}
	t.Logf("sent in %v: %+v", time.Since(start), m.progress[len(m.progress)-1])
	m.noProcess()
	if err := m.send(m.ctx, endpoint); err != nil {
		t.Errorf("sent again: %v", err)
	}
	if _, err := m.driver.Apply(m.ctx, m.spec); err == nil {
		t.Error("it can be started where it has gone from")
	}
	if err := m.driver.Destroy(m.ctx, someID); err != nil {
		t.Fatal(err)
	}

	m.turn()
	m.stays(boot)
	m.comesBackWhole(boot)

	// The driver may end and another begin.
	if err := m.driver.Close(); err != nil {
		t.Fatal(err)
	}
	m.config.Dir = m.driver.dir
	m.open()
	m.apply(func(*compute.MachineSpec) {})
	m.ready(1, "boots=1 disk=1073741824") // the console's log came along
	m.mustRun("cat /tmp/memory; echo more > /mnt/disk; sync", "in memory")
	m.apply(func(s *compute.MachineSpec) { s.Reboots, s.HardReboot = 1, true })
	m.ready(2, "boots=2 disk=1073741824")
	m.mustRun("cat /mnt/disk", "more")
}

// turn makes here what was there.
func (m *moving) turn() {
	m.driver, m.there = m.there, m.driver
	m.spec, m.thereSpec = m.thereSpec, m.spec
	m.thereSpec.Generation = m.spec.Generation + 1
}

// comesBackWhole sends the guest, in a hurry, to a host that has another base than
// its disk lies upon here.
func (m *moving) comesBackWhole(boot string) {
	m.t.Helper()
	blank := filepath.Join(m.t.TempDir(), "blank.raw")
	if err := os.WriteFile(blank, make([]byte, 1<<20), 0o600); err != nil {
		m.t.Fatal(err)
	}
	m.thereSpec.Disk.BasePath, m.thereSpec.Disk.BaseFormat = blank, "raw"
	endpoint := m.receive()
	if err := m.driver.Hurry(m.ctx, someID); err != nil {
		m.t.Fatal(err)
	}
	if err := m.send(m.ctx, endpoint); err != nil {
		m.t.Fatal(err)
	}
	if err := m.driver.Destroy(m.ctx, someID); err != nil {
		m.t.Fatal(err)
	}
	m.turn()
	m.stays(boot)
}

// setStep has the sender's driver do something at a step.
func (m *moving) setStep(at string, do func() error) {
	machine := m.driver.machine(someID)
	machine.turn <- struct{}{}
	m.driver.step = func(step string) error {
		if step == at {
			return do()
		}
		return nil
	}
	machine.leave()
}

// killThere kills the receiver's QEMU.
func (m *moving) killThere() error {
	p, err := (&machine{id: someID, dir: filepath.Join(m.there.dir, someID)}).find()
	if err != nil || p == nil {
		return errors.Join(err, errors.New("it isn't there"))
	}
	defer p.release()
	return syscall.Kill(p.pid, syscall.SIGKILL)
}
