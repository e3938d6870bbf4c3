package netdev

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"skylog/workers/compute"
)

// neighbour is another cloud's host on the same machine, in the same namespace.
func (w *world) neighbour() *world {
	w.t.Helper()
	n := &world{t: w.t, prefix: w.prefix, guests: map[string]*guest{}}
	n.opts = Options{Dir: w.t.TempDir(), Namespace: w.prefix, Log: slog.New(slog.DiscardHandler), endpoint: n.endpoint}
	w.t.Cleanup(func() { _ = n.host.Close() })
	n.start()
	return n
}

// pair is two guests of network 7, of which the second serves on port 80.
func (w *world) pair(cloud string) (a, b *guest) {
	w.t.Helper()
	one, two := portSpec(1, 7), portSpec(2, 7)
	one.Metadata.ServerID, two.Metadata.Hostname = "server of "+cloud, "web-of-"+cloud
	two.Rules = append(two.Rules, allow("tcp", 80))
	a, b = w.plug(one).configure(), w.plug(two).configure()
	b.listen(80)
	return a, b
}

func (w *world) expectOwn(cloud string, a *guest) {
	w.t.Helper()
	if _, body := a.get("/openstack/latest/meta_data.json", nil); !strings.Contains(body, "server of "+cloud) {
		w.t.Errorf("the guest of %s is told %s", cloud, body)
	}
	if _, err := a.lease(); err != nil {
		w.t.Errorf("the guest of %s gets no address: %v", cloud, err)
	}
	if _, _, err := a.dial(netip.MustParseAddr("10.0.0.12"), 80, 2*time.Second); err != nil {
		w.t.Errorf("the guest of %s doesn't reach its neighbour: %v", cloud, err)
	}
}

func TestTwoCloudsOnOneMachineHaveTheSameNetwork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.inventory()
	a, _ := w.pair("one")
	alone := w.inventory()
	other := w.neighbour()
	b, _ := other.pair("other") // ports, addresses and segment are the same
	w.expectOwn("one", a)
	other.expectOwn("other", b)
	zones := map[uint16]string{}
	for name, h := range map[string]*Host{"one": w.host, "other": other.host} {
		for bridge, zone := range h.zonesOf(h.ports) {
			if of := zones[zone]; of != "" {
				t.Errorf("%s of %s and %s have conntrack zone %d", bridge, name, of, zone)
			}
			zones[zone] = name
		}
	}
	w.start() // it adopts its own only
	w.expectOwn("one", a)
	other.expectOwn("other", b)
	other.unplugAll()
	w.expectOwn("one", a)
	if after := w.inventory(); !slices.Equal(alone, after) {
		t.Errorf("the other cloud left %v, was %v", after, alone)
	}
	w.unplugAll()
	if after := w.inventory(); !slices.Equal(before, after) {
		t.Errorf("left %v, was %v", after, before)
	}
}

func TestAFolderKeepsItsInstance(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, err := loadInstance(dir)
	if err != nil || len(one) != 4 {
		t.Fatalf("a new folder has instance %q, %v", one, err)
	}
	if again, err := loadInstance(dir); err != nil || again != one {
		t.Errorf("it was %q and is %q, %v", one, again, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "instance"), []byte("no/name\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := loadInstance(dir); err == nil {
		t.Errorf("%q is taken", got)
	}
	old := &Host{opts: Options{Dir: t.TempDir()}}
	if err := (record{ID: "a", Tap: "skta", Spec: compute.PortSpec{ID: "a"}}).save(old.dir()); err != nil {
		t.Fatal(err)
	}
	if got, err := loadInstance(old.opts.Dir); err != nil || got != "" {
		t.Errorf("a folder with ports of before gets instance %q, %v", got, err)
	}
}

func TestTheLongestNamesOfDevicesFit(t *testing.T) {
	t.Parallel()
	h := &Host{instance: "abcd"}
	net := h.segmentOf(compute.PortSpec{VNI: 1<<24 - 1})
	for _, name := range []string{h.tapName("01234567-89ab-cdef-0123-456789abcdef"), net.bridge(), net.link(), net.tunnel()} {
		if len(name) > 15 || !strings.Contains(name, "abcd") || len(name) < 13 {
			t.Errorf("%q is no good name", name)
		}
	}
}
