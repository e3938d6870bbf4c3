package filter

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
)

// frame is a packet as the kernel would show it to the rules.
type frame struct {
	bytes []byte // Ethernet, IP without options, transport
	proto int
	mark  uint32
}

// packet makes a frame; a and b are ports, or ICMP type and code.
func packet(src, dst string, proto int, a, b int) frame {
	s, d := netip.MustParseAddr(src), netip.MustParseAddr(dst)
	kind, head := etherIPv4, make([]byte, 20)
	if s.Is6() {
		kind, head = etherIPv6, make([]byte, 40)
	}
	copy(head[sourceAt(s.Is6()):], s.AsSlice())
	copy(head[destinationAt(s.Is6()):], d.AsSlice())
	l4 := append(be16(a), be16(b)...)
	if proto == protoICMP || proto == protoICMPv6 {
		l4 = []byte{byte(a), byte(b), 0, 0}
	}
	eth := append([]byte{2, 0, 0, 0, 0, 2, 0xfa, 0x16, 0x3e, 0, 0, 1}, be16(kind)...)
	return frame{bytes: bytes.Join([][]byte{eth, head, l4, make([]byte, 64)}, nil), proto: proto}
}

func (f frame) at(base expr.PayloadBase) []byte {
	switch base {
	case expr.PayloadBaseLLHeader:
		return f.bytes
	case expr.PayloadBaseNetworkHeader:
		return f.bytes[14:]
	}
	if binary.BigEndian.Uint16(f.bytes[12:]) == etherIPv6 {
		return f.bytes[54:]
	}
	return f.bytes[34:]
}

// evaluate is what the kernel does with a chain: the first rule that matches decides.
func evaluate(rules []rule, f frame) verdict {
	for _, r := range rules {
		if r.matches(f) {
			return r.then
		}
	}
	return pass
}

func (r rule) matches(f frame) bool {
	var reg []byte
	for _, e := range r.match {
		switch e := e.(type) {
		case *expr.Payload:
			reg = slices.Clone(f.at(e.Base)[e.Offset : e.Offset+e.Len])
		case *expr.Meta:
			reg = binaryutil.NativeEndian.PutUint32(f.mark)
			if e.Key == expr.MetaKeyL4PROTO {
				reg = []byte{byte(f.proto)}
			}
		case *expr.Bitwise:
			for i := range reg {
				reg[i] = reg[i]&e.Mask[i] ^ e.Xor[i]
			}
		case *expr.Cmp:
			if bytes.Equal(reg, e.Data) != (e.Op == expr.CmpOpEq) {
				return false
			}
		case *expr.Range:
			if bytes.Compare(reg, e.FromData) < 0 || bytes.Compare(reg, e.ToData) > 0 {
				return false
			}
		default:
			panic(fmt.Sprintf("%T", e))
		}
	}
	a, _ := netip.AddrFromSlice(reg)
	return r.in == nil || slices.ContainsFunc(r.in, func(s span) bool { return !a.Less(s.first) && !s.last.Less(a) })
}
