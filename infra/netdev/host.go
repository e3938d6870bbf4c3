// Package netdev is the tenant networks' presence on a Linux host: for each
// network a bridge and a namespace with its DHCP and metadata service, for each
// port a tap and its filter. It needs root, but no command line tool.
//
// All devices of the host's side can live in a network namespace of their own
// (Options.Namespace): then the host's own firewall rules and the guests' packets
// never meet. In the root namespace a forward policy of drop would hit guests'
// packets too, since br_netfilter shows them to every inet chain of the host.
//
//	guest ── tap skt… ── bridge skb…<vni> ── veth skv…<vni> ── eth0 in namespace skylog-…-<vni>
//
//	                  │
//	                  └─ VXLAN skx…<vni> ── the underlay ── the network's bridges on other hosts
//
// What stands for the dots is the instance, which tells the hosts of one machine apart.
//
// What was plugged is on file before any of it is made and until all of it is
// gone, so that whoever comes after a crash can end what was begun.
package netdev

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"skylog/infra/netdev/filter"
	"skylog/workers/compute"
)

// Options say where a host's networks live.
type Options struct {
	// Dir holds what was plugged. One Host at a time may use it.
	Dir string
	// Namespace is the named network namespace in which bridges and taps are made;
	// it is made where it isn't there and never removed. Empty is the process's own.
	Namespace string
	// Underlay leads to the cloud's other hosts; nil: there is none.
	Underlay *Underlay
	Log      *slog.Logger

	// endpoint makes a port's device; tests put something else in a tap's place.
	endpoint func(name string) error
}

// Host implements compute.Network on this machine.
type Host struct {
	opts     Options
	instance filter.Instance
	log      *slog.Logger

	mu       sync.Mutex
	ports    map[string]record
	services map[uint32]*service
	settled  map[string]bool // ports that are what their record says
}

var _ compute.Network = (*Host)(nil)

// Available tells in one sentence what keeps this process from being a network
// host, or nil. It asks the kernel for one of each in a namespace that is
// thrown away.
func Available(context.Context) error {
	if os.Geteuid() != 0 {
		return errors.New("tenant networks need root")
	}
	if _, err := os.Stat("/proc/sys/net/bridge"); err != nil {
		return errors.New("tenant networks need the kernel's br_netfilter (modprobe br_netfilter)")
	}
	err := inNamespace("", func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("network namespaces: %w", err)
		}
		try := record{Tap: filter.Instance("").Tap(), Zone: 1, Spec: compute.PortSpec{MAC: "fa:16:3e:00:00:01", VNI: 1, MTU: 1500, AdminUp: true, PortSecurity: true}}
		net := (&Host{}).segmentOf(try.Spec)
		if err := net.of.Install(try.filter(), map[string]uint16{net.bridge(): 1}); err != nil {
			return err
		}
		if err := net.ensureBridge(); err != nil {
			return err
		}
		return ensurePort(try, net, addTap)
	})
	if err != nil {
		return fmt.Errorf("tenant networks don't work here: %w", err)
	}
	return nil
}

// New takes over what an earlier process left in the directory: it makes what is
// missing of it and serves it. A port for which that fails stays filtered as
// it was, is reported in the log, and is made whole by the next Plug.
func New(ctx context.Context, opts Options) (*Host, error) {
	h := &Host{opts: opts, log: opts.Log, services: map[uint32]*service{}, settled: map[string]bool{}}
	if h.log == nil {
		h.log = slog.Default()
	}
	if h.opts.endpoint == nil {
		h.opts.endpoint = addTap
	}
	if opts.Namespace != "" {
		if err := ensureNamespace(opts.Namespace); err != nil {
			return nil, err
		}
	}
	if opts.Underlay != nil {
		if err := tunnelsWork(); err != nil {
			return nil, fmt.Errorf("networks between hosts need the kernel's VXLAN (modprobe vxlan): %w", err)
		}
	}
	var err error
	if h.instance, err = loadInstance(opts.Dir); err != nil {
		return nil, err
	}
	ports, err := h.loadRecords()
	if err != nil {
		return nil, err
	}
	h.ports = ports
	for _, id := range slices.Sorted(maps.Keys(ports)) {
		if ports[id].Spec.ID == "" {
			h.log.Error("port file unreadable; the port can only be unplugged", "port", id)
			continue
		}
		if err := h.realize(ctx, ports[id], ports[id]); err != nil {
			h.log.Error("port not adopted", "port", id, "error", err)
		}
	}
	return h, nil
}

// Close ends the services. Devices, filters and guests' flows stay as they are.
func (h *Host) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for vni, s := range h.services {
		s.close()
		delete(h.services, vni)
	}
	return nil
}

// Do calls fn on a thread within the host's namespace. A process that fn starts
// lives there: QEMU must be started so, or it won't find its taps.
func (h *Host) Do(fn func() error) error { return inNamespace(h.opts.Namespace, fn) }

// Plug implements compute.Network. What is wrong with the port itself is
// refused with compute.ErrPermanent before anything is touched.
func (h *Host) Plug(ctx context.Context, p compute.PortSpec) (compute.Attachment, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	old, was := h.ports[p.ID]
	rec, err := h.admit(p)
	if err != nil {
		return compute.Attachment{}, fmt.Errorf("port %s: %w", p.ID, err)
	}
	if settled := was && h.settled[p.ID] && reflect.DeepEqual(old, rec); !settled {
		h.settled[p.ID] = false
		if err := rec.save(h.dir()); err != nil {
			return compute.Attachment{}, fmt.Errorf("port %s: %w", p.ID, err)
		}
	}
	h.ports[p.ID] = rec
	if err := h.realize(ctx, old, rec); err != nil {
		return compute.Attachment{}, fmt.Errorf("port %s: %w", p.ID, err)
	}
	return compute.Attachment{Tap: rec.Tap}, nil
}

// realize makes the port what rec says, and then ends the flows that this no
// longer allows, and those of addresses that are no longer the port's.
func (h *Host) realize(ctx context.Context, old, rec record) error {
	if err := h.apply(ctx, rec); err != nil || h.settled[rec.ID] {
		return err
	}
	lost := old
	lost.Spec.FixedIPs = slices.DeleteFunc(slices.Clone(old.Spec.FixedIPs), func(ip compute.FixedIP) bool { return rec.has(ip.Address) })
	err := h.Do(func() error {
		return errors.Join(filter.Forget(rec.filter(), false), filter.Forget(lost.filter(), true))
	})
	h.settled[rec.ID] = err == nil
	return err
}

// apply makes everything of one port, as far as it isn't there.
func (h *Host) apply(ctx context.Context, rec record) error {
	return h.Do(func() error {
		for _, step := range h.steps(rec) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
}

// steps begin with the filter and end with the tap: there is no moment in which
// a device is there and its filter isn't.
func (h *Host) steps(rec record) []func() error {
	net := h.segmentOf(rec.Spec)
	return []func() error{
		func() error { return h.instance.Install(rec.filter(), h.zonesOf(h.ports)) },
		net.ensureBridge,
		func() error { return h.ensureTunnel(net) },
		func() error { return net.cable().ensure() },
		func() error { return h.serve(net) },
		func() error { return ensurePort(rec, net, h.opts.endpoint) },
	}
}

// Unplug implements compute.Network.
func (h *Host) Unplug(ctx context.Context, id string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	rec, ok := h.ports[id]
	if !ok {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := h.Do(func() error { return h.remove(rec) })
	if err != nil {
		return fmt.Errorf("port %s: %w", id, err)
	}
	if err := dropRecord(h.dir(), id); err != nil {
		return fmt.Errorf("port %s: %w", id, err)
	}
	delete(h.ports, id)
	delete(h.settled, id)
	return nil
}

// remove undoes apply, the tap first; what isn't there is no error.
func (h *Host) remove(rec record) error {
	vni, err := rec.vni(h.instance)
	if err != nil {
		return err
	}
	if err := removeLink(rec.Tap); err != nil {
		return err
	}
	rest := maps.Clone(h.ports)
	delete(rest, rec.ID)
	if len(rest) == 0 {
		err = h.instance.RemoveAll()
	} else {
		err = h.instance.Remove(rec.Tap, h.zonesOf(rest))
	}
	if err == nil && rec.Spec.ID != "" {
		err = filter.Forget(rec.filter(), true)
	}
	if err != nil {
		return err
	}
	if err := h.leaveNetwork(vni, rest); err != nil {
		return err
	}
	return h.leaveUnderlay(len(rest))
}

// leaveNetwork brings the network's services up to date with the ports that
// are left of it, or takes it down.
func (h *Host) leaveNetwork(vni uint32, rest map[string]record) error {
	for _, r := range rest {
		if r.Spec.VNI == vni && r.Spec.ID != "" {
			return h.serveAll(h.segmentOf(r.Spec), rest)
		}
	}
	if s := h.services[vni]; s != nil {
		s.close()
		delete(h.services, vni)
	}
	return h.segmentOf(compute.PortSpec{VNI: vni}).remove()
}

// Ports implements compute.Network.
func (h *Host) Ports(context.Context) ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(maps.Keys(h.ports)), nil
}
