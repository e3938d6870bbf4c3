package filter

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Forget ends the flows of the port that its present rules would no longer let
// begin. With gone it ends all of them.
func Forget(p Port, gone bool) error {
	groups, err := checkRules(p.Spec.Rules)
	if err != nil {
		return err
	}
	f := &flows{zone: p.Zone, groups: groups, all: gone || !p.Spec.AdminUp, own: map[netip.Addr]bool{}}
	families := map[netlink.InetFamily]bool{}
	for _, ip := range p.Spec.FixedIPs {
		f.own[ip.Address] = true
		families[familyOf(ip.Address)] = true
	}
	if !p.Spec.PortSecurity && !f.all {
		return nil
	}
	var errs []error
	for family := range families {
		_, err := netlink.ConntrackDeleteFilters(netlink.ConntrackTable, family, f)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("conntrack: %w", err)
	}
	return nil
}

func familyOf(a netip.Addr) netlink.InetFamily {
	if a.Is6() {
		return unix.AF_INET6
	}
	return unix.AF_INET
}

// flows picks the flows to be ended.
type flows struct {
	zone   uint16
	own    map[netip.Addr]bool
	groups []group
	all    bool
}

// MatchConntrackFlow is asked for each flow of the host.
func (f *flows) MatchConntrackFlow(flow *netlink.ConntrackFlow) bool {
	src, _ := netip.AddrFromSlice(flow.Forward.SrcIP)
	dst, _ := netip.AddrFromSlice(flow.Forward.DstIP)
	src, dst = src.Unmap(), dst.Unmap()
	if flow.Zone != f.zone || !f.own[src] && !f.own[dst] {
		return false
	}
	if f.all {
		return true
	}
	proto, port := int(flow.Forward.Protocol), int(flow.Forward.DstPort)
	if f.own[src] && !f.always(proto, dst, port) && !f.allowed(false, proto, dst, port) {
		return true
	}
	return f.own[dst] && !f.allowed(true, proto, src, port)
}

// always holds for what a port may begin without any rule.
func (f *flows) always(proto int, dst netip.Addr, port int) bool {
	return proto == protoTCP && port == 80 && dst == netip.AddrFrom4([4]byte{169, 254, 169, 254}) ||
		proto == protoUDP && (port == 67 || port == 547) || proto == protoICMPv6
}

func (f *flows) allowed(ingress bool, proto int, remote netip.Addr, port int) bool {
	for _, g := range f.groups {
		if g.allows(ingress, proto, remote, port) {
			return true
		}
	}
	return ingress && proto == protoUDP && (port == 68 || port == 546)
}
