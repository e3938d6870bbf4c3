package netdev

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"skylog/workers/compute"
)

var worlds atomic.Int32

var available = sync.OnceValue(func() error { return Available(context.Background()) })

// world is a host whose guests are network namespaces: a veth stands in each tap's place.
type world struct {
	t      *testing.T
	host   *Host
	opts   Options
	prefix string
	guests map[string]*guest // by tap
}

// guest is the far end of one port.
type guest struct {
	t    *testing.T
	ns   string
	spec compute.PortSpec
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return hostOn(t, nil)
}

// hostOn makes a world that has an underlay.
func hostOn(t *testing.T, u *Underlay) *world {
	t.Helper()
	if err := available(); err != nil {
		t.Skip(err)
	}
	w := &world{t: t, prefix: fmt.Sprintf("sktest%d-%03d", os.Getpid(), worlds.Add(1)), guests: map[string]*guest{}}
	w.opts = Options{Dir: t.TempDir(), Namespace: w.prefix, Underlay: u, Log: slog.New(slog.DiscardHandler), endpoint: w.endpoint}
	t.Cleanup(func() {
		if w.host != nil {
			_ = w.host.Close()
		}
		left, _ := filepath.Glob(filepath.Join(namespaceDir, w.prefix+"*"))
		for _, ns := range left {
			_ = removeNamespace(filepath.Base(ns))
		}
	})
	w.noGlobalFilter()
	w.start()
	return w
}

// noGlobalFilter turns off what a bridge could lean on instead of its own setting.
func (w *world) noGlobalFilter() {
	w.t.Helper()
	err := ensureNamespace(w.prefix)
	if err == nil {
		err = inNamespace(w.prefix, func() error {
			return errors.Join(os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-iptables", []byte("0"), 0),
				os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-ip6tables", []byte("0"), 0))
		})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// start begins a new Host upon what the last one left.
func (w *world) start() {
	w.t.Helper()
	if w.host != nil {
		_ = w.host.Close()
	}
	host, err := New(w.t.Context(), w.opts)
	if err != nil {
		w.t.Fatal(err)
	}
	w.host = host
}

func (w *world) endpoint(name string) error {
	g := w.guests[name]
	if err := ensureNamespace(g.ns); err != nil {
		return err
	}
	ns, err := netns.GetFromName(g.ns)
	if err != nil {
		return err
	}
	defer func() { _ = ns.Close() }()
	veth := &netlink.Veth{LinkAttrs: netlink.NewLinkAttrs(), PeerName: "eth0", PeerHardwareAddr: mac(g.spec.MAC), PeerMTU: uint32(g.spec.MTU), PeerNamespace: netlink.NsFd(ns)}
	veth.Name = name
	if err := netlink.LinkAdd(veth); err != nil {
		return err
	}
	return inNamespace(g.ns, func() error {
		l, err := netlink.LinkByName("eth0")
		return errors.Join(err, netlink.LinkSetUp(l))
	})
}

// portSpec is a port of 10.0.0.0/24 with everything allowed out and nothing in.
func portSpec(n int, vni uint32) compute.PortSpec {
	addr := netip.AddrFrom4([4]byte{10, 0, 0, byte(10 + n)})
	return compute.PortSpec{
		ID: fmt.Sprintf("%06x%02d-0000-4000-8000-000000000000", vni, n), MAC: fmt.Sprintf("fa:16:3e:00:%02x:%02x", vni, n),
		NetworkID: fmt.Sprintf("net-%d", vni), VNI: vni, MTU: 1450, AdminUp: true, PortSecurity: true,
		FixedIPs: []compute.FixedIP{{Address: addr, Subnet: netip.MustParsePrefix("10.0.0.0/24"), SubnetID: "sub", DHCP: true,
			Gateway: netip.MustParseAddr("10.0.0.1"), ServiceAddr: netip.MustParseAddr("10.0.0.2"),
			DNS: []netip.Addr{netip.MustParseAddr("9.9.9.9")}}},
		Rules:    []compute.Rule{{}, {IPv6: true}},
		Metadata: &compute.Metadata{ServerID: fmt.Sprintf("server-%d-%d", vni, n), Hostname: fmt.Sprintf("vm%d-net%d", n, vni), LocalIPv4: addr},
	}
}

func allow(protocol string, port int) compute.Rule {
	return compute.Rule{Ingress: true, Protocol: protocol, PortMin: &port, PortMax: &port}
}

func (w *world) plug(p compute.PortSpec) *guest {
	w.t.Helper()
	tap := w.host.tapName(p.ID)
	if w.guests[tap] == nil {
		w.guests[tap] = &guest{t: w.t, ns: fmt.Sprintf("%s-g%s", w.prefix, tap)}
	}
	w.guests[tap].spec = p
	got, err := w.host.Plug(w.t.Context(), p)
	if err != nil {
		w.t.Fatal(err)
	}
	if got.Tap != tap || got.User != nil {
		w.t.Fatalf("plugged into %+v, want tap %s", got, tap)
	}
	w.awaitCarrier(tap)
	return w.guests[tap]
}

// awaitCarrier waits until the kernel has seen that both ends of the guest's
// cable are up: before, it drops what the guest sends.
func (w *world) awaitCarrier(tap string) {
	w.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-tick.C {
		if carrier(w.opts.Namespace, tap) && carrier(w.guests[tap].ns, "eth0") {
			return
		}
	}
	w.t.Fatal("the guest's cable has no carrier")
}

func (w *world) unplugAll() {
	w.t.Helper()
	ids, err := w.host.Ports(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, id := range ids {
		for range 2 { // the second time there is nothing left to do
			if err := w.host.Unplug(w.t.Context(), id); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// inventory lists every device, table, file and namespace of the host.
func (w *world) inventory() (all []string) {
	w.t.Helper()
	err := w.host.Do(func() error {
		links, err := netlink.LinkList()
		for _, l := range links {
			all = append(all, "link "+l.Attrs().Name)
		}
		tables, err2 := (&nftables.Conn{}).ListTables()
		for _, t := range tables {
			all = append(all, "table "+t.Name)
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	spaces, _ := filepath.Glob(filepath.Join(namespaceDir, w.prefix+"*"))
	for _, ns := range spaces {
		if !strings.HasPrefix(filepath.Base(ns), w.prefix+"-g") { // the guests' are not the host's
			all = append(all, ns)
		}
	}
	files, _ := filepath.Glob(filepath.Join(w.opts.Dir, "*", "*"))
	all = append(all, files...)
	slices.Sort(all)
	return all
}

// crashPlug does the first steps of a Plug and then forgets all about it.
func (w *world) crashPlug(p compute.PortSpec, steps int) {
	w.t.Helper()
	w.guests[w.host.tapName(p.ID)] = &guest{t: w.t, ns: w.prefix + "-gcrash", spec: p}
	rec, err := w.host.admit(p)
	if err == nil {
		err = rec.save(w.host.dir())
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.host.ports[p.ID] = rec
	err = w.host.Do(func() error {
		for _, step := range w.host.steps(rec)[:steps] {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// crashUnplug removes all of a port but its file.
func (w *world) crashUnplug(id string) {
	w.t.Helper()
	if err := w.host.Do(func() error { return w.host.remove(w.host.ports[id]) }); err != nil {
		w.t.Fatal(err)
	}
}
