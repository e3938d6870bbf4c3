package qemu

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"skylog/workers/compute"
)

// A raw disk begins with what its guest wrote, which may be the header of a
// qcow2 that leads to a file of the host.
func TestAHeaderThatAGuestWroteIntoItsRawDiskIsNotBelieved(t *testing.T) {
	program, err := exec.LookPath("qemu-img")
	if err != nil {
		t.Skip("needs qemu-img")
	}
	b := newBench(t)
	b.config.Host.Img = program
	b.again()
	dir, secret := t.TempDir(), bytes.Repeat([]byte("a secret of the host\n"), 50_000)
	img := func(args ...string) {
		t.Helper()
		if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
			t.Fatalf("qemu-img %v: %v\n%s", args, err, out)
		}
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	if err = os.WriteFile(file("secret"), secret, 0o600); err != nil {
		t.Fatal(err)
	}
	img("create", "-q", "-f", "qcow2", "-b", file("secret"), "-F", "raw", file("trap"))
	img("convert", "-O", "raw", file("trap"), file("sprung"))
	if sprung, err := os.ReadFile(file("sprung")); err != nil || !bytes.HasPrefix(sprung, secret[:512]) {
		t.Fatalf("the trap is none: %v", err)
	}
	trap, err := os.ReadFile(file("trap"))
	if err != nil {
		t.Fatal(err)
	}
	spec := b.spec(power(compute.Running))
	if err := os.WriteFile(spec.Disk.BasePath, trap, 0o600); err != nil {
		t.Fatal(err)
	}
	b.apply(spec)
	power(compute.Stopped)(&spec)
	b.apply(spec)
	err = b.Capture(b.ctx, someID, func(image io.Reader, _ int64) error {
		data, err := io.ReadAll(image)
		if err != nil {
			return err
		}
		return os.WriteFile(file("captured"), data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	img("convert", "-f", "qcow2", "-O", "raw", file("captured"), file("read"))
	if read, err := os.ReadFile(file("read")); err != nil || !bytes.HasPrefix(read, trap) || bytes.Contains(read, secret[:512]) {
		t.Errorf("the copy isn't what the guest wrote: %d bytes, %v", len(read), err)
	}
}
