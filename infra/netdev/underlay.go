package netdev

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Underlay is what lies between the hosts of a cloud. Over it the bridges that
// one network has on them are joined, by VXLAN (RFC 7348) from each host to each
// other. Whoever can send to a host's address in it can send into networks: it
// is for hosts alone.
type Underlay struct {
	Address netip.Addr
	Peers   []netip.Addr // the other hosts'; Address among them is passed over
	// Wire, where the hosts are on one machine, is made between them. Without it
	// Address is one that the host's namespace has.
	Wire *Wire
}

// vxlanPort is IANA's for VXLAN.
const vxlanPort = 4789

// Wire is an underlay between hosts on one machine: a bridge in a namespace of
// its own, and for each host a namespace at the end of a cable to it, in which
// nothing is but the host's address and its tunnels' outer side. So neither
// guests nor programs of the machine come near it. It is there while one of its
// hosts has a port.
type Wire struct {
	Name string // of the namespace; those of its hosts begin so

	mu sync.Mutex
}

// WireOf is the wire between the hosts of a machine that has its first host's
// networks in dir.
func WireOf(dir string) (*Wire, error) {
	i, err := loadInstance(dir)
	if err != nil {
		return nil, err
	}
	return &Wire{Name: strings.ReplaceAll("skylog-"+string(i)+"-wire", "--", "-")}, nil
}

const (
	wireBridge = "wire0"
	wireMTU    = 65535 // so that no packet of a guest is too long with what the tunnel adds
	wireBits   = 24    // of the network that the hosts' addresses are in
)

// space is the namespace of the host with the address.
func (w *Wire) space(a netip.Addr) string {
	return w.Name + "-" + strings.ReplaceAll(a.String(), ".", "-")
}

func (w *Wire) cable(a netip.Addr) cable {
	return cable{to: w.space(a), outer: fmt.Sprintf("host%x", a.AsSlice()), bridge: wireBridge, mtu: wireMTU}
}

// attach makes what there is of the wire for a host.
func (w *Wire) attach(a netip.Addr) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := ensureNamespace(w.Name); err != nil {
		return err
	}
	err := inNamespace(w.Name, func() error {
		br := &netlink.Bridge{LinkAttrs: netlink.NewLinkAttrs()}
		br.Name, br.MTU = wireBridge, wireMTU
		l, err := ensureLink(br)
		if err != nil {
			return err
		}
		if err := errors.Join(quiet(wireBridge), setUp(l, wireMTU)); err != nil {
			return err
		}
		return w.cable(a).ensure()
	})
	if err != nil {
		return err
	}
	return inNamespace(w.space(a), func() error {
		l, err := netlink.LinkByName(inside)
		if err != nil {
			return err
		}
		return netlink.AddrReplace(l, &netlink.Addr{IPNet: &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(wireBits, a.BitLen())}})
	})
}

// detach takes away a host's part, and all of the wire with the last.
func (w *Wire) detach(a netip.Addr) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := inNamespace(w.Name, w.cable(a).remove)
	if errors.Is(err, unix.ENOENT) { // there is no wire
		return removeNamespace(w.space(a))
	}
	if err != nil {
		return err
	}
	var rest []netlink.Link
	err = inNamespace(w.Name, func() error {
		all, err := netlink.LinkList()
		rest = slices.DeleteFunc(all, func(l netlink.Link) bool { return l.Type() != "veth" })
		return err
	})
	if err != nil || len(rest) > 0 {
		return err
	}
	return removeNamespace(w.Name)
}

// tunnelsWork makes a tunnel in a namespace that is thrown away.
func tunnelsWork() error {
	return inNamespace("", func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		u := Underlay{Address: netip.AddrFrom4([4]byte{127, 0, 0, 1})}
		return u.addTunnel(segment{vni: 1})
	})
}

// ensureTunnel joins the network's bridge to those of its other hosts.
func (h *Host) ensureTunnel(s segment) error {
	u := h.opts.Underlay
	if u == nil {
		return nil
	}
	if u.Wire != nil {
		if err := u.Wire.attach(u.Address); err != nil {
			return err
		}
	}
	l, err := netlink.LinkByName(s.tunnel())
	if isNotFound(err) {
		if err = u.addTunnel(s); err == nil {
			l, err = netlink.LinkByName(s.tunnel())
		}
	}
	if err != nil {
		return fmt.Errorf("tunnel %s: %w", s.tunnel(), err)
	}
	if err := quiet(s.tunnel()); err != nil {
		return err
	}
	if err := u.setPeers(s, l.Attrs().Index); err != nil {
		return fmt.Errorf("peers of %s: %w", s.tunnel(), err)
	}
	if err := attach(l, s.bridge()); err != nil {
		return err
	}
	return setUp(l, s.mtu)
}

// addTunnel makes the device in the calling thread's namespace, with its outer
// side in the wire's, where there is one: it stays where it was made.
func (u *Underlay) addTunnel(s segment) error {
	here, err := netns.Get()
	if err != nil {
		return err
	}
	defer func() { _ = here.Close() }()
	add := func() error {
		v := &netlink.Vxlan{LinkAttrs: netlink.NewLinkAttrs(), VxlanId: int(s.vni), SrcAddr: u.Address.AsSlice(), Port: vxlanPort, Learning: true}
		v.Name, v.Namespace = s.tunnel(), netlink.NsFd(here)
		return netlink.LinkAdd(v)
	}
	if u.Wire == nil {
		return add()
	}
	return inNamespace(u.Wire.space(u.Address), add)
}

// nobody is the station for which a tunnel keeps where frames for all go, and
// those for who knows where.
var nobody = net.HardwareAddr{0, 0, 0, 0, 0, 0}

// flood lists the hosts to which the network's tunnel sends those.
func (s segment) flood() ([]netlink.Neigh, error) {
	l, err := netlink.LinkByName(s.tunnel())
	if err != nil {
		return nil, err
	}
	index := l.Attrs().Index
	all, err := netlink.NeighListExecute(netlink.Ndmsg{Family: unix.AF_BRIDGE, Index: uint32(index)})
	return slices.DeleteFunc(all, func(n netlink.Neigh) bool {
		return n.LinkIndex != index || n.IP == nil || n.HardwareAddr.String() != nobody.String()
	}), err
}

// setPeers makes those the underlay's hosts. Where a station is, the tunnel learns
// from what the station sends.
func (u *Underlay) setPeers(s segment, index int) error {
	have, err := s.flood()
	if err != nil {
		return err
	}
	for _, n := range have {
		ip, _ := netip.AddrFromSlice(n.IP)
		if slices.Contains(u.Peers, ip.Unmap()) {
			continue
		}
		if err := netlink.NeighDel(&n); err != nil && !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	for _, peer := range u.Peers {
		if peer == u.Address {
			continue
		}
		err := netlink.NeighAppend(&netlink.Neigh{LinkIndex: index, Family: unix.AF_BRIDGE, Flags: netlink.NTF_SELF,
			State: netlink.NUD_NOARP | netlink.NUD_PERMANENT, HardwareAddr: nobody, IP: peer.AsSlice()})
		if err != nil {
			return fmt.Errorf("%s: %w", peer, err)
		}
	}
	return nil
}

// leaveUnderlay ends the host's part of the underlay with its last port.
func (h *Host) leaveUnderlay(left int) error {
	if u := h.opts.Underlay; left == 0 && u != nil && u.Wire != nil {
		return u.Wire.detach(u.Address)
	}
	return nil
}
