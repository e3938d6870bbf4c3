package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mostLost is how many seconds a guest may not answer while it goes to another
// host, under TCG on two busy cores.
const mostLost = 5

// hosts is a machine that is two compute hosts, with a guest on each.
type hosts struct {
	*story
	names     [2]string
	segment   string            // of the guests' network
	addresses map[string]string // of the guests
	on        map[string]string // the hosts that they were seen on last
	boot      string            // what the kernel of the guest that moves calls this boot
}

func TestGuestsGoFromHostToHost(t *testing.T) {
	real(t)
	h := &hosts{story: &story{cloud: newCloud(t, "--hypervisor", "qemu", "--qemu-hosts", "2")}}
	h.start()
	h.makeKey()
	before := h.traces()
	h.furnish()

	h.goesLive()
	h.goesLiveThroughAKill()
	h.goesCold()

	h.openstack("server", "delete", "red1", "red2", "--wait")
	h.openstack("network", "delete", "red")
	h.openstack("security", "group", "delete", "open")
	h.openstack("keypair", "delete", "me")
	h.openstack("image", "delete", "demo")
	h.until(30*time.Second, "nothing is left behind", func() error {
		if after := h.traces(); after != before {
			return fmt.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
		return nil
	})
	h.stop()
	if out := h.run(h.binary, "verify", "--data", h.data); !strings.Contains(out, "verified:") {
		t.Fatalf("verify says %s", out)
	}
}

// furnish boots two guests of one network, each on a host of its own.
func (h *hosts) furnish() {
	h.t.Helper()
	image := strings.TrimSpace(lastLine(h.run(h.binary, "demo-image")))
	h.openstack("image", "create", "demo", "--disk-format", "qcow2", "--container-format", "bare", "--file", image, "--public")
	h.openstack("keypair", "create", "me", "--public-key", h.public)
	h.openstack("network", "create", "red")
	h.openstack("subnet", "create", "red", "--network", "red", "--subnet-range", "10.0.0.0/24")
	h.openstack("security", "group", "create", "open")
	h.openstack("security", "group", "rule", "create", "open", "--protocol", "tcp", "--dst-port", "22")
	h.openstack("security", "group", "rule", "create", "open", "--protocol", "icmp", "--remote-group", "open") // members of both hosts
	name, err := os.Hostname()
	check(h.t, err)
	name = strings.ReplaceAll(name, ".", "-") // as hosts are named
	h.names = [2]string{name, name + "-2"}
	for i, host := range h.names {
		h.openstack("--os-compute-api-version", "2.74", "server", "create", fmt.Sprint("red", i+1), "--host", host, "--image", "demo", "--flavor", "m1.nano",
			"--network", "red", "--key-name", "me", "--security-group", "open")
	}
	h.segment, h.on = h.story.segment("red"), map[string]string{}
	for i, host := range h.names {
		h.status(fmt.Sprint("red", i+1), "ACTIVE")
		h.isOn(fmt.Sprint("red", i+1), host)
	}
	h.addresses = map[string]string{"red1": h.address("red1"), "red2": h.address("red2")}
	h.says("red1", "echo kept > /mnt/kept; sync; echo remembered > /tmp/remembered; hostname", "red1")
	h.boot = h.inside("red1", "cat /proc/sys/kernel/random/boot_id")
	h.inside("red2", "hostname")
}

// see looks which host a server is on.
func (h *hosts) see(server string) string {
	h.t.Helper()
	h.on[server], _ = h.show("server", "show", server)["OS-EXT-SRV-ATTR:host"].(string)
	return h.on[server]
}

// isOn wants a server to be on a host.
func (h *hosts) isOn(server, host string) {
	h.t.Helper()
	if got := h.see(server); got != host {
		h.t.Fatalf("%s is on %s, want %s", server, got, host)
	}
}

// elsewhere is the host where the guest that moves isn't.
func (h *hosts) elsewhere() string {
	if h.on["red1"] == h.names[0] {
		return h.names[1]
	}
	return h.names[0]
}

// inside runs a command in a guest by SSH from the host that it is on.
func (h *hosts) inside(server, command string) (said string) {
	h.t.Helper()
	folder := h.data
	if h.on[server] == h.names[1] {
		folder = filepath.Join(h.data, "hosts", "2")
	}
	space := serviceOf(folder) + h.segment
	h.until(bootTime, server+" answers SSH", func() (err error) {
		said, err = h.ssh(space, h.addresses[server], command)
		return err
	})
	return strings.TrimSpace(said)
}

func (h *hosts) says(server, command, want string) {
	h.t.Helper()
	if got := h.inside(server, command); got != want {
		h.t.Fatalf("%s: %s says %q, want %q", server, command, got, want)
	}
}

// isTheSame wants the guest that went to be the one that it was.
func (h *hosts) isTheSame() {
	h.t.Helper()
	h.says("red1", "cat /proc/sys/kernel/random/boot_id /tmp/remembered /mnt/kept", h.boot+"\nremembered\nkept")
	if now := len(h.guests()); now != 2 {
		h.t.Fatalf("%d guests run, want 2", now)
	}
}

// live sends the first guest to a host while it runs.
func (h *hosts) live(host string, more ...string) {
	h.t.Helper()
	h.openstack(append([]string{"--os-compute-api-version", "2.30", "server", "migrate", "red1", "--live-migration", "--host", host}, more...)...)
}

// goesLive goes there and back while it writes to its disk, and its neighbour asks
// five times a second whether it answers.
func (h *hosts) goesLive() {
	h.t.Helper()
	h.inside("red1", "(i=0; while [ ! -e /tmp/enough ]; do i=$((i+1)); echo $i >> /mnt/written; done) > /dev/null 2>&1 < /dev/null &")
	h.inside("red2", "ping -i 0.2 "+h.addresses["red1"]+" > /tmp/ping 2>&1 < /dev/null &")
	for _, host := range []string{h.names[1], h.names[0]} {
		h.live(host, "--wait")
		h.isOn("red1", host)
		h.isTheSame()
		h.says("red1", "wget -qO- http://169.254.169.254/openstack/latest/meta_data.json | grep -c red1", "1")
	}
	h.says("red1", "touch /tmp/enough; sleep 1; sync; echo 3 > /proc/sys/vm/drop_caches; awk '$1 != NR {lost++} END {print (NR > 20), 0+lost}' /mnt/written", "1 0")
	out := h.inside("red2", "kill -INT $(pidof ping); sleep 1; cat /tmp/ping")
	most := 0.0
	last := -1
	for _, line := range lines(out) {
		if _, after, ok := strings.Cut(line, "seq="); ok {
			n, err := strconv.Atoi(strings.Fields(after)[0])
			check(h.t, err)
			most, last = max(most, float64(n-last-1)*0.2), n
		}
	}
	h.t.Logf("%d pings, %.1f s without an answer at most", last+1, most)
	if last < 10 || most > mostLost {
		h.t.Errorf("the neighbour lost it for %.1f s of %d pings:\n%s", most, last+1, tail(out))
	}
}

// goesLiveThroughAKill kills the program while a guest is on its way. It runs
// once, wherever it is.
func (h *hosts) goesLiveThroughAKill() {
	h.t.Helper()
	h.live(h.elsewhere())
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for by := time.Now().Add(time.Minute); len(h.guests()) != 3; { // it is there on both sides for a moment only
		if now := <-look.C; now.After(by) {
			h.t.Fatal("it isn't on its way")
		}
	}
	h.kill()
	h.start()
	h.status("red1", "ACTIVE")
	h.until(time.Minute, "one of the two is gone", func() error {
		if n := len(h.guests()); n != 2 {
			return fmt.Errorf("%d guests", n)
		}
		return nil
	})
	h.see("red1")
	h.isTheSame()
}

// goesCold migrates the guest while it doesn't run, and resizes it.
func (h *hosts) goesCold() {
	h.t.Helper()
	to := h.elsewhere()
	for _, how := range [][]string{{"server", "migrate", "red1", "--wait"}, {"server", "resize", "red1", "--flavor", "m1.micro", "--wait"}} {
		h.openstack(how...)
		h.openstack("server", "resize", "confirm", "red1")
		h.status("red1", "ACTIVE")
		if at := h.see("red1"); how[1] == "migrate" && at != to {
			h.t.Errorf("it migrated to %s, want %s", at, to)
		}
		h.says("red1", "cat /mnt/kept", "kept")
	}
	if mem := h.inside("red1", "awk '/MemTotal/ {print ($2 > 200000)}' /proc/meminfo"); mem != "1" {
		h.t.Errorf("a guest of 256 MiB has not: %q", mem)
	}
}
