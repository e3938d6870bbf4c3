package netdev

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"skylog/workers/compute"
)

func TestTCPIsDroppedUntilARuleAllowsIt(t *testing.T) {
	t.Parallel()
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

func TestAChangedRuleEndsItsFlowsAndNoOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open := portSpec(2, 7)
	open.Rules = append(open.Rules, allow("tcp", 80), allow("tcp", 81))
	a, b := w.plug(portSpec(1, 7)).configure(), w.plug(open).configure()
	b.listen(80)
	b.listen(81)
	to := netip.MustParseAddr("10.0.0.12")
	ended, _, err := a.dial(to, 80, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	stays, _, err := a.dial(to, 81, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	closed := open
	closed.Rules = append(slices.Clone(portSpec(2, 7).Rules), allow("tcp", 81))
	w.plug(closed)
	if !answers(stays, 2*time.Second) {
		t.Error("the flow of the rule that stayed was cut")
	}
	if answers(ended, 300*time.Millisecond) {
		t.Error("the flow of the removed rule lives on")
	}
	if _, _, err := a.dial(to, 80, 150*time.Millisecond); err == nil {
		t.Error("the removed rule still lets in")
	}
}

func TestReplacingRulesBreaksNoFlow(t *testing.T) {
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
	for i := range 10 {
		more := open
		more.Rules = append(slices.Clone(open.Rules), allow("tcp", 1000+i))
		w.plug(more)
		if !answers(c, 2*time.Second) {
			t.Fatalf("the flow broke at change %d", i)
		}
	}
}

func TestABadRuleRefusesThePortAndLeavesTheOldRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open := portSpec(2, 7)
	open.Rules = append(open.Rules, allow("tcp", 80))
	a, b := w.plug(portSpec(1, 7)).configure(), w.plug(open).configure()
	b.listen(80)
	b.listen(81)
	for name, bad := range badRules() {
		spec := open
		spec.Rules = []compute.Rule{allow("tcp", 81), bad}
		if _, err := w.host.Plug(t.Context(), spec); !errors.Is(err, compute.ErrPermanent) {
			t.Errorf("%s: %v, want it refused for good", name, err)
		}
		fresh := portSpec(3, 9)
		fresh.Rules = []compute.Rule{bad}
		if _, err := w.host.Plug(t.Context(), fresh); err == nil {
			t.Errorf("%s: a new port was plugged", name)
		}
	}
	to := netip.MustParseAddr("10.0.0.12")
	if _, _, err := a.dial(to, 81, 100*time.Millisecond); err == nil {
		t.Error("the refused rules let in")
	}
	if _, _, err := a.dial(to, 80, 2*time.Second); err != nil {
		t.Errorf("the old rule no longer lets in: %v", err)
	}
	if ids, _ := w.host.Ports(t.Context()); len(ids) != 2 {
		t.Errorf("ports %v, want the two good ones", ids)
	}
}

func badRules() map[string]compute.Rule {
	p := func(i int) *int { return &i }
	return map[string]compute.Rule{
		"ports of no protocol":  {Ingress: true, PortMin: p(1), PortMax: p(2)},
		"ports of ESP":          {Ingress: true, Protocol: "50", PortMin: p(1), PortMax: p(2)},
		"ports upside down":     {Ingress: true, Protocol: "tcp", PortMin: p(9), PortMax: p(2)},
		"port too high":         {Ingress: true, Protocol: "udp", PortMin: p(1), PortMax: p(65536)},
		"half a range":          {Ingress: true, Protocol: "udp", PortMin: p(1)},
		"unknown protocol":      {Ingress: true, Protocol: "quic"},
		"other family's remote": {Ingress: true, Remotes: []netip.Prefix{netip.MustParsePrefix("fd00::/8")}},
		"no remote at all":      {Ingress: true, Remotes: []netip.Prefix{{}}},
		"ICMP type too high":    {Ingress: true, Protocol: "icmp", PortMin: p(256)},
	}
}

func TestATapThatNobodyPluggedIsShut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := portSpec(2, 7)
	p.PortSecurity = false
	open := w.plug(p).configure()
	tap := w.host.instance.Tap() + "rogue"
	rogue := &guest{t: t, ns: w.prefix + "-grogue", spec: portSpec(1, 7)}
	w.guests[tap] = rogue
	err := w.host.Do(func() error {
		if err := w.endpoint(tap); err != nil {
			return err
		}
		l, err := netlink.LinkByName(tap)
		if err != nil {
			return err
		}
		return errors.Join(attach(l, w.host.segmentOf(portSpec(1, 7)).bridge()), setUp(l, 1450))
	})
	if err != nil {
		t.Fatal(err)
	}
	w.awaitCarrier(tap)
	rogue.configure()
	open.listen(80)
	if _, _, err := rogue.dial(p.FixedIPs[0].Address, 80, 150*time.Millisecond); err == nil {
		t.Error("an unknown tap got through")
	}
}

func TestAPortThatIsDownIsShutAtOnce(t *testing.T) {
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
	down := open
	down.AdminUp = false
	w.plug(down)
	if answers(c, 200*time.Millisecond) {
		t.Error("a flow went on")
	}
}
