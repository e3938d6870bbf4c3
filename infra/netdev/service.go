package netdev

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"

	"github.com/insomniacslk/dhcp/dhcpv4/server4"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"skylog/infra/netdev/dhcp"
	"skylog/infra/netdev/metadata"
	"skylog/workers/compute"
)

// metadataAddr is where the guests of every network find what is told of them.
var metadataAddr = netip.MustParseAddr("169.254.169.254")

// service is what answers the guests of one network. Its sockets live in the
// network's namespace, so it can't be reached by, nor reach, another's guests.
type service struct {
	dhcp     *dhcp.Server
	metadata *metadata.Server
	home     home
}

// home tells one namespace and device from another of the same names: sockets
// in one that was taken away would wait for ever.
type home struct {
	namespace uint64
	device    int
}

func homeOf(namespace string) (home, error) {
	var st unix.Stat_t
	if err := unix.Stat(filepath.Join(namespaceDir, namespace), &st); err != nil {
		return home{}, err
	}
	dev, err := netlink.LinkByName(inside)
	if err != nil {
		return home{}, err
	}
	return home{st.Ino, dev.Attrs().Index}, nil
}

func (s *service) close() { _ = errors.Join(s.dhcp.Close(), s.metadata.Close()) }

// plan is what a network's services need to know: a fold of its ports.
type plan struct {
	addresses  map[netip.Prefix]bool // of the namespace's device
	onLink     map[netip.Prefix]bool // subnets in which it has no address
	neighbours map[netip.Addr]record // so that nobody can take over a guest's answers
	leases     map[string]dhcp.Lease // by MAC
	guests     map[netip.Addr]compute.Metadata
}

func planFor(vni uint32, ports map[string]record) plan {
	p := plan{
		addresses:  map[netip.Prefix]bool{netip.PrefixFrom(metadataAddr, 32): true},
		onLink:     map[netip.Prefix]bool{},
		neighbours: map[netip.Addr]record{}, leases: map[string]dhcp.Lease{}, guests: map[netip.Addr]compute.Metadata{},
	}
	for _, r := range ports {
		if r.Spec.VNI == vni {
			p.add(r)
		}
	}
	return p
}

func (p plan) add(r record) {
	for _, ip := range r.Spec.FixedIPs {
		if !ip.Address.Is4() {
			continue
		}
		server := serviceAddr(ip)
		if ip.Subnet.Contains(server) {
			p.addresses[netip.PrefixFrom(server, ip.Subnet.Bits())] = true
		} else {
			p.onLink[ip.Subnet.Masked()] = true
		}
		p.neighbours[ip.Address] = r
		if r.Spec.Metadata != nil {
			p.guests[ip.Address] = *r.Spec.Metadata
		}
		if mac := r.hardware().String(); ip.DHCP && !p.leases[mac].Address.IsValid() {
			p.leases[mac] = lease(r.Spec, ip, server)
		}
	}
}

// serviceAddr is the network's DHCP port, else the gateway, else the metadata
// address, which is on every guest's link.
func serviceAddr(ip compute.FixedIP) netip.Addr {
	for _, a := range []netip.Addr{ip.ServiceAddr, ip.Gateway} {
		if a.Is4() && ip.Subnet.Contains(a) && a != ip.Address {
			return a
		}
	}
	return metadataAddr
}

func lease(p compute.PortSpec, ip compute.FixedIP, server netip.Addr) dhcp.Lease {
	l := dhcp.Lease{Address: ip.Address, Subnet: ip.Subnet, Server: server, DNS: ip.DNS, MTU: p.MTU}
	if ip.Gateway.Is4() {
		l.Gateway = ip.Gateway
	}
	for _, r := range ip.HostRoutes {
		l.Routes = append(l.Routes, dhcp.Route(r))
	}
	if p.Metadata != nil {
		l.Hostname = p.Metadata.Hostname
	}
	return l
}

func (h *Host) serve(s segment) error { return h.serveAll(s, h.ports) }

// serveAll brings a network's namespace and services to what its ports say.
func (h *Host) serveAll(s segment, ports map[string]record) error {
	p := planFor(s.vni, ports)
	err := inNamespace(s.namespace(), func() error {
		if err := p.apply(); err != nil {
			return err
		}
		return h.ensureService(s)
	})
	if err != nil {
		return fmt.Errorf("services of network %06x: %w", s.vni, err)
	}
	h.services[s.vni].dhcp.SetLeases(p.leases)
	h.services[s.vni].metadata.SetGuests(p.guests)
	return nil
}

// ensureService opens the services unless they are open here.
func (h *Host) ensureService(s segment) error {
	at, err := homeOf(s.namespace())
	if err != nil {
		return err
	}
	if old := h.services[s.vni]; old != nil {
		if old.home == at {
			return nil
		}
		old.close()
		delete(h.services, s.vni)
	}
	opened, err := h.open()
	if err != nil {
		return err
	}
	opened.home = at
	h.services[s.vni] = opened
	return nil
}

// open makes the sockets; it must be called in the network's namespace.
func (h *Host) open() (*service, error) {
	conn, err := server4.NewIPv4UDPConn(inside, &net.UDPAddr{IP: net.IPv4zero, Port: 67})
	if err != nil {
		return nil, fmt.Errorf("dhcp: %w", err)
	}
	l, err := net.Listen("tcp4", netip.AddrPortFrom(metadataAddr, 80).String())
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("metadata: %w", err)
	}
	return &service{dhcp: dhcp.Serve(conn, h.log), metadata: metadata.Serve(l, h.log)}, nil
}

// apply sets addresses, routes and neighbours of the namespace's device.
func (p plan) apply() error {
	dev, err := netlink.LinkByName(inside)
	if err != nil {
		return err
	}
	if err := p.applyAddresses(dev); err != nil {
		return err
	}
	for subnet := range p.onLink {
		r := &netlink.Route{LinkIndex: dev.Attrs().Index, Scope: netlink.SCOPE_LINK, Src: metadataAddr.AsSlice(), Dst: netlink.NewIPNet(subnet.Addr().AsSlice())}
		r.Dst.Mask = net.CIDRMask(subnet.Bits(), 32)
		if err := netlink.RouteReplace(r); err != nil {
			return fmt.Errorf("route to %s: %w", subnet, err)
		}
	}
	return p.applyNeighbours(dev)
}

func (p plan) applyAddresses(dev netlink.Link) error {
	have, err := netlink.AddrList(dev, netlink.FAMILY_V4)
	if err != nil {
		return err
	}
	for _, a := range have { // first those that go: the kernel may take others along
		ip, _ := netip.AddrFromSlice(a.IP)
		ones, _ := a.Mask.Size()
		if p.addresses[netip.PrefixFrom(ip.Unmap(), ones)] {
			continue
		}
		if err := netlink.AddrDel(dev, &a); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return fmt.Errorf("address %s: %w", a.IPNet, err)
		}
	}
	for a := range p.addresses {
		addr := &netlink.Addr{IPNet: &net.IPNet{IP: a.Addr().AsSlice(), Mask: net.CIDRMask(a.Bits(), 32)}}
		if err := netlink.AddrReplace(dev, addr); err != nil {
			return fmt.Errorf("address %s: %w", a, err)
		}
	}
	return nil
}

// applyNeighbours pins the guests' MACs: DHCP can answer those who have no
// address yet, and an answer of metadata goes to no forger of an address.
func (p plan) applyNeighbours(dev netlink.Link) error {
	have, err := netlink.NeighList(dev.Attrs().Index, netlink.FAMILY_V4)
	if err != nil {
		return err
	}
	for _, n := range have {
		ip, _ := netip.AddrFromSlice(n.IP)
		if _, ok := p.neighbours[ip.Unmap()]; !ok && n.State&netlink.NUD_PERMANENT != 0 {
			if err := netlink.NeighDel(&n); err != nil && !errors.Is(err, unix.ENOENT) {
				return fmt.Errorf("neighbour %s: %w", ip, err)
			}
		}
	}
	for ip, r := range p.neighbours {
		n := &netlink.Neigh{LinkIndex: dev.Attrs().Index, Family: netlink.FAMILY_V4, State: netlink.NUD_PERMANENT, IP: ip.AsSlice(), HardwareAddr: r.hardware()}
		if err := netlink.NeighSet(n); err != nil {
			return fmt.Errorf("neighbour %s: %w", ip, err)
		}
	}
	return nil
}
