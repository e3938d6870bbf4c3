package filter

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"

	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Numbers of the wire formats.
const (
	etherIPv4, etherARP, etherIPv6 = 0x0800, 0x0806, 0x86dd
	etherRARP                      = 0x8035
	protoICMP, protoTCP, protoUDP  = 1, 6, 17
	protoICMPv6                    = 58
)

// Marks that conntrack's verdict travels in, from inet prerouting to bridge forward.
const (
	markReply uint32 = 1 // belongs to a flow that was let through
	markStray uint32 = 2 // fits no flow: broken, or TCP that isn't a beginning
)

const register = 1

// rule is one line of a chain: if all of match holds and, where in is set, the
// address that match loaded last is in it, then the verdict.
type rule struct {
	match []expr.Any
	in    []span
	then  verdict
}

func when(then verdict, parts ...[]expr.Any) rule {
	var all []expr.Any
	for _, p := range parts {
		all = append(all, p...)
	}
	return rule{match: all, then: then}
}

func load(base expr.PayloadBase, offset, length int) expr.Any {
	return &expr.Payload{DestRegister: register, Base: base, Offset: uint32(offset), Len: uint32(length)}
}

func equal(b []byte) expr.Any    { return &expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: b} }
func notEqual(b []byte) expr.Any { return &expr.Cmp{Op: expr.CmpOpNeq, Register: register, Data: b} }

func masked(mask []byte) expr.Any {
	return &expr.Bitwise{SourceRegister: register, DestRegister: register,
		Len: uint32(len(mask)), Mask: mask, Xor: make([]byte, len(mask))}
}

func be16(v int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(v)) }

// etherType compares the type as it is on the wire: of a tagged frame it is the
// tag's, so that no VLAN slips through as what it carries.
func etherType(t int) []expr.Any {
	return []expr.Any{load(expr.PayloadBaseLLHeader, 12, 2), equal(be16(t))}
}

func sourceMAC(mac net.HardwareAddr) []expr.Any {
	return []expr.Any{load(expr.PayloadBaseLLHeader, 6, 6), equal(mac)}
}

func notForMAC(mac net.HardwareAddr) []expr.Any {
	return []expr.Any{load(expr.PayloadBaseLLHeader, 0, 6), notEqual(mac)}
}

// toOneStation holds for frames that are neither multicast nor broadcast.
func toOneStation() []expr.Any {
	return []expr.Any{load(expr.PayloadBaseLLHeader, 0, 1), masked([]byte{1}), equal([]byte{0})}
}

func l4(proto int) []expr.Any {
	return []expr.Any{&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register}, equal([]byte{byte(proto)})}
}

func transport(offset int, want ...byte) []expr.Any {
	return []expr.Any{load(expr.PayloadBaseTransportHeader, offset, len(want)), equal(want)}
}

func udp(from, to int) []expr.Any {
	return append(l4(protoUDP), transport(0, append(be16(from), be16(to)...)...)...)
}

// between holds for a number of the transport header from low to high.
func between(offset, length, low, high int) []expr.Any {
	from, to := be16(low)[2-length:], be16(high)[2-length:]
	if bytes.Equal(from, to) {
		return transport(offset, from...)
	}
	return []expr.Any{load(expr.PayloadBaseTransportHeader, offset, length),
		&expr.Range{Op: expr.CmpOpEq, Register: register, FromData: from, ToData: to}}
}

func marked(m uint32) []expr.Any {
	return []expr.Any{&expr.Meta{Key: expr.MetaKeyMARK, Register: register}, equal(binaryutil.NativeEndian.PutUint32(m))}
}

// within compares an address at an offset with a prefix of its family.
func within(base expr.PayloadBase, offset int, p netip.Prefix) []expr.Any {
	addr := p.Masked().Addr()
	m := []expr.Any{load(base, offset, addr.BitLen()/8)}
	if !p.IsSingleIP() {
		m = append(m, masked(net.CIDRMask(p.Bits(), addr.BitLen())))
	}
	return append(m, equal(addr.AsSlice()))
}

// Where a packet's addresses are, in its network header.
func sourceAt(v6 bool) (offset int) {
	if v6 {
		return 8
	}
	return 12
}

func destinationAt(v6 bool) (offset int) {
	if v6 {
		return 24
	}
	return 16
}

func from(p netip.Prefix) []expr.Any {
	return within(expr.PayloadBaseNetworkHeader, sourceAt(p.Addr().Is6()), p)
}

func to(p netip.Prefix) []expr.Any {
	return within(expr.PayloadBaseNetworkHeader, destinationAt(p.Addr().Is6()), p)
}

// Devices are compared with the whole name, or with how it begins.
func device(key expr.MetaKey, op expr.CmpOp, prefix string) []expr.Any {
	return []expr.Any{&expr.Meta{Key: key, Register: register},
		&expr.Cmp{Op: op, Register: register, Data: []byte(prefix)}}
}

func ifname(name string) []byte {
	b := make([]byte, unix.IFNAMSIZ)
	copy(b, name)
	return b
}
