package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/google/uuid"

	"skylog/infra/hypervisor/qemu"
	"skylog/infra/imagecache"
	"skylog/infra/netdev"
	"skylog/infra/usernet"
	imageview "skylog/projections/image"
	"skylog/workers/compute"
)

// maxQEMUHosts is how many compute hosts a machine may be: more would have too
// little of it each to be of use.
const maxQEMUHosts = 8

// realHosts are this machine as compute hosts; none where it can't be one and need
// not. What it does without is said in one line.
func (n *node) realHosts(ctx context.Context) ([]*compute.Agent, error) {
	if n.qemuHosts < 1 || n.qemuHosts > maxQEMUHosts {
		return nil, fmt.Errorf("--qemu-hosts %d: it can be 1 to %d", n.qemuHosts, maxQEMUHosts)
	}
	found, err := qemu.Probe(ctx, n.accelerator)
	if err != nil {
		if n.hypervisor == "qemu" || n.qemuHosts > 1 {
			return nil, err
		}
		n.log.Warn("no real guests on this host", "why", err.Error())
		return nil, nil
	}
	n.log.Info("guests run under QEMU", "version", found.Version, "accelerator", found.Accelerator, "why", found.Why, "hosts", n.qemuHosts)
	m := machineHosts{node: n, found: found}
	if m.known, err = n.knownHosts(); err != nil {
		return nil, err
	}
	m.images = &imagecache.Cache{Dir: filepath.Join(n.data, "image-cache"), Local: n.localImage, InUse: m.liesUpon, URL: n.imageURL, Log: n.log}
	n.images.cache = m.images
	var agents []*compute.Agent
	for i := 1; i <= n.qemuHosts; i++ {
		a, err := m.host(ctx, i)
		if err != nil {
			return nil, fmt.Errorf("host %d of this machine: %w", i, err)
		}
		agents = append(agents, a)
	}
	return agents, nil
}

// hostFolder is where a host of this machine has its machines, its networks and
// its id. The first one's is the data folder.
func (n *node) hostFolder(number int) string {
	if number == 1 {
		return n.data
	}
	return filepath.Join(n.data, "hosts", strconv.Itoa(number))
}

// knownHosts is how many hosts this machine is, or was: what an earlier start made
// goes on, though this one doesn't look after it.
func (n *node) knownHosts() (int, error) {
	entries, err := os.ReadDir(filepath.Join(n.data, "hosts"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	known := n.qemuHosts
	for _, e := range entries {
		if number, err := strconv.Atoi(e.Name()); err == nil {
			known = max(known, min(number, maxQEMUHosts))
		}
	}
	return known, nil
}

// machineHosts are the compute hosts that one machine is. They have the image
// cache in common, since nobody writes to what is in it.
type machineHosts struct {
	*node
	found  qemu.Host
	known  int
	images *imagecache.Cache
	wire   *netdev.Wire
}

func (m *machineHosts) liesUpon(path string) bool {
	for i := 1; i <= m.known; i++ {
		if qemu.LiesUpon(filepath.Join(m.hostFolder(i), machinesFolder), path) {
			return true
		}
	}
	return false
}

const machinesFolder = "machines"

// host is one of them: the first is named as the machine, the others for their number, too.
func (m *machineHosts) host(ctx context.Context, number int) (*compute.Agent, error) {
	dir := m.hostFolder(number)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	driver, err := qemu.New(ctx, qemu.Config{Dir: filepath.Join(dir, machinesFolder), Host: m.found, HostIP: "127.0.0.1", Shares: m.qemuHosts, Log: m.log})
	if err != nil {
		return nil, err
	}
	network, err := m.network(ctx, number)
	if err != nil {
		return nil, err
	}
	id, err := hostID(dir)
	if err != nil {
		return nil, err
	}
	name, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	if number > 1 {
		name += "-" + strconv.Itoa(number)
	}
	return m.agent(subjectToken(name), id, driver, network, m.images), nil
}

// Ports of 127.0.0.1 that lead to the SSH of guests without privileges: two
// thousand are more guests than such a host bears.
const (
	firstSSHPort = 22000
	lastSSHPort  = 23999
)

// network is bridges and filters where we may make them, else QEMU's own network,
// which is none between hosts.
func (m *machineHosts) network(ctx context.Context, number int) (compute.Network, error) {
	dir := filepath.Join(m.hostFolder(number), "network")
	missing := netdev.Available(ctx)
	if missing == nil {
		underlay, err := m.underlay(number)
		if err != nil {
			return nil, err
		}
		return netdev.New(ctx, netdev.Options{Dir: dir, Underlay: underlay, Log: m.log})
	}
	if m.qemuHosts > 1 {
		return nil, fmt.Errorf("--qemu-hosts %d: %w", m.qemuHosts, missing)
	}
	user, err := usernet.New(usernet.Options{Dir: dir, FirstPort: firstSSHPort, LastPort: lastSSHPort})
	if err != nil {
		return nil, err
	}
	m.log.Warn("guests get user-mode networks", "why", missing.Error(), "limits", user.Limits())
	return user, nil
}

// underlay joins the networks of all hosts of this machine, those that aren't run now, too.
func (m *machineHosts) underlay(number int) (*netdev.Underlay, error) {
	if m.known == 1 {
		return nil, nil
	}
	if m.wire == nil {
		wire, err := netdev.WireOf(filepath.Join(m.hostFolder(1), "network"))
		if err != nil {
			return nil, err
		}
		m.wire = wire
	}
	address := func(number int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(number)}) } // nobody's, RFC 5737
	u := &netdev.Underlay{Address: address(number), Wire: m.wire}
	for i := 1; i <= m.known; i++ {
		u.Peers = append(u.Peers, address(i))
	}
	return u, nil
}

// subjectToken is a host's name as NATS allows it in a subject.
func subjectToken(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '.', '*', '>', ' ', '\t':
			return '-'
		}
		return r
	}, name)
}

// bringImage has a host of this process bring an image before a machine needs it.
// Simulated hosts keep no bytes.
func (n *node) bringImage(host string, i imageview.Image) {
	agent := n.hosts[host]
	if agent == nil {
		return
	}
	cache, ok := agent.Images.(interface{ Queue(imageview.Image) error })
	if !ok {
		return
	}
	if err := cache.Queue(i); err != nil {
		n.log.Warn("an image isn't cached ahead", "host", host, "image", i.ID, "error", err)
	}
}

// hostID is the UUID of a host as a hypervisor, made at its first start.
func hostID(dir string) (string, error) {
	path := filepath.Join(dir, "host-id")
	data, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(data)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	id := uuid.NewString()
	return id, renameio.WriteFile(path, []byte(id+"\n"), 0o600)
}
