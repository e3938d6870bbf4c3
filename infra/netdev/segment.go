package netdev

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"skylog/infra/netdev/filter"
	"skylog/workers/compute"
)

// segment is one network's devices on this host.
type segment struct {
	host string // the namespace of the host's side
	of   filter.Instance
	vni  uint32
	mtu  int
}

func (h *Host) segmentOf(p compute.PortSpec) segment {
	return segment{host: h.opts.Namespace, of: h.instance, vni: p.VNI, mtu: p.MTU}
}

func (s segment) bridge() string { return fmt.Sprintf("%s%06x", s.of.Bridge(), s.vni) }
func (s segment) link() string   { return fmt.Sprintf("%s%06x", s.of.Service(), s.vni) }
func (s segment) tunnel() string { return fmt.Sprintf("%s%06x", s.of.Tunnel(), s.vni) }

// namespace is skylog-<instance>-<vni>, or with the host namespace's name in
// place of skylog.
func (s segment) namespace() string {
	owner := s.host
	if owner == "" {
		owner = "skylog"
	}
	if s.of != "" {
		owner += "-" + string(s.of)
	}
	return fmt.Sprintf("%s-%06x", owner, s.vni)
}

// mac is the same on every host, so that a guest that moves keeps its neighbour.
func (s segment) mac() net.HardwareAddr {
	return slices.Concat(filter.ServiceMAC, []byte{byte(s.vni >> 16), byte(s.vni >> 8), byte(s.vni)})
}

// ensureBridge makes the bridge: no spanning tree, no snooping, no addresses,
// and every packet shown to conntrack whatever the host's sysctl says.
func (s segment) ensureBridge() error {
	no, none := false, uint16(0)
	br := &netlink.Bridge{LinkAttrs: netlink.NewLinkAttrs(), MulticastSnooping: &no, GroupFwdMask: &none}
	br.Name, br.MTU = s.bridge(), s.mtu
	l, err := ensureLink(br)
	if err != nil {
		return err
	}
	if err := quiet(s.bridge()); err != nil {
		return err
	}
	if err := callFilters(l.Attrs().Index); err != nil {
		return fmt.Errorf("bridge %s: %w", s.bridge(), err)
	}
	return setUp(l, s.mtu)
}

// callFilters sets what the netlink library has no field for.
func callFilters(index int) error {
	req := nl.NewNetlinkRequest(unix.RTM_NEWLINK, unix.NLM_F_ACK)
	msg := nl.NewIfInfomsg(unix.AF_UNSPEC)
	msg.Index = int32(index)
	req.AddData(msg)
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("bridge"))
	data := info.AddRtAttr(nl.IFLA_INFO_DATA, nil)
	data.AddRtAttr(nl.IFLA_BR_NF_CALL_IPTABLES, []byte{1})
	data.AddRtAttr(nl.IFLA_BR_NF_CALL_IP6TABLES, []byte{1})
	data.AddRtAttr(nl.IFLA_BR_STP_STATE, nl.Uint32Attr(0))
	req.AddData(info)
	_, err := req.Execute(unix.NETLINK_ROUTE, 0)
	return err
}

// cable joins the network's namespace to the bridge.
func (s segment) cable() cable {
	return cable{to: s.namespace(), outer: s.link(), bridge: s.bridge(), mac: s.mac(), mtu: s.mtu}
}

// remove takes the network off this host.
func (s segment) remove() error {
	return errors.Join(s.cable().remove(), removeLink(s.tunnel()), removeLink(s.bridge()))
}

// ensurePort makes the port's device and joins it to its bridge.
func ensurePort(rec record, s segment, add func(string) error) error {
	l, err := netlink.LinkByName(rec.Tap)
	if isNotFound(err) {
		if err = add(rec.Tap); err == nil {
			l, err = netlink.LinkByName(rec.Tap)
		}
	}
	if err != nil {
		return fmt.Errorf("device %s: %w", rec.Tap, err)
	}
	if err := quiet(rec.Tap); err != nil {
		return err
	}
	if err := attach(l, s.bridge()); err != nil {
		return err
	}
	return setUp(l, rec.Spec.MTU)
}

// addTap makes a tap that stays when nobody has it open.
func addTap(name string) error {
	tap := &netlink.Tuntap{LinkAttrs: netlink.NewLinkAttrs(), Mode: netlink.TUNTAP_MODE_TAP, Flags: netlink.TUNTAP_NO_PI | netlink.TUNTAP_ONE_QUEUE}
	tap.Name = name
	err := netlink.LinkAdd(tap)
	for _, f := range tap.Fds {
		_ = f.Close()
	}
	return err
}

// ensureLink makes the link unless one of that name is there.
func ensureLink(want netlink.Link) (netlink.Link, error) {
	name := want.Attrs().Name
	l, err := netlink.LinkByName(name)
	if isNotFound(err) {
		if err := netlink.LinkAdd(want); err != nil {
			return nil, fmt.Errorf("make %s %s: %w", want.Type(), name, err)
		}
		l, err = netlink.LinkByName(name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", want.Type(), name, err)
	}
	return l, nil
}

func attach(l netlink.Link, bridge string) error {
	br, err := netlink.LinkByName(bridge)
	if err == nil && l.Attrs().MasterIndex != br.Attrs().Index {
		err = netlink.LinkSetMaster(l, br)
	}
	if err != nil {
		return fmt.Errorf("join %s to %s: %w", l.Attrs().Name, bridge, err)
	}
	return nil
}

func setUp(l netlink.Link, mtu int) error {
	a := l.Attrs()
	if a.MTU != mtu {
		if err := netlink.LinkSetMTU(l, mtu); err != nil {
			return fmt.Errorf("MTU %d of %s: %w", mtu, a.Name, err)
		}
	}
	if a.Flags&net.FlagUp == 0 {
		if err := netlink.LinkSetUp(l); err != nil {
			return fmt.Errorf("bring up %s: %w", a.Name, err)
		}
	}
	return nil
}

func removeLink(name string) error {
	l, err := netlink.LinkByName(name)
	if err == nil {
		err = netlink.LinkDel(l)
	}
	if err == nil || isNotFound(err) || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return fmt.Errorf("remove %s: %w", name, err)
}

// quiet keeps the kernel from speaking on a device for itself: no IPv6, no
// forwarding between networks, no answers to ARP but for addresses of the device.
func quiet(name string) error {
	settings := map[string]string{"ipv6/conf/%s/disable_ipv6": "1", "ipv4/conf/%s/forwarding": "0"}
	if name != inside {
		settings["ipv4/conf/%s/arp_ignore"] = "8"
	}
	for path, value := range settings {
		file := filepath.Join("/proc/sys/net", fmt.Sprintf(path, name))
		if err := os.WriteFile(file, []byte(value), 0); err != nil && !os.IsNotExist(err) { // a kernel without IPv6
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func isNotFound(err error) bool {
	var missing netlink.LinkNotFoundError
	return errors.As(err, &missing)
}

// vni tells the port's network; where its file could not be read, by the bridge it is on.
func (r record) vni(of filter.Instance) (uint32, error) {
	if r.Spec.VNI != 0 {
		return r.Spec.VNI, nil
	}
	l, err := netlink.LinkByName(r.Tap)
	if isNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("device %s: %w", r.Tap, err)
	}
	br, err := netlink.LinkByIndex(l.Attrs().MasterIndex)
	if err != nil {
		return 0, nil // on no bridge: there is nothing else to remove
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(br.Attrs().Name, of.Bridge()), 16, 24)
	if err != nil {
		return 0, nil
	}
	return uint32(n), nil
}
