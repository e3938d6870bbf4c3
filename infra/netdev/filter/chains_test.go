package filter

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"skylog/workers/compute"
)

func num(i int) *int { return &i }

func prefixes(ss ...string) (out []netip.Prefix) {
	out = []netip.Prefix{}
	for _, s := range ss {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func secured(rules ...compute.Rule) compute.PortSpec {
	return compute.PortSpec{ID: "p", MAC: "fa:16:3e:00:00:01", AdminUp: true, PortSecurity: true, Rules: rules,
		FixedIPs: []compute.FixedIP{{Address: netip.MustParseAddr("10.0.0.5"), Subnet: netip.MustParsePrefix("10.0.0.0/24")}}}
}

// me receives in these; the evaluator's frames are sent to 02:…:02.
func receiving(rules ...compute.Rule) []rule {
	p := secured(rules...)
	p.MAC = "02:00:00:00:00:02"
	c, err := compile(p)
	if err != nil {
		panic(err)
	}
	return c.to
}

func TestRulesLetInWhatTheySayAndNothingElse(t *testing.T) {
	web := compute.Rule{Ingress: true, Protocol: "tcp", PortMin: num(80), PortMax: num(90), Remotes: prefixes("10.1.0.0/16", "10.1.2.0/24", "192.0.2.1/32")}
	ping := compute.Rule{Ingress: true, Protocol: "icmp", PortMin: num(8), PortMax: num(0)}
	six := compute.Rule{Ingress: true, IPv6: true, Protocol: "udp", PortMin: num(53), PortMax: num(53), Remotes: prefixes("fd00::/8")}
	nobody := compute.Rule{Ingress: true, Protocol: "udp", Remotes: prefixes()}
	egress := compute.Rule{Protocol: "47"}
	rules := receiving(web, ping, six, nobody, egress)
	for name, c := range map[string]struct {
		f    frame
		want verdict
	}{
		"first port of the range":       {packet("10.1.2.3", "10.0.0.5", protoTCP, 1, 80), pass},
		"last port of the range":        {packet("192.0.2.1", "10.0.0.5", protoTCP, 1, 90), pass},
		"below the range":               {packet("10.1.2.3", "10.0.0.5", protoTCP, 80, 79), drop},
		"above the range":               {packet("10.1.2.3", "10.0.0.5", protoTCP, 80, 91), drop},
		"other protocol":                {packet("10.1.2.3", "10.0.0.5", protoUDP, 1, 80), drop},
		"other remote":                  {packet("10.2.0.1", "10.0.0.5", protoTCP, 1, 80), drop},
		"next to a single remote":       {packet("192.0.2.2", "10.0.0.5", protoTCP, 1, 80), drop},
		"ping":                          {packet("8.8.8.8", "10.0.0.5", protoICMP, 8, 0), pass},
		"redirect":                      {packet("8.8.8.8", "10.0.0.5", protoICMP, 5, 0), drop},
		"ping of another code":          {packet("8.8.8.8", "10.0.0.5", protoICMP, 8, 1), drop},
		"IPv6 remote":                   {packet("fd12::1", "fd00::1", protoUDP, 9, 53), pass},
		"IPv6 stranger":                 {packet("2001:db8::1", "fd00::1", protoUDP, 9, 53), drop},
		"an empty group is nobody":      {packet("10.1.2.3", "10.0.0.5", protoUDP, 9, 9), drop},
		"an egress rule lets nobody in": {packet("10.1.2.3", "10.0.0.5", 47, 0, 0), drop},
		"DHCP answer":                   {packet("10.0.0.2", "10.0.0.5", protoUDP, 67, 68), pass},
		"neighbour solicitation":        {packet("fe80::1", "fe80::2", protoICMPv6, 135, 0), pass},
	} {
		if got := evaluate(rules, c.f); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	reply := packet("10.9.9.9", "10.0.0.5", protoTCP, 443, 40000)
	reply.mark = markReply
	stray := packet("10.1.2.3", "10.0.0.5", protoTCP, 1, 80)
	stray.mark = markStray
	if evaluate(rules, reply) != pass || evaluate(rules, stray) != drop {
		t.Error("a reply must pass and a stray must not, whatever the rules")
	}
	others := packet("10.9.9.9", "10.0.0.6", protoTCP, 443, 40000)
	others.mark, others.bytes[5] = markReply, 7
	if evaluate(rules, others) != drop {
		t.Error("a frame flooded for another station came in")
	}
}

func TestARuleAndItsKernelFormAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := compute.Rule{Ingress: rapid.Bool().Draw(t, "ingress"), Protocol: rapid.SampledFrom([]string{"", "tcp", "udp", "47"}).Draw(t, "protocol")}
		if r.Protocol == "tcp" || r.Protocol == "udp" {
			low := rapid.IntRange(0, 10).Draw(t, "low")
			r.PortMin, r.PortMax = num(low), num(low+rapid.IntRange(0, 5).Draw(t, "more"))
		}
		for range rapid.IntRange(0, 4).Draw(t, "remotes") {
			a := netip.AddrFrom4([4]byte{10, 0, 0, byte(rapid.IntRange(0, 255).Draw(t, "byte"))})
			r.Remotes = append(r.Remotes, netip.PrefixFrom(a, rapid.IntRange(24, 32).Draw(t, "bits")))
		}
		g, err := checkRule(r)
		if err != nil {
			t.Fatal(err)
		}
		remote := fmt.Sprintf("10.0.0.%d", rapid.IntRange(0, 255).Draw(t, "remote"))
		proto := rapid.SampledFrom([]int{protoTCP, protoUDP, 47}).Draw(t, "proto")
		port := rapid.IntRange(0, 16).Draw(t, "port")
		f := packet(remote, "10.9.9.9", proto, 99, port)
		if !r.Ingress {
			f = packet("10.9.9.9", remote, proto, 99, port)
		}
		kernel := evaluate(append(g.compile(), when(drop)), f) == pass
		if ours := g.allows(r.Ingress, proto, netip.MustParseAddr(remote), port); ours != kernel {
			t.Fatalf("%+v: conntrack's form says %v, the kernel's %v", r, ours, kernel)
		}
	})
}

func TestAPortBeyondItsLimitsIsRefused(t *testing.T) {
	many := compute.Rule{Ingress: true}
	for i := range MaxRemotes + 1 {
		many.Remotes = append(many.Remotes, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32))
	}
	full := many
	full.Remotes = full.Remotes[:MaxRemotes]
	group := secured()
	for range MaxSenders {
		group.AllowedPairs = append(group.AllowedPairs, compute.AddressPair{Address: netip.MustParsePrefix("10.0.0.0/24")})
	}
	noMAC, multicast, pair := secured(), secured(), secured()
	noMAC.MAC, multicast.MAC = "", "01:00:5e:00:00:01"
	pair.AllowedPairs = []compute.AddressPair{{MAC: "nonsense", Address: netip.MustParsePrefix("10.0.0.0/24")}}
	for name, p := range map[string]compute.PortSpec{
		"remotes of one rule": secured(many), "remotes of all rules": secured(full, full, full, full, full, full),
		"rules": secured(make([]compute.Rule, MaxRules+1)...), "senders": group,
		"no MAC": noMAC, "multicast MAC": multicast, "pair's MAC": pair,
	} {
		if err := Check(p); !errors.Is(err, ErrBadPort) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Check(secured(full)); err != nil {
		t.Errorf("as many as can be: %v", err)
	}
}
