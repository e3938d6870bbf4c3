package network

import (
	"net"
	"net/netip"
)

// AutoAddress is the address that a MAC leads to in a subnet of 64 bits: the
// modified EUI-64 of RFC 4291, appendix A.
func AutoAddress(subnet netip.Prefix, mac string) (netip.Addr, bool) {
	hw, err := net.ParseMAC(mac)
	if err != nil || len(hw) != 6 || subnet.Bits() != 64 || !subnet.Addr().Is6() {
		return netip.Addr{}, false
	}
	a := subnet.Masked().Addr().As16()
	copy(a[8:], []byte{hw[0] ^ 2, hw[1], hw[2], 0xff, 0xfe, hw[3], hw[4], hw[5]})
	return netip.AddrFrom16(a), true
}
