package netdev

import (
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"skylog/workers/compute"
)

// SKYLOG_DEMO_IMAGE names a disk of package demoimage; without it there is
// nothing to boot, and booting takes longer than a quick test may.
const imageVariable = "SKYLOG_DEMO_IMAGE"

// boot starts QEMU upon the port's tap, which must be a real one.
func (w *world) boot(p compute.PortSpec, tap, image string) (console string) {
	w.t.Helper()
	dir := w.t.TempDir()
	disk := filepath.Join(dir, "disk.qcow2")
	if out, err := exec.Command("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", image, disk).CombinedOutput(); err != nil {
		w.t.Fatalf("%v: %s", err, out)
	}
	console = filepath.Join(dir, "console.log")
	cmd := exec.Command("qemu-system-x86_64", "-accel", "tcg,tb-size=32", "-m", "128", "-nodefaults", "-no-user-config", "-display", "none",
		"-drive", "if=virtio,format=qcow2,file="+disk, "-serial", "file:"+console,
		"-netdev", "tap,id=n,script=no,downscript=no,ifname="+tap, "-device", "virtio-net-pci,netdev=n,mac="+p.MAC)
	cmd.Stderr = os.Stderr
	if err := w.host.Do(cmd.Start); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return console
}

func TestARealGuestBootsUponItsTap(t *testing.T) {
	image := os.Getenv(imageVariable)
	if image == "" {
		t.Skip(imageVariable + " is not set")
	}
	w := newWorld(t)
	inNamespaces := w.host.opts.endpoint
	w.host.opts.endpoint = addTap
	real := portSpec(1, 7)
	real.Rules = append(real.Rules, allow("tcp", 80))
	at, err := w.host.Plug(t.Context(), real)
	if err != nil {
		t.Fatal(err)
	}
	console := w.boot(real, at.Tap, image)
	w.host.opts.endpoint = inNamespaces
	other := w.plug(portSpec(2, 7)).configure()

	await(t, 150*time.Second, func() bool { b, _ := os.ReadFile(console); return strings.Contains(string(b), "skylog-demo ready") },
		func() string { b, _ := os.ReadFile(console); return string(b) })
	b, _ := os.ReadFile(console)
	for _, want := range []string{"hostname=vm1-net7", "ip=10.0.0.11", "uuid=server-7-1", "metadata=http", "mtu=1450"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the guest's report has no %s", want)
		}
	}
	to := netip.MustParseAddr("10.0.0.11")
	if page := other.read(to, 80, "GET / HTTP/1.0\r\n\r\n"); !strings.Contains(page, "hostname=vm1-net7") {
		t.Errorf("its page says %q", page)
	}
	if _, err := other.connect(to, 22, time.Second); err == nil {
		t.Error("SSH, which no rule allows, was let in")
	}
	real.Rules = append(real.Rules, allow("tcp", 22))
	if _, err := w.host.Plug(t.Context(), real); err != nil {
		t.Fatal(err)
	}
	if banner := other.read(to, 22, ""); !strings.HasPrefix(banner, "SSH-2.0") {
		t.Errorf("SSH, allowed while the guest runs, says %q", banner)
	}
	w.unplugAll() // under a running guest
}

// read connects, as soon as someone listens, and takes what comes first.
func (g *guest) read(to netip.Addr, port int, ask string) string {
	g.t.Helper()
	var c net.Conn
	await(g.t, 20*time.Second, func() (ok bool) {
		var err error
		c, err = g.connect(to, port, 5*time.Second)
		return err == nil
	}, func() string { return "nobody listens on " + to.String() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write([]byte(ask)); err != nil {
		return err.Error()
	}
	b, _ := io.ReadAll(io.LimitReader(c, 300))
	return string(b)
}

func await(t *testing.T, limit time.Duration, done func() bool, state func() string) {
	t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !done(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, state())
		}
	}
}
