package qemu

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"skylog/infra/configdrive"
	"skylog/infra/demoimage"
	"skylog/workers/compute"
)

// real is a guest with a real kernel under a real QEMU.
type real struct {
	t       *testing.T
	ctx     context.Context
	driver  *Driver
	config  Config
	spec    compute.MachineSpec
	signer  ssh.Signer
	began   time.Time
	refusal error // the last that SSH said
	user    string
}

func newReal(t *testing.T) *real {
	t.Helper()
	if os.Getenv("SKYLOG_REAL") == "" {
		t.Skip("set SKYLOG_REAL=1 to boot real guests")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	host, err := Probe(ctx, "auto")
	if err != nil {
		t.Skip(err)
	}
	t.Logf("QEMU %d, %s (%s), sandbox %v", host.Version, host.Accelerator, host.Why, host.Sandbox)
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	image, err := demoimage.Build(ctx, demoimage.Options{CacheDir: filepath.Join(cache, "skylog", "demo-image"), Log: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	drive, err := configdrive.Build(compute.Metadata{
		ServerID: someID, Hostname: "web", Keys: []compute.PublicKey{{Name: "k", Type: "ssh", Data: string(ssh.MarshalAuthorizedKey(key))}},
		UserData: []byte("#!/bin/sh\necho user data ran as $(id -un)\necho done > /srv/user_data\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &real{t: t, ctx: ctx, signer: signer, began: time.Now(), user: "demo"}
	// The path is longer than a unix socket's name may be, as data folders can be.
	r.config = Config{Dir: filepath.Join(t.TempDir(), strings.Repeat("long", 20)), Host: host}
	r.open()
	t.Cleanup(func() {
		r.driver.Destroy(context.Background(), someID)
		r.driver.Close()
		if link, err := shortLink(r.driver.dir); err == nil {
			os.Remove(link)
		}
	})
	subnet := netip.MustParsePrefix("10.20.30.0/24")
	r.spec = compute.MachineSpec{
		ID: someID, Generation: 1, Name: "instance-00000001", Power: compute.Running, SoftStopSeconds: 60, VCPUs: 1, RAMMiB: 128,
		Disk: compute.Disk{BasePath: image, BaseFormat: "qcow2", SizeGiB: 1}, ConfigDrive: drive,
		NICs: []compute.NIC{{PortID: "port-1", MAC: "fa:16:3e:00:00:01", MTU: 1400, Attachment: compute.Attachment{User: &compute.UserNet{
			Subnet: subnet, Address: netip.MustParseAddr("10.20.30.77"), Gateway: netip.MustParseAddr("10.20.30.1"),
			DNS: netip.MustParseAddr("10.20.30.2"), SSHPort: freePort(t),
		}}}},
	}
	return r
}

const someID = "5f1c0b0e-7c39-4a5e-9d55-0a4b3c2d1e0f"

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (r *real) open() {
	r.t.Helper()
	var err error
	if r.driver, err = New(r.ctx, r.config); err != nil {
		r.t.Fatal(err)
	}
}

// apply applies the spec as the next generation, twice, since once more must
// change nothing.
func (r *real) apply(change func(*compute.MachineSpec)) compute.Machine {
	r.t.Helper()
	r.spec.Generation++
	change(&r.spec)
	start := time.Now()
	first, err := r.driver.Apply(r.ctx, r.spec)
	took := time.Since(start)
	if err != nil {
		r.t.Fatalf("%v\nconsole: %s", err, r.console())
	}
	second, err := r.driver.Apply(r.ctx, r.spec)
	if err != nil || first != second {
		r.t.Fatalf("applied again: %+v after %+v, %v", second, first, err)
	}
	if first.Power != r.spec.Power || first.Generation != r.spec.Generation || first.Reboots != r.spec.Reboots {
		r.t.Fatalf("got %+v of %+v", first, r.spec)
	}
	r.t.Logf("%6.1f s  %s, in %.2f s", time.Since(r.began).Seconds(), first.Power, took.Seconds())
	return first
}

func (r *real) console() string {
	log, err := r.driver.ConsoleLog(r.ctx, someID, 1<<20)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(log)
}

// until waits for something with the test's deadline.
func (r *real) until(what string, ok func() bool) {
	r.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-r.ctx.Done():
			r.t.Fatalf("waited in vain: %s; SSH: %v\nconsole: %s", what, r.refusal, r.console())
		case <-tick.C:
		}
	}
	r.t.Logf("%6.1f s  %s", time.Since(r.began).Seconds(), what)
}

func (r *real) untilConsole(what string) {
	r.t.Helper()
	r.until("console says "+what, func() bool { return strings.Contains(r.console(), what) })
}

// run runs a command in the guest by SSH.
func (r *real) run(command string) (string, error) { return r.runWithin(command, 20*time.Second) }

func (r *real) runWithin(command string, limit time.Duration) (string, error) {
	address := fmt.Sprintf("127.0.0.1:%d", r.spec.NICs[0].User.SSHPort)
	config := &ssh.ClientConfig{
		User: r.user, Auth: []ssh.AuthMethod{ssh.PublicKeys(r.signer)}, Timeout: 5 * time.Second,
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), // the key is made in the guest a moment ago
	}
	conn, err := net.DialTimeout("tcp", address, config.Timeout)
	if err != nil {
		return "", err
	}
	conn.SetDeadline(time.Now().Add(limit))
	c, channels, requests, err := ssh.NewClientConn(conn, address, config)
	if err != nil {
		conn.Close()
		return "", err
	}
	client := ssh.NewClient(c, channels, requests)
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		return "", err
	}
	out, err := session.Output(command)
	return string(out), err
}

func (r *real) mustRun(command, want string) {
	r.t.Helper()
	var out string
	r.until(command+" by SSH", func() bool {
		var err error
		out, err = r.run(command)
		r.refusal = err
		return err == nil
	})
	if got := strings.TrimSpace(out); got != want {
		r.t.Fatalf("%s: got %q, want %q", command, got, want)
	}
}

func TestAServersLifeInARealGuest(t *testing.T) {
	r := newReal(t)
	found := r.apply(func(*compute.MachineSpec) {})
	r.untilConsole("skylog-demo ready hostname=web ip=10.20.30.77 uuid=" + someID + " metadata=drive boots=1 disk=1073741824")
	r.untilConsole("user data ran as root")
	r.mustRun("cat /srv/user_data; cat /sys/class/net/eth0/mtu; cat /sys/class/net/eth0/address", "done\n1400\nfa:16:3e:00:00:01")
	answers(t, found.VNCSocket, "RFB 003.008\n")

	r.apply(func(s *compute.MachineSpec) { s.Power = compute.Paused })
	if _, err := r.runWithin("true", 2*time.Second); err == nil {
		t.Error("a paused guest answers")
	}
	r.apply(func(s *compute.MachineSpec) { s.Power = compute.Running })
	r.mustRun("echo still there > /tmp/memory; hostname", "web")

	r.apply(func(s *compute.MachineSpec) { s.Power = compute.Suspended })
	r.noProcess()
	r.apply(func(s *compute.MachineSpec) { s.Power = compute.Running })
	r.mustRun("cat /tmp/memory", "still there")

	r.plugOneMore()

	// The driver ends, another takes over, the guest notices nothing.
	if err := r.driver.Close(); err != nil {
		t.Fatal(err)
	}
	r.open()
	if found, err := r.driver.Machines(r.ctx); err != nil || len(found) != 1 || found[0].Power != compute.Running {
		t.Fatalf("found %+v, %v", found, err)
	}
	r.apply(func(*compute.MachineSpec) {})
	r.mustRun("cat /tmp/memory", "still there")

	r.apply(func(s *compute.MachineSpec) { s.Power = compute.Stopped })
	r.noProcess()
	r.untilConsole("Power down") // the guest did it itself
	r.apply(func(s *compute.MachineSpec) { s.Power, s.Disk.SizeGiB = compute.Running, 2 })
	r.untilConsole("metadata=drive boots=2 disk=2147483648")

	r.apply(func(s *compute.MachineSpec) { s.Reboots, s.HardReboot = 1, true })
	r.untilConsole("metadata=drive boots=3")
	r.mustRun("ls /tmp", "")
	r.apply(func(s *compute.MachineSpec) { s.Reboots, s.HardReboot = 2, false })
	r.untilConsole("metadata=drive boots=4")
	if n := strings.Count(r.console(), "user data ran"); n != 1 {
		t.Errorf("user data ran %d times", n)
	}

	r.guestPowersOff()
	if err := r.driver.Destroy(r.ctx, someID); err != nil {
		t.Fatal(err)
	}
	r.noProcess()
	if left, err := os.ReadDir(r.driver.dir); err != nil || len(left) != 1 || left[0].Name() != "lock" {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestTheProbesGuestTellsKVMThatWorksFromKVMThatIsThere(t *testing.T) {
	if os.Getenv("SKYLOG_REAL") == "" {
		t.Skip("set SKYLOG_REAL=1 to boot real guests")
	}
	start := time.Now()
	h, err := Probe(t.Context(), "tcg")
	if err != nil || h.Accelerator != "tcg" || h.Version < oldest || !strings.HasPrefix(h.Machine, "pc-i440fx") {
		t.Fatalf("got %+v, %v", h, err)
	}
	t.Logf("probed TCG in %v", time.Since(start))
	_, intel := os.Stat("/sys/module/kvm_intel")
	_, amd := os.Stat("/sys/module/kvm_amd")
	if intel != nil && amd != nil {
		if h, err := Probe(t.Context(), "kvm"); err == nil {
			t.Errorf("KVM is taken without hardware for it: %+v", h)
		}
	}
}

// plugOneMore gives a running guest a second NIC and takes it again.
func (r *real) plugOneMore() {
	nic := compute.NIC{PortID: "port-2", MAC: "fa:16:3e:00:00:02", Attachment: compute.Attachment{User: &compute.UserNet{
		Subnet: netip.MustParsePrefix("10.20.40.0/24"), Address: netip.MustParseAddr("10.20.40.9"),
		Gateway: netip.MustParseAddr("10.20.40.1"), DNS: netip.MustParseAddr("10.20.40.2"),
	}}}
	r.apply(func(s *compute.MachineSpec) { s.NICs = append(s.NICs, nic) })
	r.until("the guest sees the second NIC", func() bool {
		out, err := r.run("cat /sys/class/net/eth1/address")
		return err == nil && strings.TrimSpace(out) == nic.MAC
	})
	r.apply(func(s *compute.MachineSpec) { s.NICs = s.NICs[:1] })
	r.mustRun("ls /sys/class/net | grep -c eth", "1")
}

// guestPowersOff has the guest end itself while a driver watches.
func (r *real) guestPowersOff() {
	changes := make(chan compute.Machine, 8)
	watching, stop := context.WithCancel(r.ctx)
	defer stop()
	go r.driver.Watch(watching, func(m compute.Machine) { changes <- m })
	path, err := r.driver.machine(someID).socket(serialSocket)
	if err != nil {
		r.t.Fatal(err)
	}
	serial, err := net.Dial("unix", path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer serial.Close()
	go io.Copy(io.Discard, serial)
	r.until("poweroff is typed on the serial console and seen", func() bool {
		fmt.Fprint(serial, "\npoweroff\n")
		select {
		case m := <-changes:
			return m.Power == compute.Stopped
		case <-time.After(time.Second):
			return false
		}
	})
	if m, err := r.driver.Apply(r.ctx, r.spec); err != nil || m.Power != compute.Stopped {
		r.t.Errorf("the same generation starts a guest that powered itself off: %+v, %v", m, err)
	}
}

func (r *real) noProcess() {
	r.t.Helper()
	if p, err := r.driver.machine(someID).find(); p != nil || err != nil {
		r.t.Fatalf("a process is left: %v, %v", p, err)
	}
}

func answers(t *testing.T, socket, want string) {
	t.Helper()
	c, err := net.DialTimeout("unix", socket, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, []byte(want)) {
		t.Errorf("%s answers %q, %v", socket, got, err)
	}
}
