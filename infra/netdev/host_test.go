package netdev

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"skylog/workers/compute"
)

func TestAGuestGetsItsAddressByDHCP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.plug(portSpec(1, 7))
	lease, err := g.lease()
	if err != nil {
		t.Fatal(err)
	}
	ack := lease.ACK
	if got := ack.YourIPAddr.String(); got != "10.0.0.11" {
		t.Errorf("address %s, want 10.0.0.11", got)
	}
	if got := ack.ServerIdentifier().String(); got != "10.0.0.2" {
		t.Errorf("server %s, want 10.0.0.2", got)
	}
	if got := ack.HostName(); got != "vm1-net7" {
		t.Errorf("hostname %q", got)
	}
}

func TestTwoNetworksWithOneCIDRNeverMeet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.plug(portSpec(1, 7)).configure(), w.plug(portSpec(1, 8)).configure() // both are 10.0.0.11
	for _, g := range []*guest{a, b} {
		_, body := g.get("/openstack/latest/meta_data.json", nil)
		if want := g.spec.Metadata.ServerID; !strings.Contains(body, want) {
			t.Errorf("%s was told %s", want, body)
		}
	}
	neighbour := portSpec(2, 8)
	neighbour.Rules = append(neighbour.Rules, allow("tcp", 80))
	w.plug(neighbour).configure().listen(80)
	to := netip.MustParseAddr("10.0.0.12")
	if _, name, err := b.dial(to, 80, 2*time.Second); err != nil || name != "vm2-net8" {
		t.Errorf("in the same network: %q, %v", name, err)
	}
	if _, name, err := a.dial(to, 80, 150*time.Millisecond); err == nil {
		t.Errorf("network 7 reached %s", name)
	}
}

func TestMetadataBelievesNoHeader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.plug(portSpec(1, 7)).configure(), w.plug(portSpec(2, 7)).configure()
	headers := map[string]string{
		"X-Forwarded-For": "10.0.0.12", "X-Real-Ip": "10.0.0.12", "Forwarded": "for=10.0.0.12", "X-Instance-Id": b.spec.Metadata.ServerID,
		"X-Tenant-Id": "x", "X-Metadata-Provider": "x",
	}
	code, body := a.get("/openstack/latest/meta_data.json", headers)
	if code != 200 || !strings.Contains(body, a.spec.Metadata.ServerID) {
		t.Errorf("%d %s", code, body)
	}
	if code, _ := a.get("/no/such/thing", headers); code != 404 {
		t.Errorf("unknown path: %d", code)
	}
}

func TestMetadataKnowsNobodyByAnAllowedPair(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spec := portSpec(1, 7)
	spec.AllowedPairs = []compute.AddressPair{{Address: netip.MustParsePrefix("10.0.0.96/28")}}
	a := w.plug(spec)
	a.address(netip.MustParseAddr("10.0.0.99"), 24)
	if code, body := a.get("/openstack/latest/meta_data.json", map[string]string{"X-Forwarded-For": "10.0.0.11"}); code != 404 {
		t.Errorf("%d %s", code, body)
	}
}

func TestASecondHostAdoptsWhatTheFirstLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open := portSpec(2, 7)
	open.Rules = append(open.Rules, allow("tcp", 80))
	a, b := w.plug(portSpec(1, 7)).configure(), w.plug(open).configure()
	b.listen(80)
	c, _, err := a.dial(netip.MustParseAddr("10.0.0.12"), 80, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	w.start()
	if ids, _ := w.host.Ports(t.Context()); len(ids) != 2 {
		t.Errorf("adopted %v", ids)
	}
	if !answers(c, 2*time.Second) {
		t.Error("adoption broke a flow")
	}
	if code, body := a.get("/openstack/latest/meta_data.json", nil); code != 200 || !strings.Contains(body, a.spec.Metadata.ServerID) {
		t.Errorf("metadata after adoption: %d %s", code, body)
	}
	if _, err := a.lease(); err != nil {
		t.Errorf("DHCP after adoption: %v", err)
	}
	w.unplugAll()
}

func TestUnplugLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.inventory()
	w.plug(portSpec(1, 7))
	w.plug(portSpec(2, 7))
	w.plug(portSpec(1, 8))
	w.unplugAll()
	if after := w.inventory(); !slices.Equal(before, after) {
		t.Errorf("left behind: %v, was %v", after, before)
	}
	if err := w.host.Unplug(t.Context(), "never-there"); err != nil {
		t.Errorf("a port that isn't there: %v", err)
	}
}

func TestWhatACrashLeftIsUnpluggedByTheNextHost(t *testing.T) {
	t.Parallel()
	for step := range 7 {
		t.Run(fmt.Sprint("after step ", step), func(t *testing.T) {
			t.Parallel()
			w, _ := newHosts(t)
			before := w.inventory()
			w.crashPlug(portSpec(1, 7), step)
			w.start()
			w.crashUnplug(portSpec(1, 7).ID)
			w.start()
			w.unplugAll()
			if after := w.inventory(); !slices.Equal(before, after) || len(w.wires()) > 0 {
				t.Errorf("left %v and %v, was %v", after, w.wires(), before)
			}
		})
	}
}

func TestAnInterruptedPlugEndsRightWhenRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	make := w.host.opts.endpoint
	w.host.opts.endpoint = func(string) error { return errors.New("no device today") }
	p := portSpec(1, 7)
	if _, err := w.host.Plug(t.Context(), p); err == nil || errors.Is(err, compute.ErrPermanent) {
		t.Fatalf("plugged without a device, or given up on: %v", err)
	}
	w.host.opts.endpoint = make
	g := w.plug(p)
	if _, err := g.lease(); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.host.Plug(ended, portSpec(2, 7)); !errors.Is(err, context.Canceled) {
		t.Errorf("plugged though the caller had gone: %v", err)
	}
	w.unplugAll()
}

func TestAnotherPortsAddressIsRefusedUntilItIsFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := portSpec(1, 7), portSpec(2, 7)
	second.FixedIPs[0].Address = first.FixedIPs[0].Address
	w.plug(first)
	if _, err := w.host.Plug(t.Context(), second); err == nil || errors.Is(err, compute.ErrPermanent) {
		t.Fatalf("two ports with one address: %v, want it refused for now", err)
	}
	if err := w.host.Unplug(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.plug(second).lease(); err != nil {
		t.Error(err)
	}
}

func TestAnUnreadableFileCanStillBeUnplugged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.inventory()
	p := portSpec(1, 7)
	w.plug(p)
	if err := os.WriteFile(filepath.Join(w.host.dir(), p.ID+".json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.unplugAll()
	if after := w.inventory(); !slices.Equal(before, after) {
		t.Errorf("left %v, was %v", after, before)
	}
}
