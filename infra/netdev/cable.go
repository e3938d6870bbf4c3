package netdev

import (
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// inside is the name of the only device within a namespace at a cable's end.
const inside = "eth0"

// cable joins a namespace of its own to a bridge, by a pair of devices.
type cable struct {
	to            string // the namespace
	outer, bridge string
	mac           net.HardwareAddr // of the device inside; nil: any
	mtu           int
}

// ensure makes the namespace and the devices as far as they aren't there; the
// calling thread is where the bridge is.
func (c cable) ensure() error {
	if err := ensureNamespace(c.to); err != nil {
		return err
	}
	ns, err := netns.GetFromName(c.to)
	if err != nil {
		return fmt.Errorf("network namespace %s: %w", c.to, err)
	}
	defer func() { _ = ns.Close() }()
	if err := c.dropHalf(); err != nil {
		return err
	}
	veth := &netlink.Veth{LinkAttrs: netlink.NewLinkAttrs(), PeerName: inside, PeerHardwareAddr: c.mac, PeerNamespace: netlink.NsFd(ns)}
	veth.Name, veth.MTU = c.outer, c.mtu
	l, err := ensureLink(veth)
	if err != nil {
		return err
	}
	if err := quiet(c.outer); err != nil {
		return err
	}
	if err := attach(l, c.bridge); err != nil {
		return err
	}
	if err := setUp(l, c.mtu); err != nil {
		return err
	}
	return inNamespace(c.to, c.setUpInside)
}

// dropHalf removes a pair of which one end isn't where it belongs.
func (c cable) dropHalf() error {
	_, outer := netlink.LinkByName(c.outer)
	inner := inNamespace(c.to, func() error {
		_, err := netlink.LinkByName(inside)
		return err
	})
	if outer == nil && inner == nil {
		return nil
	}
	return errors.Join(removeLink(c.outer), inNamespace(c.to, func() error { return removeLink(inside) }))
}

func (c cable) setUpInside() error {
	if err := quiet(inside); err != nil {
		return err
	}
	for name, mtu := range map[string]int{"lo": 65536, inside: c.mtu} {
		l, err := netlink.LinkByName(name)
		if err != nil {
			return fmt.Errorf("%s in %s: %w", name, c.to, err)
		}
		if err := setUp(l, mtu); err != nil {
			return err
		}
	}
	return nil
}

// remove takes away the devices, and then the namespace.
func (c cable) remove() error { return errors.Join(removeLink(c.outer), removeNamespace(c.to)) }
