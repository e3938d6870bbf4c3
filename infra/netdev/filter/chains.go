package filter

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/google/nftables/expr"

	"skylog/workers/compute"
)

// chains are the three of one port.
type chains struct{ guard, from, to []rule }

// Check tells, without touching anything, whether the port can be filtered.
func Check(spec compute.PortSpec) error {
	_, err := compile(spec)
	return err
}

func compile(spec compute.PortSpec) (chains, error) {
	mac, err := net.ParseMAC(spec.MAC)
	if err != nil || len(mac) != 6 || mac[0]&1 == 1 {
		return chains{}, fmt.Errorf("%w: MAC %q", ErrBadPort, spec.MAC)
	}
	senders, err := sendersOf(spec, mac)
	if err != nil {
		return chains{}, err
	}
	groups, err := checkRules(spec.Rules)
	if err != nil {
		return chains{}, err
	}
	switch {
	case !spec.AdminUp:
		shut := []rule{when(drop)}
		return chains{shut, shut, shut}, nil
	case !spec.PortSecurity:
		return chains{guard: []rule{when(pass)}, from: []rule{when(pass)}, to: []rule{when(pass)}}, nil
	}
	macs := macsOf(senders)
	c := chains{guard: guard(mac, senders), from: append(ownAdverts(senders), alwaysFrom(macs)...), to: alwaysTo(macs)}
	for _, g := range groups {
		if g.Ingress {
			c.to = append(c.to, g.compile()...)
		} else {
			c.from = append(c.from, g.compile()...)
		}
	}
	c.from, c.to = append(c.from, when(drop)), append(c.to, when(drop))
	return c, nil
}

// sendersOf lists what the port may send from: its fixed addresses, the
// link-local one of its MAC, and the allowed pairs.
func sendersOf(spec compute.PortSpec, mac net.HardwareAddr) ([]sender, error) {
	if len(spec.FixedIPs)+len(spec.AllowedPairs) > MaxSenders {
		return nil, fmt.Errorf("%w: more than %d addresses and pairs", ErrBadPort, MaxSenders)
	}
	out := []sender{{mac, netip.PrefixFrom(linkLocal(mac), 128)}}
	for _, ip := range spec.FixedIPs {
		if !ip.Address.IsValid() || ip.Address.Is4In6() || ip.Address.Zone() != "" {
			return nil, fmt.Errorf("%w: fixed address %q", ErrBadPort, ip.Address)
		}
		out = append(out, sender{mac, netip.PrefixFrom(ip.Address, ip.Address.BitLen())})
	}
	for _, pair := range spec.AllowedPairs {
		s := sender{mac, pair.Address}
		if pair.MAC != "" {
			m, err := net.ParseMAC(pair.MAC)
			if err != nil || len(m) != 6 || m[0]&1 == 1 {
				return nil, fmt.Errorf("%w: allowed pair's MAC %q", ErrBadPort, pair.MAC)
			}
			s.mac = m
			out = append(out, sender{m, netip.PrefixFrom(linkLocal(m), 128)})
		}
		if !pair.Address.IsValid() || pair.Address.Addr().Is4In6() {
			return nil, fmt.Errorf("%w: allowed pair's address %q", ErrBadPort, pair.Address)
		}
		out = append(out, s)
	}
	return out, nil
}

// linkLocal is the IPv6 address that a guest makes of its MAC.
func linkLocal(m net.HardwareAddr) netip.Addr {
	return netip.AddrFrom16([16]byte{0xfe, 0x80, 8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe, 13: m[3], 14: m[4], 15: m[5]})
}

func macsOf(senders []sender) (out []net.HardwareAddr) {
	seen := map[string]bool{}
	for _, s := range senders {
		if !seen[string(s.mac)] {
			seen[string(s.mac)] = true
			out = append(out, s.mac)
		}
	}
	return out
}

// guard holds every frame to the port's own addresses; anything that is neither
// ARP nor IP nor an own RARP, a tagged frame too, ends at the last line.
func guard(mac net.HardwareAddr, senders []sender) []rule {
	arp := etherType(etherARP)
	network := expr.PayloadBaseNetworkHeader
	nobody := netip.PrefixFrom(netip.IPv4Unspecified(), 32)
	anyone := netip.PrefixFrom(netip.IPv6Unspecified(), 128)
	everyone := netip.PrefixFrom(netip.MustParseAddr("255.255.255.255"), 32)
	// what stands before the addresses: Ethernet, IPv4, their lengths
	out := []rule{when(drop, arp, []expr.Any{load(network, 0, 6), notEqual([]byte{0, 1, 8, 0, 6, 4})})}
	for _, s := range senders {
		if s.from.Addr().Is6() {
			out = append(out, when(pass, etherType(etherIPv6), sourceMAC(s.mac), from(s.from)))
			continue
		}
		arpMAC := []expr.Any{load(network, 8, 6), equal(s.mac)}
		out = append(out,
			when(pass, etherType(etherIPv4), sourceMAC(s.mac), from(s.from)),
			when(pass, arp, sourceMAC(s.mac), arpMAC, within(network, 14, s.from)))
	}
	for _, m := range macsOf(senders) { // who has no address yet: a probe teaches nobody anything (RFC 5227)
		probe := []expr.Any{load(network, 6, 8), equal(append([]byte{0, 1}, m...))}
		out = append(out, when(pass, arp, sourceMAC(m), probe, within(network, 14, nobody)))
		for _, kind := range []byte{131, 132, 133, 135, 143} { // multicast listening, looking for routers and for doubles
			out = append(out, when(pass, etherType(etherIPv6), sourceMAC(m), from(anyone), l4(protoICMPv6), transport(0, kind)))
		}
	}
	return append(out, hereIAm(mac),
		when(pass, etherType(etherIPv4), sourceMAC(mac), from(nobody), to(everyone), udp(68, 67)),
		when(drop))
}

// hereIAm is the frame by which a hypervisor tells bridges where a guest is that
// came from another host. It is a RARP request for the sender's own address and
// says no more than its MAC (RFC 903).
func hereIAm(mac net.HardwareAddr) rule {
	network := expr.PayloadBaseNetworkHeader
	body := append([]byte{0, 1, 8, 0, 6, 4, 0, 3}, mac...)
	return when(pass, etherType(etherRARP), sourceMAC(mac), []expr.Any{load(network, 0, len(body)), equal(body)},
		within(network, 14, netip.PrefixFrom(netip.IPv4Unspecified(), 32)))
}

// ownAdverts drops neighbour advertisements of addresses that aren't the port's.
// It is asked where packets are whole: in prerouting they may come in fragments.
func ownAdverts(senders []sender) (out []rule) {
	const target = 8 // in the ICMPv6 header
	advert := append(l4(protoICMPv6), transport(0, 136)...)
	for _, s := range senders {
		if s.from.Addr().Is6() {
			out = append(out, when(pass, etherType(etherIPv6), sourceMAC(s.mac), from(s.from), advert,
				within(expr.PayloadBaseTransportHeader, target, s.from)))
		}
	}
	return append(out, when(drop, etherType(etherIPv6), advert))
}

// alwaysFrom is what no security group changes of what a port sends: it may
// find its neighbours, ask for its address and for its metadata; it may not
// play DHCP server or router, nor ask for an address in another's name.
func alwaysFrom(macs []net.HardwareAddr) []rule {
	const clientMAC = 8 + 28 // behind the UDP header
	v4, v6 := etherType(etherIPv4), etherType(etherIPv6)
	out := []rule{
		when(pass, etherType(etherARP)),
		when(pass, etherType(etherRARP)),
		when(drop, v4, udp(67, 68)),
		when(drop, v6, udp(547, 546)),
		when(drop, v6, l4(protoICMPv6), transport(0, 134)),
	}
	for _, m := range macs {
		out = append(out, when(pass, v4, udp(68, 67), []expr.Any{load(expr.PayloadBaseTransportHeader, clientMAC, 6), equal(m)}))
	}
	out = append(out,
		when(drop, v4, l4(protoUDP), transport(2, be16(67)...)),
		when(pass, v6, udp(546, 547)),
		when(drop, marked(markStray)),
		when(pass, marked(markReply)),
		when(pass, v4, to(netip.MustParsePrefix("169.254.169.254/32")), l4(protoTCP), transport(2, be16(80)...)))
	return append(out, neighbours(131, 132, 133, 135, 143)...)
}

// alwaysTo is what no security group changes of what a port receives: frames
// flooded for others stay out, answers of DHCP and of neighbours come in.
func alwaysTo(macs []net.HardwareAddr) []rule {
	others := [][]expr.Any{toOneStation()}
	for _, m := range macs {
		others = append(others, notForMAC(m))
	}
	out := []rule{
		when(drop, others...),
		when(pass, etherType(etherARP)),
		when(pass, etherType(etherIPv4), udp(67, 68)),
		when(pass, etherType(etherIPv6), udp(547, 546)),
		when(drop, marked(markStray)),
		when(pass, marked(markReply)),
	}
	return append(out, neighbours(130, 131, 132, 134, 135, 136)...)
}

func neighbours(kinds ...byte) (out []rule) {
	for _, k := range kinds {
		out = append(out, when(pass, etherType(etherIPv6), l4(protoICMPv6), transport(0, k)))
	}
	return out
}
