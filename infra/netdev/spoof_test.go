package netdev

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"skylog/workers/compute"
)

// forgeries are frames that guest 1 of network 7 may never get to guest 2, each
// with its name in it.
func forgeries(me, you net.HardwareAddr) map[string][]byte {
	all := net.HardwareAddr{255, 255, 255, 255, 255, 255}
	stranger := net.HardwareAddr{2, 0, 0, 0, 0, 9}
	ll := "fe80::f816:3eff:fe00:701" // of fa:16:3e:00:07:01
	made := map[string]func(tag []byte) []byte{
		"IPv4 of another": func(x []byte) []byte { return ether(you, me, 0x800, ipv4("10.0.0.77", "10.0.0.12", 17, udp(9, 9, x))) },
		"IPv4 of nobody":  func(x []byte) []byte { return ether(you, me, 0x800, ipv4("0.0.0.0", "10.0.0.12", 17, udp(9, 9, x))) },
		"IPv4 of metadata": func(x []byte) []byte {
			return ether(you, me, 0x800, ipv4("169.254.169.254", "10.0.0.12", 17, udp(9, 9, x)))
		},
		"MAC of another": func(x []byte) []byte {
			return ether(you, stranger, 0x800, ipv4("10.0.0.11", "10.0.0.12", 17, udp(9, 9, x)))
		},
		"IPv6 of another":       func(x []byte) []byte { return ether(you, me, 0x86dd, ipv6("fe80::9", "ff02::1", 17, udp(9, 9, x))) },
		"ARP as the gateway":    func(x []byte) []byte { return ether(all, me, 0x806, arp(2, me, "10.0.0.1", "10.0.0.12"), x) },
		"ARP as the service":    func(x []byte) []byte { return ether(all, me, 0x806, arp(1, me, "10.0.0.2", "10.0.0.2"), x) },
		"ARP for another MAC":   func(x []byte) []byte { return ether(all, me, 0x806, arp(2, stranger, "10.0.0.11", "10.0.0.12"), x) },
		"ARP of nobody answers": func(x []byte) []byte { return ether(all, me, 0x806, arp(2, me, "0.0.0.0", "10.0.0.12"), x) },
		"RARP for another MAC":  func(x []byte) []byte { return ether(all, me, 0x8035, arp(3, stranger, "0.0.0.0", "0.0.0.0"), x) },
		"DHCP offer": func(x []byte) []byte {
			return ether(you, me, 0x800, ipv4("10.0.0.11", "10.0.0.12", 17, udp(67, 68, x)))
		},
		"DHCP for another": func(x []byte) []byte {
			return ether(all, me, 0x800, ipv4("0.0.0.0", "255.255.255.255", 17, udp(68, 67, append(bootRequest(stranger), x...))))
		},
		"DHCPv6 answer": func(x []byte) []byte { return ether(you, me, 0x86dd, ipv6(ll, "ff02::1", 17, udp(547, 546, x))) },
		"router advertisement": func(x []byte) []byte {
			return ether(you, me, 0x86dd, ipv6(ll, "ff02::1", 58, append([]byte{134, 0, 0, 0, 64, 0, 1, 0}, x...)))
		},
		"neighbour of another": func(x []byte) []byte { return ether(you, me, 0x86dd, ipv6(ll, "ff02::1", 58, advert("fe80::9", x))) },
		"VLAN tag": func(x []byte) []byte {
			return tagged(5, ether(you, me, 0x800, ipv4("10.0.0.11", "10.0.0.12", 17, udp(9, 9, x))))
		},
		"unknown kind of frame": func(x []byte) []byte { return ether(you, me, 0x88b5, x) },
		"TCP out of the blue": func(x []byte) []byte {
			return ether(you, me, 0x800, ipv4("10.0.0.11", "10.0.0.12", 6, tcpACK("10.0.0.11", "10.0.0.12", x)))
		},
		"TCP that is broken": func(x []byte) []byte {
			return ether(you, me, 0x800, ipv4("10.0.0.11", "10.0.0.12", 6, tcpACK("10.0.0.11", "10.0.0.99", x)))
		},
	}
	out := map[string][]byte{}
	for name, frame := range made {
		out[name] = frame([]byte("<" + name + ">"))
	}
	return out
}

func advert(target string, tail []byte) []byte {
	t := netip.MustParseAddr(target).As16()
	return append(append([]byte{136, 0, 0, 0, 0x60, 0, 0, 0}, t[:]...), tail...)
}

// arrivals sends all forgeries from one guest to another and tells which came.
func arrivals(t *testing.T, secure bool) []string {
	w := newWorld(t)
	return w.arrivals(w, secure)
}

// arrivals is the same from a guest of one host to that of another, or the same.
func (w *world) arrivals(other *world, secure bool) (came []string) {
	w.t.Helper()
	from, to := portSpec(1, 7), portSpec(2, 7)
	to.Rules = append(to.Rules, compute.Rule{Ingress: true}, compute.Rule{Ingress: true, IPv6: true})
	from.PortSecurity, to.PortSecurity = secure, secure
	a, b := w.plug(from), other.plug(to)
	me, you := mac(from.MAC), mac(to.MAC)
	c := b.socket()
	forged := forgeries(me, you)
	a.send(slices.Collect(maps.Values(forged))...)
	a.send(ether(you, me, 0x800, ipv4("10.0.0.11", "10.0.0.12", 17, udp(9, 9, []byte("<honest>")))))
	for _, f := range b.readUntil(c, "<honest>") {
		for name := range forged {
			if bytes.Contains(f, []byte("<"+name+">")) {
				came = append(came, name)
			}
		}
	}
	slices.Sort(came)
	return came
}

func TestNoForgeryLeavesAPort(t *testing.T) {
	t.Parallel()
	if came := arrivals(t, true); len(came) > 0 {
		t.Errorf("these arrived: %q", came)
	}
}

func TestWithoutPortSecurityEveryFrameArrives(t *testing.T) {
	t.Parallel()
	all := slices.Sorted(maps.Keys(forgeries(mac("02:00:00:00:00:01"), mac("02:00:00:00:00:02"))))
	if came := arrivals(t, false); !slices.Equal(came, all) {
		t.Errorf("arrived: %q, want all of %q", came, all)
	}
}

func TestAGuestCannotReachItsHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.plug(portSpec(1, 7)).configure()
	var l net.Listener
	var bridge net.HardwareAddr
	err := w.host.Do(func() (err error) {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		if err := netlink.LinkSetUp(lo); err != nil {
			return err
		}
		if err := netlink.AddrAdd(lo, &netlink.Addr{IPNet: netlink.NewIPNet(net.IPv4(10, 0, 0, 200))}); err != nil {
			return err
		}
		br, err := netlink.LinkByName(w.host.segmentOf(portSpec(1, 7)).bridge())
		if err != nil {
			return err
		}
		bridge = br.Attrs().HardwareAddr
		l, err = net.Listen("tcp4", "10.0.0.200:22")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	to := netip.MustParseAddr("10.0.0.200")
	if _, _, err := a.dial(to, 22, 100*time.Millisecond); err == nil {
		t.Error("the host answered")
	}
	a.in(func() error { // and though it knows the bridge's MAC
		dev, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		return netlink.NeighSet(&netlink.Neigh{LinkIndex: dev.Attrs().Index, Family: netlink.FAMILY_V4, State: netlink.NUD_PERMANENT, IP: to.AsSlice(), HardwareAddr: bridge})
	})
	accepted := make(chan struct{})
	go func() {
		if c, err := l.Accept(); err == nil {
			_ = c.Close()
			close(accepted)
		}
	}()
	_, _, _ = a.dial(to, 22, 150*time.Millisecond)
	select {
	case <-accepted:
		t.Error("the guest got through to the host")
	default:
	}
}

func TestIPv6PassesByItsOwnRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var guests []*guest
	for n := 1; n <= 2; n++ {
		p := portSpec(n, 7)
		six := netip.MustParseAddr(fmt.Sprintf("fd00::%d", n))
		p.FixedIPs = append(p.FixedIPs, compute.FixedIP{Address: six, Subnet: netip.MustParsePrefix("fd00::/64")})
		port := 80
		p.Rules = append(p.Rules, compute.Rule{Ingress: true, IPv6: true, Protocol: "tcp", PortMin: &port, PortMax: &port,
			Remotes: []netip.Prefix{netip.MustParsePrefix("fd00::/127"), netip.MustParsePrefix("fd01::/16")}})
		g := w.plug(p)
		g.address(six, 64)
		guests = append(guests, g)
	}
	guests[0].listen(80)
	guests[1].listen(80)
	if _, name, err := guests[0].dial(netip.MustParseAddr("fd00::2"), 80, 2*time.Second); err != nil || name != "vm2-net7" {
		t.Errorf("from fd00::1: %q %v", name, err)
	}
	if _, _, err := guests[1].dial(netip.MustParseAddr("fd00::1"), 80, 150*time.Millisecond); err == nil {
		t.Error("fd00::2 is no remote of the rule, but was let in")
	}
}

func TestTenThousandRemotesAreOneTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := portSpec(2, 7)
	many := allow("tcp", 80)
	for i := range 9_999 {
		many.Remotes = append(many.Remotes, netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16, byte(i >> 7), byte(i << 1)}), 32))
	}
	p.Rules = append(p.Rules, many)
	a, b := w.plug(portSpec(1, 7)).configure(), w.plug(p).configure()
	b.listen(80)
	to := netip.MustParseAddr("10.0.0.12")
	if _, _, err := a.dial(to, 80, 100*time.Millisecond); err == nil {
		t.Error("let in though it is none of the remotes")
	}
	p.Rules[2].Remotes = append(p.Rules[2].Remotes, netip.MustParsePrefix("10.0.0.11/32"))
	w.plug(p)
	if _, _, err := a.dial(to, 80, 2*time.Second); err != nil {
		t.Errorf("the last of the remotes isn't let in: %v", err)
	}
}

func TestFragmentsPassWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := portSpec(2, 7)
	p.Rules = append(p.Rules, allow("udp", 5000))
	a, b := w.plug(portSpec(1, 7)).configure(), w.plug(p).configure()
	var in, out net.Conn
	b.in(func() error {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{Port: 5000})
		in = c
		return err
	})
	a.in(func() (err error) { out, err = net.Dial("udp4", "10.0.0.12:5000"); return err })
	t.Cleanup(func() { _, _ = in.Close(), out.Close() })
	sent := bytes.Repeat([]byte("skylog"), 800) // some four frames
	if _, err := out.Write(sent); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 9000)
	_ = in.SetReadDeadline(time.Now().Add(2 * time.Second))
	if n, err := in.Read(got); err != nil || !bytes.Equal(got[:n], sent) {
		t.Errorf("%d of %d bytes: %v", n, len(sent), err)
	}
}
