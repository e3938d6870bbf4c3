// Package dhcp answers the DHCPv4 requests of one tenant network: every known
// MAC gets its port's fixed address and nothing else, unknown ones get silence.
// It hands out no pool and keeps no state, so that any number of restarts
// change no guest's address.
package dhcp

import (
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"
)

// leaseTime is long: the address is the port's as long as the port lives.
const leaseTime = 24 * time.Hour

// metadataAddr is where guests ask about themselves; option 121 leads there.
var metadataAddr = netip.MustParseAddr("169.254.169.254")

// Lease is all that a guest is told.
type Lease struct {
	Address netip.Addr
	Subnet  netip.Prefix
	// Server is the address that answers. When it lies outside Subnet, the way to
	// metadata is the link itself.
	Server   netip.Addr
	Gateway  netip.Addr // zero: none
	DNS      []netip.Addr
	Routes   []Route
	MTU      int
	Hostname string
}

// Route is one static route.
type Route struct {
	Destination netip.Prefix
	NextHop     netip.Addr
}

// Reply decides what req is answered from the lease of its sender; nil is silence.
func Reply(req *dhcpv4.DHCPv4, l Lease) (*dhcpv4.DHCPv4, error) {
	if req.OpCode != dhcpv4.OpcodeBootRequest || req.HWType != iana.HWTypeEthernet || !isZero(req.GatewayIPAddr) {
		return nil, nil // a relay has no business on a tenant network
	}
	switch req.MessageType() {
	case dhcpv4.MessageTypeDiscover:
		return grant(req, l, dhcpv4.MessageTypeOffer)
	case dhcpv4.MessageTypeInform:
		if !same(req.ClientIPAddr, l.Address) {
			return nil, nil
		}
		return inform(req, l)
	case dhcpv4.MessageTypeRequest:
		return request(req, l)
	}
	return nil, nil // RELEASE and DECLINE: the address stays the port's
}

// request tells apart, as RFC 2131 4.3.2 does, the choice of an offer, the
// reboot with a remembered address, and the renewal.
func request(req *dhcpv4.DHCPv4, l Lease) (*dhcpv4.DHCPv4, error) {
	if id := req.ServerIdentifier(); id != nil && !same(id, l.Server) {
		return nil, nil // chose another server
	}
	asked := req.RequestedIPAddress()
	if isZero(asked) {
		asked = req.ClientIPAddr
	}
	if !same(asked, l.Address) {
		return dhcpv4.NewReplyFromRequest(req,
			dhcpv4.WithMessageType(dhcpv4.MessageTypeNak),
			dhcpv4.WithOption(dhcpv4.OptServerIdentifier(l.Server.AsSlice())),
			dhcpv4.WithOption(dhcpv4.OptMessage("this address is not yours")))
	}
	return grant(req, l, dhcpv4.MessageTypeAck)
}

func grant(req *dhcpv4.DHCPv4, l Lease, kind dhcpv4.MessageType) (*dhcpv4.DHCPv4, error) {
	return dhcpv4.NewReplyFromRequest(req, settings(l, kind),
		dhcpv4.WithYourIP(l.Address.AsSlice()),
		dhcpv4.WithOption(dhcpv4.OptIPAddressLeaseTime(leaseTime)),
		dhcpv4.WithOption(dhcpv4.OptRenewTimeValue(leaseTime/2)),
		dhcpv4.WithOption(dhcpv4.OptRebindingTimeValue(leaseTime*7/8)))
}

func inform(req *dhcpv4.DHCPv4, l Lease) (*dhcpv4.DHCPv4, error) {
	return dhcpv4.NewReplyFromRequest(req, settings(l, dhcpv4.MessageTypeAck))
}

// settings adds what is told beside the address.
func settings(l Lease, kind dhcpv4.MessageType) dhcpv4.Modifier {
	return func(d *dhcpv4.DHCPv4) {
		d.ServerIPAddr = l.Server.AsSlice()
		d.UpdateOption(dhcpv4.OptMessageType(kind))
		d.UpdateOption(dhcpv4.OptServerIdentifier(l.Server.AsSlice()))
		d.UpdateOption(dhcpv4.OptSubnetMask(net.CIDRMask(l.Subnet.Bits(), 32)))
		d.UpdateOption(dhcpv4.OptBroadcastAddress(broadcast(l.Subnet)))
		d.UpdateOption(dhcpv4.OptClasslessStaticRoute(routes(l)...))
		if l.Gateway.IsValid() {
			d.UpdateOption(dhcpv4.OptRouter(l.Gateway.AsSlice()))
		}
		if len(l.DNS) > 0 {
			d.UpdateOption(dhcpv4.OptDNS(ips(l.DNS)...))
		}
		if l.MTU > 0 {
			d.UpdateOption(dhcpv4.OptGeneric(dhcpv4.OptionInterfaceMTU, dhcpv4.Uint16(l.MTU).ToBytes()))
		}
		if host, _, _ := strings.Cut(l.Hostname, "."); host != "" && len(host) < 64 {
			d.UpdateOption(dhcpv4.OptHostName(host))
		}
	}
}

// routes is option 121. Clients that take it ignore the router option, so the
// default route stands here too.
func routes(l Lease) []*dhcpv4.Route {
	via := l.Server
	if !l.Subnet.Contains(via) {
		via = netip.IPv4Unspecified() // on the link
	}
	out := []*dhcpv4.Route{route(netip.PrefixFrom(metadataAddr, 32), via)}
	for _, r := range l.Routes {
		if r.Destination.Addr().Is4() && r.NextHop.Is4() {
			out = append(out, route(r.Destination.Masked(), r.NextHop))
		}
	}
	if l.Gateway.IsValid() {
		out = append(out, route(netip.PrefixFrom(netip.IPv4Unspecified(), 0), l.Gateway))
	}
	return out
}

func route(dst netip.Prefix, via netip.Addr) *dhcpv4.Route {
	return &dhcpv4.Route{
		Dest:   &net.IPNet{IP: dst.Addr().AsSlice(), Mask: net.CIDRMask(dst.Bits(), 32)},
		Router: via.AsSlice(),
	}
}

func broadcast(p netip.Prefix) net.IP {
	ip := net.IP(p.Masked().Addr().AsSlice())
	for i, m := range net.CIDRMask(p.Bits(), 32) {
		ip[i] |= ^m
	}
	return ip
}

func ips(addrs []netip.Addr) (out []net.IP) {
	for _, a := range addrs {
		if a.Is4() {
			out = append(out, a.AsSlice())
		}
	}
	return out
}

func isZero(ip net.IP) bool { return len(ip) == 0 || ip.IsUnspecified() }

func same(ip net.IP, a netip.Addr) bool {
	got, ok := netip.AddrFromSlice(ip)
	return ok && got.Unmap() == a
}
