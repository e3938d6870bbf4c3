package netdev

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"skylog/workers/compute"
)

// newHosts makes two hosts of one cloud.
func newHosts(t *testing.T) (one, two *world) {
	t.Helper()
	wire := &Wire{Name: fmt.Sprintf("sktest%d-%03dw", os.Getpid(), worlds.Add(1))}
	t.Cleanup(func() {
		left, _ := filepath.Glob(filepath.Join(namespaceDir, wire.Name+"*")) // after a test that failed
		for _, ns := range left {
			_ = removeNamespace(filepath.Base(ns))
		}
	})
	addresses := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}
	on := func(a netip.Addr) *world { return hostOn(t, &Underlay{Address: a, Peers: addresses, Wire: wire}) }
	return on(addresses[0]), on(addresses[1])
}

// wires are the namespaces of the worlds' underlay.
func (w *world) wires() []string {
	left, _ := filepath.Glob(filepath.Join(namespaceDir, w.opts.Underlay.Wire.Name+"*"))
	return left
}

func TestANetworkIsOneOnTwoHosts(t *testing.T) {
	t.Parallel()
	one, two := newHosts(t)
	open, stranger := portSpec(2, 7), portSpec(2, 8) // both are 10.0.0.12
	open.Rules = append(open.Rules, allow("tcp", 80))
	stranger.Rules = open.Rules
	a, b := one.plug(portSpec(1, 7)).configure(), two.plug(open).configure()
	b.listen(80)
	two.plug(stranger).configure().listen(80)
	to := netip.MustParseAddr("10.0.0.12")
	c, name, err := a.dial(to, 80, 3*time.Second)
	if err != nil || name != "vm2-net7" {
		t.Fatalf("on the other host: %q, %v", name, err)
	}
	if !wholePackets(c) {
		t.Error("packets as long as the guest was told don't get through")
	}
	two.start() // who comes after a crash goes on
	if !answers(c, 2*time.Second) {
		t.Error("adoption broke a flow between hosts")
	}
	if err := two.host.Unplug(t.Context(), open.ID); err != nil {
		t.Fatal(err)
	}
	if _, name, err := a.dial(to, 80, 150*time.Millisecond); err == nil {
		t.Errorf("network 7 reached %s of network 8", name)
	}
}

// wholePackets sends more than fits into one and wants it back.
func wholePackets(c net.Conn) bool {
	sent := bytes.Repeat([]byte("skylog"), 2000)
	_ = c.SetDeadline(time.Now().Add(3 * time.Second))
	go func() { _, _ = c.Write(sent) }()
	for got, buf := 0, make([]byte, len(sent)); got < len(sent); {
		n, err := c.Read(buf)
		if got += n; err != nil {
			return false
		}
	}
	return true
}

func TestARuleOfMembersHoldsBetweenHosts(t *testing.T) {
	t.Parallel()
	one, two := newHosts(t)
	p, members := portSpec(3, 7), allow("tcp", 80)
	members.Remotes = []netip.Prefix{netip.MustParsePrefix("10.0.0.11/32")}
	p.Rules = append(p.Rules, members)
	a, b := one.plug(portSpec(1, 7)).configure(), one.plug(portSpec(2, 7)).configure()
	two.plug(p).configure().listen(80)
	to := netip.MustParseAddr("10.0.0.13")
	if _, _, err := a.dial(to, 80, 3*time.Second); err != nil {
		t.Errorf("a member isn't let in: %v", err)
	}
	if _, _, err := b.dial(to, 80, 150*time.Millisecond); err == nil {
		t.Error("who is no member was let in")
	}
}

func TestNoForgeryComesFromAnotherHost(t *testing.T) {
	t.Parallel()
	one, two := newHosts(t)
	if came := one.arrivals(two, true); len(came) > 0 {
		t.Errorf("these arrived: %q", came)
	}
}

func TestDHCPAndMetadataAreOfTheOwnHost(t *testing.T) {
	t.Parallel()
	one, two := newHosts(t)
	loose := portSpec(2, 7)
	loose.PortSecurity = false // it sees, and may send, everything
	a, b := one.plug(portSpec(1, 7)).configure(), two.plug(loose).configure()
	c := b.socket()
	if _, err := a.lease(); err != nil {
		t.Errorf("no address: %v", err)
	}
	all, me := net.HardwareAddr{255, 255, 255, 255, 255, 255}, mac(a.spec.MAC)
	service := one.host.segmentOf(a.spec).mac()
	stranger := one.host.segmentOf(portSpec(1, 8)).mac() // of which no bridge has learned where it is
	a.send(ether(service, me, 0x800, ipv4("10.0.0.11", "169.254.169.254", 17, udp(9, 9, []byte("<for the service>")))),
		ether(stranger, me, 0x800, ipv4("10.0.0.11", "169.254.169.254", 17, udp(9, 9, []byte("<for the service>")))),
		ether(all, me, 0x806, arp(1, me, "10.0.0.11", "10.0.0.12"), []byte("<marker>")))
	for _, f := range b.readUntil(c, "<marker>") {
		if bytes.Contains(f, []byte{99, 130, 83, 99}) || bytes.Contains(f, []byte("<for the service>")) {
			t.Errorf("what is for the service came to another host: %x", f)
		}
	}
	// Who claims on one host to be the service takes nothing away on another.
	b.send(ether(all, service, 0x806, arp(2, service, "10.0.0.2", "10.0.0.11")), ether(me, service, 0x800, ipv4("10.0.0.2", "10.0.0.11", 17, udp(67, 68, make([]byte, 300)))))
	if code, body := a.get("/openstack/latest/meta_data.json", nil); code != 200 || !strings.Contains(body, a.spec.Metadata.ServerID) {
		t.Errorf("metadata: %d %s", code, body)
	}
}

func TestAHypervisorMaySayOnAllHostsWhereAGuestIsNow(t *testing.T) {
	t.Parallel()
	one, two := newHosts(t)
	loose := portSpec(2, 7)
	loose.PortSecurity = false // it sees everything
	a, b := one.plug(portSpec(1, 7)), two.plug(loose)
	c := b.socket()
	all, me := net.HardwareAddr{255, 255, 255, 255, 255, 255}, mac(a.spec.MAC)
	a.send(ether(all, me, 0x8035, arp(3, me, "0.0.0.0", "0.0.0.0"), []byte("<here I am>"))) // as QEMU does
	b.readUntil(c, "<here I am>")
}

func TestTheLastPortTakesTheUnderlayAlong(t *testing.T) {
	t.Parallel()
	one, two := newHosts(t)
	before, beforeTwo := one.inventory(), two.inventory()
	one.plug(portSpec(1, 7))
	two.plug(portSpec(2, 7))
	two.plug(portSpec(1, 8))
	if got := len(one.wires()); got != 3 {
		t.Fatalf("the underlay is %q, want the wire and two hosts", one.wires())
	}
	one.unplugAll()
	if got := len(one.wires()); got != 2 {
		t.Errorf("with a host without ports it is %q", one.wires())
	}
	two.unplugAll()
	if after, afterTwo := one.inventory(), two.inventory(); !slices.Equal(before, after) || !slices.Equal(beforeTwo, afterTwo) || len(one.wires()) > 0 {
		t.Errorf("left %v and %v and %v", after, afterTwo, one.wires())
	}
}

func TestHostsOfSeveralMachinesUseTheirOwnAddresses(t *testing.T) {
	t.Parallel()
	peers := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}
	w := newWorld(t)
	before := w.inventory()
	w.plug(portSpec(1, 7))
	w.opts.Underlay = &Underlay{Address: peers[0], Peers: peers} // it is joined to others later
	w.start()
	if got := w.flooded(t, portSpec(1, 7)); !slices.Equal(got, []string{"192.0.2.2"}) {
		t.Errorf("frames for all go to %q", got)
	}
	w.host.opts.Underlay.Peers = []netip.Addr{peers[0], netip.MustParseAddr("192.0.2.3")} // one went, another came
	w.plug(portSpec(2, 7))
	if got := w.flooded(t, portSpec(1, 7)); !slices.Equal(got, []string{"192.0.2.3"}) {
		t.Errorf("frames for all go to %q", got)
	}
	w.unplugAll()
	if after := w.inventory(); !slices.Equal(before, after) {
		t.Errorf("left %v, was %v", after, before)
	}
}

// flooded tells to which hosts a network's tunnel sends frames for all.
func (w *world) flooded(t *testing.T, p compute.PortSpec) (to []string) {
	t.Helper()
	err := w.host.Do(func() error {
		all, err := w.host.segmentOf(p).flood()
		for _, n := range all {
			to = append(to, n.IP.String())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}
