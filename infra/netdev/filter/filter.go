// Package filter keeps the tenants' packets apart on one host: what a port may
// send as, and what its security groups let through, as nftables rules that are
// replaced in one transaction.
//
// A packet between two ports of a bridge meets, in this order:
//
//	bridge prerouting   guard-<tap>  is the sender who it says it is?
//	inet   prerouting   br_netfilter hands the packet up: conntrack, in the
//	                    network's own zone, marks replies and strays
//	bridge forward      from-<tap>   may this port send this?
//	                    to-<tap>     may that port receive it?
//
// The bridge family has no conntrack on many kernels, hence the detour of the
// mark. What comes over a tunnel from another host was guarded there, and met that
// host's from-<tap>; here it meets to-<tap>. DHCP and metadata stay on their host.
// Everything is closed by default: a tap that is not known to the table is
// dropped, and a port's chains end in drop.
//
// A flow that a changed rule no longer allows is ended by deleting its conntrack
// entry (Forget); TCP is not picked up in midstream, so it stays ended.
package filter

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"skylog/workers/compute"
)

// Instance is the part of all names by which the clouds of one machine differ:
// nothing, or InstanceLen small letters and digits. The rules of one instance
// leave the devices of another alone.
type Instance string

// InstanceLen leaves room for eight letters more in the name of a device.
const InstanceLen = 4

// Check tells whether it may be a part of names.
func (i Instance) Check() error {
	odd := strings.Trim(string(i), "abcdefghijklmnopqrstuvwxyz0123456789")
	if len(i) != 0 && len(i) != InstanceLen || odd != "" {
		return fmt.Errorf("%q is no instance", string(i))
	}
	return nil
}

// Tap begins the names of an instance's taps; the rules rely on it.
func (i Instance) Tap() string { return "skt" + string(i) }

// Bridge begins those of its bridges.
func (i Instance) Bridge() string { return "skb" + string(i) }

// Service begins those of the host's ends of the links to networks' DHCP and metadata.
func (i Instance) Service() string { return "skv" + string(i) }

// Tunnel begins those of its bridges' links to other hosts.
func (i Instance) Tunnel() string { return "skx" + string(i) }

// ServiceMAC begins the MACs of networks' DHCP and metadata: of each network's
// the same on every host.
var ServiceMAC = []byte{0x02, 0x53, 0x4b}

// tables begin so, and end with the instance.
const tables = "skylog"

func (i Instance) table() string { return tables + string(i) }

// What one port may ask for. Beyond it the whole port is refused.
const (
	MaxRules   = 2_000
	MaxRemotes = 10_000 // of one rule
	MaxSenders = 200    // fixed addresses and allowed pairs
	maxTotal   = 50_000 // remotes of all rules
)

// ErrBadPort is wrapped by every error that comes of the port's own contents.
var ErrBadPort = errors.New("port cannot be filtered")

// Port is what one tap is to let through.
type Port struct {
	Tap  string
	Zone uint16 // of conntrack: one for each network of the host, never 0
	Spec compute.PortSpec
}

// sender is an address that a port may send from.
type sender struct {
	mac  net.HardwareAddr
	from netip.Prefix
}

// verdict ends a rule. Pass leaves the port's chain for the next check.
type verdict int

const (
	pass verdict = iota
	drop
)
