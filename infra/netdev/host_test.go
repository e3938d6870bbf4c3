package netdev

import (
	"net/netip"
	"testing"
	"time"
)

func TestAGuestGetsItsAddressByDHCP(t *testing.T) {
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

func TestTCPIsDroppedUntilARuleAllowsIt(t *testing.T) {
	w := newWorld(t)
	a, b := w.plug(portSpec(1, 7)).configure(), w.plug(portSpec(2, 7)).configure()
	b.listen(80)
	to := netip.MustParseAddr("10.0.0.12")
	if _, _, err := a.dial(to, 80, 150*time.Millisecond); err == nil {
		t.Fatal("connected without a rule")
	}
	open := b.spec
	open.Rules = append(open.Rules, allow("tcp", 80))
	w.plug(open)
	_, name, err := a.dial(to, 80, 2*time.Second)
	if err != nil || name != "vm2-net7" {
		t.Fatalf("greeting %q, %v", name, err)
	}
}
