package usernet

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"skylog/workers/compute"
)

func port(id, addr, subnet, gateway string) compute.PortSpec {
	ip := compute.FixedIP{Address: netip.MustParseAddr(addr), Subnet: netip.MustParsePrefix(subnet)}
	if gateway != "" {
		ip.Gateway = netip.MustParseAddr(gateway)
	}
	return compute.PortSpec{ID: id, FixedIPs: []compute.FixedIP{ip}}
}

// freeRange is a run of local ports of which the first is in use.
func freeRange(t *testing.T) (first int) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return min(l.Addr().(*net.TCPAddr).Port, 65000)
}

func TestAddressesFitTheSubnet(t *testing.T) {
	for _, c := range []struct{ addr, subnet, gateway, wantGateway, wantDNS string }{
		{"10.0.0.11", "10.0.0.0/24", "10.0.0.1", "10.0.0.1", "10.0.0.2"},
		{"10.0.0.2", "10.0.0.0/24", "10.0.0.1", "10.0.0.1", "10.0.0.3"},
		{"10.0.0.1", "10.0.0.0/24", "", "10.0.0.2", "10.0.0.3"},
		{"10.0.0.11", "10.0.0.0/24", "192.168.0.1", "10.0.0.1", "10.0.0.2"},
		{"10.0.0.6", "10.0.0.0/29", "10.0.0.5", "10.0.0.5", "10.0.0.1"},
	} {
		got, err := attachment(port("a", c.addr, c.subnet, c.gateway))
		if err != nil || got.Gateway.String() != c.wantGateway || got.DNS.String() != c.wantDNS || got.Address.String() != c.addr {
			t.Errorf("%s in %s via %q: %+v, %v", c.addr, c.subnet, c.gateway, got, err)
		}
	}
}

func TestAPortThatCannotWorkIsRefusedForGood(t *testing.T) {
	h, err := New(Options{Dir: t.TempDir(), FirstPort: 20000, LastPort: 20001})
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]compute.PortSpec{
		"no address":           {ID: "a"},
		"only IPv6":            port("a", "fd00::1", "fd00::/64", ""),
		"subnet too small":     port("a", "10.0.0.1", "10.0.0.0/30", "10.0.0.2"),
		"outside its subnet":   port("a", "10.0.1.1", "10.0.0.0/24", ""),
		"an id that is a path": port("../a", "10.0.0.1", "10.0.0.0/24", ""),
	} {
		if _, err := h.Plug(t.Context(), p); !errors.Is(err, compute.ErrPermanent) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if ids, _ := h.Ports(t.Context()); len(ids) != 0 {
		t.Errorf("ports %v", ids)
	}
}

func TestTheSSHPortIsFreeAndOutlivesARestart(t *testing.T) {
	first := freeRange(t)
	opts := Options{Dir: t.TempDir(), FirstPort: first, LastPort: first + 50}
	plug := func(h *Host, id string) int {
		t.Helper()
		a, err := h.Plug(t.Context(), port(id, "10.0.0.11", "10.0.0.0/24", ""))
		if err != nil || a.User == nil || a.Tap != "" {
			t.Fatalf("%+v, %v", a, err)
		}
		return a.User.SSHPort
	}
	h, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	a, b := plug(h, "a"), plug(h, "b")
	if a == b || a == first || b == first {
		t.Errorf("SSH ports %d and %d; %d is in use", a, b, first)
	}
	again, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	if got := plug(again, "b"); got != b {
		t.Errorf("after a restart %d, was %d", got, b)
	}
	if err := errors.Join(again.Unplug(t.Context(), "a"), again.Unplug(t.Context(), "a")); err != nil {
		t.Error(err)
	}
	if ids, _ := again.Ports(t.Context()); len(ids) != 1 || ids[0] != "b" {
		t.Errorf("ports %v, want b", ids)
	}
}

func TestAFullRangeIsNotForGood(t *testing.T) {
	first := freeRange(t) // in use
	h, err := New(Options{Dir: t.TempDir(), FirstPort: first, LastPort: first})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Plug(t.Context(), port("a", "10.0.0.11", "10.0.0.0/24", "")); err == nil || errors.Is(err, compute.ErrPermanent) {
		t.Errorf("%v", err)
	}
}
