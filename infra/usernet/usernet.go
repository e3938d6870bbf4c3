// Package usernet gives guests a network where nobody is root: QEMU's user-mode
// stack, which lives within the guest's own process. A guest gets its fixed
// address by DHCP, reaches out through the host like any program of this user,
// and is reached on a port of 127.0.0.1 that leads to its SSH.
//
// What it can't do: guests of one network don't see each other, security groups
// and port security are not enforced (nothing gets in but by the SSH port, and
// everything gets out, to the host's own loopback services too), there is no
// IPv6, and metadata comes by config drive only. Limits says so in a sentence.
package usernet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/google/renameio/v2"

	"skylog/workers/compute"
)

// Options say where ports are remembered and which local ports lead to guests.
type Options struct {
	// Dir holds what was plugged. One Host at a time may use it.
	Dir string
	// FirstPort and LastPort bound the ports of 127.0.0.1 that lead to guests' SSH.
	FirstPort, LastPort int
}

// Host implements compute.Network without privileges.
type Host struct {
	opts Options

	mu    sync.Mutex
	ports map[string]record
}

// record is what is on file of one port: the SSH port must be the same after a
// restart, for a QEMU that went on running holds it.
type record struct {
	ID      string
	SSHPort int
}

var _ compute.Network = (*Host)(nil)

var goodID = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z-]{0,63}$`)

// New reads what an earlier process left in the directory.
func New(opts Options) (*Host, error) {
	if opts.FirstPort < 1 || opts.LastPort > 65535 || opts.FirstPort > opts.LastPort {
		return nil, fmt.Errorf("user network: %d to %d is no range of ports", opts.FirstPort, opts.LastPort)
	}
	h := &Host{opts: opts, ports: map[string]record{}}
	files, err := filepath.Glob(filepath.Join(h.dir(), "*.json"))
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("user network: %w", err)
		}
		id := strings.TrimSuffix(filepath.Base(f), ".json")
		var r record
		if json.Unmarshal(b, &r) != nil || r.ID != id {
			r = record{ID: id} // known to be there; it gets a new SSH port
		}
		h.ports[id] = r
	}
	return h, nil
}

// Limits tells in one sentence what this network does not do.
func (h *Host) Limits() string {
	return "user-mode networking: guests reach out and are reached by SSH on 127.0.0.1, but don't see each other; security groups, port security, floating IPs and IPv6 have no effect"
}

// Plug implements compute.Network.
func (h *Host) Plug(ctx context.Context, p compute.PortSpec) (compute.Attachment, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return compute.Attachment{}, err
	}
	if !goodID.MatchString(p.ID) {
		return compute.Attachment{}, fmt.Errorf("%w: %q is no port id", compute.ErrPermanent, p.ID)
	}
	user, err := attachment(p)
	if err != nil {
		return compute.Attachment{}, fmt.Errorf("port %s: %w: %w", p.ID, compute.ErrPermanent, err)
	}
	r := h.ports[p.ID]
	if r.SSHPort == 0 {
		if r, err = h.allot(p.ID); err != nil {
			return compute.Attachment{}, fmt.Errorf("port %s: %w", p.ID, err)
		}
	}
	user.SSHPort = r.SSHPort
	return compute.Attachment{User: &user}, nil
}

// Unplug implements compute.Network.
func (h *Host) Unplug(_ context.Context, id string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.ports[id]; !ok {
		return nil
	}
	if err := os.Remove(h.file(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("port %s: %w", id, err)
	}
	delete(h.ports, id)
	return nil
}

// Ports implements compute.Network.
func (h *Host) Ports(context.Context) ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(maps.Keys(h.ports)), nil
}

func (h *Host) dir() string           { return filepath.Join(h.opts.Dir, "ports") }
func (h *Host) file(id string) string { return filepath.Join(h.dir(), id+".json") }

// allot files the first SSH port that neither a port of ours nor anyone else has.
func (h *Host) allot(id string) (record, error) {
	taken := map[int]bool{}
	for _, r := range h.ports {
		taken[r.SSHPort] = true
	}
	for n := h.opts.FirstPort; n <= h.opts.LastPort; n++ {
		if taken[n] || !free(n) {
			continue
		}
		r := record{ID: id, SSHPort: n}
		b, err := json.Marshal(r)
		if err != nil {
			return r, err
		}
		if err := os.MkdirAll(h.dir(), 0o700); err != nil {
			return r, err
		}
		if err := renameio.WriteFile(h.file(id), b, 0o600); err != nil {
			return r, err
		}
		h.ports[id] = r
		return r, nil
	}
	return record{}, fmt.Errorf("no port of 127.0.0.1 from %d to %d is free", h.opts.FirstPort, h.opts.LastPort)
}

func free(port int) bool {
	l, err := net.Listen("tcp4", netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port)).String())
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// attachment finds the addresses that QEMU wants: the guest's, and two more of
// the subnet on which it plays gateway and name server.
func attachment(p compute.PortSpec) (compute.UserNet, error) {
	for _, ip := range p.FixedIPs {
		if !ip.Address.Is4() {
			continue
		}
		u := compute.UserNet{Subnet: ip.Subnet.Masked(), Address: ip.Address}
		if !ip.Subnet.Contains(ip.Address) {
			return u, fmt.Errorf("%s is not in %s", ip.Address, ip.Subnet)
		}
		if gw := ip.Gateway; gw.Is4() && u.Subnet.Contains(gw) && gw != u.Address {
			u.Gateway = gw
		} else {
			u.Gateway = unused(u.Subnet, u.Address)
		}
		u.DNS = unused(u.Subnet, u.Address, u.Gateway)
		if !u.Gateway.IsValid() || !u.DNS.IsValid() {
			return u, fmt.Errorf("subnet %s has no room for a guest, a gateway and a name server", u.Subnet)
		}
		return u, nil
	}
	return compute.UserNet{}, errors.New("the port has no IPv4 address, and user-mode networking has no other")
}

// unused is the first address of the subnet that a host may have and none of these has.
func unused(subnet netip.Prefix, used ...netip.Addr) netip.Addr {
	for a := subnet.Addr().Next(); subnet.Contains(a); a = a.Next() {
		if !slices.Contains(used, a) && subnet.Contains(a.Next()) { // the last one is the broadcast address
			return a
		}
	}
	return netip.Addr{}
}
