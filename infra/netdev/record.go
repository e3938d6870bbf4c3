package netdev

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"

	"skylog/infra/netdev/filter"
	"skylog/workers/compute"
)

// record is what is on file of one port. Of an unreadable file only ID and Tap are known.
type record struct {
	ID   string
	Tap  string
	Zone uint16
	Spec compute.PortSpec
}

const minMTU, maxMTU = 576, 65521

var goodID = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z-]{0,63}$`)

func (h *Host) dir() string { return filepath.Join(h.opts.Dir, "ports") }

// admit checks the port against itself and against the host's other ports.
// What is wrong with the others may pass, so it isn't permanent.
func (h *Host) admit(p compute.PortSpec) (record, error) {
	if p.MTU == 0 {
		p.MTU = 1500
	}
	old, was := h.ports[p.ID]
	switch {
	case !goodID.MatchString(p.ID):
		return record{}, fmt.Errorf("%w: %q is no port id", compute.ErrPermanent, p.ID)
	case p.VNI == 0 || p.VNI >= 1<<24:
		return record{}, fmt.Errorf("%w: %d is no VNI", compute.ErrPermanent, p.VNI)
	case p.MTU < minMTU || p.MTU > maxMTU:
		return record{}, fmt.Errorf("%w: MTU %d", compute.ErrPermanent, p.MTU)
	case was && old.Spec.ID != "" && (old.Spec.VNI != p.VNI || old.Spec.NetworkID != p.NetworkID):
		return record{}, fmt.Errorf("%w: a port can't change its network", compute.ErrPermanent)
	}
	for _, ip := range p.FixedIPs {
		if !ip.Subnet.Contains(ip.Address) {
			return record{}, fmt.Errorf("%w: %s is not in %s", compute.ErrPermanent, ip.Address, ip.Subnet)
		}
	}
	if err := filter.Check(p); err != nil {
		return record{}, fmt.Errorf("%w: %w", compute.ErrPermanent, err)
	}
	zone, err := h.zoneFor(p.VNI)
	if err != nil {
		return record{}, err
	}
	rec := record{ID: p.ID, Tap: h.tapName(p.ID), Zone: zone, Spec: p}
	for _, other := range h.ports {
		if err := rec.conflict(other); err != nil {
			return record{}, err
		}
	}
	return rec, nil
}

// conflict finds what two ports of a host can't both have.
func (r record) conflict(o record) error {
	if r.ID == o.ID {
		return nil
	}
	if r.Tap == o.Tap {
		return fmt.Errorf("its device %s is port %s's", r.Tap, o.ID)
	}
	if r.Spec.VNI != o.Spec.VNI {
		return nil
	}
	if r.Spec.NetworkID != o.Spec.NetworkID {
		return fmt.Errorf("VNI %d is network %s's on this host", r.Spec.VNI, o.Spec.NetworkID)
	}
	if strings.EqualFold(r.Spec.MAC, o.Spec.MAC) {
		return fmt.Errorf("MAC %s is port %s's", r.Spec.MAC, o.ID)
	}
	for _, ip := range r.Spec.FixedIPs {
		if o.has(ip.Address) {
			return fmt.Errorf("address %s is port %s's", ip.Address, o.ID)
		}
	}
	return nil
}

func (r record) has(a netip.Addr) bool {
	for _, ip := range r.Spec.FixedIPs {
		if ip.Address == a {
			return true
		}
	}
	return false
}

func (r record) filter() filter.Port { return filter.Port{Tap: r.Tap, Zone: r.Zone, Spec: r.Spec} }

func (r record) hardware() net.HardwareAddr {
	mac, _ := net.ParseMAC(r.Spec.MAC) // was checked when the port was admitted
	return mac
}

// tapName is as long as a device's name may be.
func (h *Host) tapName(id string) string {
	name := h.instance.Tap() + strings.ReplaceAll(id, "-", "")
	return name[:min(unix.IFNAMSIZ-1, len(name))]
}

// zoneFor gives each network of the host a conntrack zone of its own, so that
// equal addresses of two networks are two things; those of other clouds, too.
// Where it begins to look follows from the instance, so that two clouds that
// look at once find two.
func (h *Host) zoneFor(vni uint32) (zone uint16, err error) {
	for _, r := range h.ports {
		if r.Spec.VNI == vni && r.Zone != 0 {
			return r.Zone, nil
		}
	}
	var used map[uint16]bool
	err = h.Do(func() error {
		used, err = h.instance.ForeignZones()
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, r := range h.ports {
		used[r.Zone] = true
	}
	used[0] = true // the host's own
	if len(used) > math.MaxUint16 {
		return 0, errors.New("all conntrack zones are in use")
	}
	sum := fnv.New32a()
	_, _ = fmt.Fprintf(sum, "%s %d", h.instance, vni) // a hash takes everything
	for zone = uint16(sum.Sum32()); used[zone]; zone++ {
	}
	return zone, nil
}

func (h *Host) zonesOf(ports map[string]record) map[string]uint16 {
	out := map[string]uint16{}
	for _, r := range ports {
		if r.Zone != 0 {
			out[h.segmentOf(r.Spec).bridge()] = r.Zone
		}
	}
	return out
}

func (r record) save(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return renameio.WriteFile(filepath.Join(dir, r.ID+".json"), b, 0o600)
}

func dropRecord(dir, id string) error {
	err := os.Remove(filepath.Join(dir, id+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// loadRecords reads all files; one that can't be read stands for a port that
// can still be unplugged.
func (h *Host) loadRecords() (map[string]record, error) {
	files, err := filepath.Glob(filepath.Join(h.dir(), "*.json"))
	if err != nil {
		return nil, err
	}
	out := map[string]record{}
	for _, f := range files {
		id := strings.TrimSuffix(filepath.Base(f), ".json")
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		var r record
		if json.Unmarshal(b, &r) != nil || r.ID != id || filter.Check(r.Spec) != nil {
			r = record{ID: id, Tap: h.tapName(id)}
		}
		out[id] = r
	}
	return out, nil
}
