package qemu

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"skylog/workers/compute"
)

// ready waits until the guest was booted so many times, and wants it to say of
// the newest boot how often this disk was booted and how large it is.
func (r *real) ready(times int, want string) {
	r.t.Helper()
	const says = "skylog-demo ready"
	r.until("boot "+want, func() bool { return strings.Count(r.console(), says) == times })
	log := r.console()
	if line, _, _ := strings.Cut(log[strings.LastIndex(log, says):], "\n"); !strings.Contains(line, want) {
		r.t.Fatalf("the guest says %q, want %q", line, want)
	}
}

func TestARealGuestsDisks(t *testing.T) {
	r := newReal(t)
	image := r.spec.Disk.BasePath
	r.apply(func(*compute.MachineSpec) {})
	r.ready(1, "boots=1 disk=1073741824")

	captured := filepath.Join(t.TempDir(), "captured.qcow2")
	err := r.driver.Capture(r.ctx, someID, func(image io.Reader, size int64) error {
		f, err := os.Create(captured)
		if err != nil {
			return err
		}
		defer f.Close()
		n, err := io.Copy(f, image)
		t.Logf("captured %d of %d bytes", n, size)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	r.apply(func(s *compute.MachineSpec) {
		s.Disk.Number, s.Disk.Copy, s.Disk.Keep, s.Disk.SizeGiB, s.RAMMiB = 1, true, []uint64{0}, 2, 160
	})
	r.ready(2, "boots=2 disk=2147483648")
	r.apply(func(s *compute.MachineSpec) {
		s.Disk.Number, s.Disk.Copy, s.Disk.Keep, s.Disk.SizeGiB, s.RAMMiB = 0, false, nil, 1, 128
	})
	r.ready(3, "boots=2 disk=1073741824") // as if the resize had never been

	r.apply(func(s *compute.MachineSpec) { s.Rescue = &compute.Base{Path: image, Format: "qcow2"} })
	r.ready(4, "boots=1")
	r.mustRun("ls -d /sys/block/vdb /sys/block/vdc | wc -l", "2") // its own disk, and the config drive
	r.apply(func(s *compute.MachineSpec) { s.Rescue = nil })
	r.ready(5, "boots=3")

	r.apply(func(s *compute.MachineSpec) { s.Disk.Number = 2 })
	r.ready(6, "boots=1")
	r.apply(func(s *compute.MachineSpec) { s.Disk.Number, s.Disk.BasePath = 3, captured })
	r.ready(7, "boots=2") // the disk as it was when it was captured

	r.apply(func(s *compute.MachineSpec) { s.Power = compute.Stopped })
	if err := r.driver.Capture(r.ctx, someID, func(_ io.Reader, size int64) error {
		t.Logf("captured %d bytes of a stopped machine", size)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
