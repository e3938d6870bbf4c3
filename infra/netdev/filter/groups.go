package filter

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/google/nftables/expr"

	"skylog/workers/compute"
)

// withPorts are the protocols whose rules may name ports.
var withPorts = map[int]bool{protoTCP: true, protoUDP: true, 33: true, 132: true, 136: true} // and DCCP, SCTP, UDP-Lite

// group is a security group rule that has been checked.
type group struct {
	compute.Rule
	proto    int // -1: any
	min, max int // -1: any; ports, or ICMP type and code
}

// checkRules refuses all rules if one is bad: a port with half its rules would
// be closed in ways nobody asked for.
func checkRules(rules []compute.Rule) ([]group, error) {
	if len(rules) > MaxRules {
		return nil, fmt.Errorf("%w: it has %d rules, at most %d can be", ErrBadPort, len(rules), MaxRules)
	}
	out, total := make([]group, 0, len(rules)), 0
	for i, r := range rules {
		g, err := checkRule(r)
		if err != nil {
			return nil, fmt.Errorf("%w: rule %d: %w", ErrBadPort, i, err)
		}
		if total += len(r.Remotes); total > maxTotal {
			return nil, fmt.Errorf("%w: its rules name more than %d remotes", ErrBadPort, maxTotal)
		}
		out = append(out, g)
	}
	return out, nil
}

func checkRule(r compute.Rule) (group, error) {
	g := group{Rule: r, proto: -1, min: -1, max: -1}
	var err error
	if g.proto, err = protocol(r.Protocol, r.IPv6); err != nil {
		return g, err
	}
	if len(r.Remotes) > MaxRemotes {
		return g, fmt.Errorf("%d remotes, at most %d can be", len(r.Remotes), MaxRemotes)
	}
	for _, p := range r.Remotes {
		if !p.IsValid() || p.Addr().Is4In6() || p.Addr().Is6() != r.IPv6 {
			return g, fmt.Errorf("remote %s is no prefix of the rule's family", p)
		}
	}
	if r.PortMin != nil {
		g.min = *r.PortMin
	}
	if r.PortMax != nil {
		g.max = *r.PortMax
	}
	return g, g.checkPorts()
}

func (g group) checkPorts() error {
	switch {
	case g.PortMin == nil && g.PortMax == nil:
		return nil
	case g.isICMP():
		if g.PortMin == nil || g.min < 0 || g.min > 255 || g.PortMax != nil && (g.max < 0 || g.max > 255) {
			return fmt.Errorf("ICMP type %d, code %d", g.min, g.max)
		}
	case !withPorts[g.proto]:
		return fmt.Errorf("protocol %q has no ports", g.Protocol)
	case g.PortMin == nil || g.PortMax == nil || g.min < 0 || g.max > 65535 || g.min > g.max:
		return fmt.Errorf("ports %d to %d", g.min, g.max)
	}
	return nil
}

func (g group) isICMP() bool {
	return g.proto == protoICMP && !g.IPv6 || g.proto == protoICMPv6 && g.IPv6
}

func protocol(name string, v6 bool) (int, error) {
	switch name {
	case "":
		return -1, nil
	case "tcp":
		return protoTCP, nil
	case "udp":
		return protoUDP, nil
	case "icmp":
		if v6 { // as Neutron reads it
			return protoICMPv6, nil
		}
		return protoICMP, nil
	case "ipv6-icmp":
		if !v6 {
			return 0, fmt.Errorf("protocol %q in an IPv4 rule", name)
		}
		return protoICMPv6, nil
	}
	n, err := strconv.Atoi(name)
	if err != nil || n < 0 || n > 255 {
		return 0, fmt.Errorf("protocol %q is not known", name)
	}
	return n, nil
}

// compile makes the kernel's rules of one rule: one, or none where the remotes
// are an empty group.
func (g group) compile() []rule {
	kind, addr := etherIPv4, sourceAt(g.IPv6)
	if g.IPv6 {
		kind = etherIPv6
	}
	if !g.Ingress {
		addr = destinationAt(g.IPv6)
	}
	parts := [][]expr.Any{etherType(kind)}
	if g.proto >= 0 {
		parts = append(parts, l4(g.proto))
	}
	switch {
	case g.isICMP():
		if g.min >= 0 {
			parts = append(parts, transport(0, byte(g.min)))
		}
		if g.max >= 0 {
			parts = append(parts, transport(1, byte(g.max)))
		}
	case g.min >= 0:
		parts = append(parts, between(2, 2, g.min, g.max))
	}
	switch {
	case g.Remotes == nil:
		return []rule{when(pass, parts...)}
	case len(g.Remotes) == 1:
		return []rule{when(pass, append(parts, within(expr.PayloadBaseNetworkHeader, addr, g.Remotes[0]))...)}
	}
	return g.inChunks(addr, when(pass, parts...))
}

// chunk is how many spans one message to the kernel can bear.
const chunk = 700

func (g group) inChunks(addr int, r rule) (out []rule) {
	length := 4
	if g.IPv6 {
		length = 16
	}
	r.match = append(r.match, load(expr.PayloadBaseNetworkHeader, addr, length))
	for all := spans(g.Remotes); len(all) > 0; {
		n := min(chunk, len(all))
		r.in, all = all[:n], all[n:]
		out = append(out, r)
	}
	return out
}

// allows tells whether the rule lets a flow begin that has this remote end.
func (g group) allows(ingress bool, proto int, remote netip.Addr, port int) bool {
	if g.Ingress != ingress || g.IPv6 != remote.Is6() || g.proto >= 0 && g.proto != proto {
		return false
	}
	if g.min >= 0 && !g.isICMP() && (port < g.min || port > g.max) {
		return false
	}
	if g.Remotes == nil {
		return true
	}
	for _, p := range g.Remotes {
		if p.Contains(remote) {
			return true
		}
	}
	return false
}
