// Package sim is a host that isn't there: a hypervisor, a network and an image
// cache in memory, whose latencies, failures and lost messages follow from a
// seed. Clouds of thousands of hosts, tests, demos and forks run on it, by the
// same wants and reports as real hosts.
package sim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"skylog/workers/compute"
)

// Weather is how well things go.
type Weather struct {
	// Latency is how long one step takes at least; it takes up to twice that.
	Latency time.Duration
	// Failing is the share of steps that fail and may be tried again, 0 to 1;
	// Breaking that of machines which can never be made.
	Failing, Breaking float64
}

// Host is a simulated host. It implements compute.Hypervisor, compute.Mover,
// compute.Network and compute.Images.
type Host struct {
	Name    string
	Means   compute.Facts
	Weather Weather
	Wire    *Wire // over which machines come and go; nil: they don't

	mu       sync.Mutex
	rand     *rand.Rand
	machines map[string]compute.Machine
	shapes   map[string]shape
	insides  map[string]inside
	off      map[string]bool // machines whose guests powered themselves off
	aside    map[string]compute.Machine
	ports    map[string]bool
	changed  func(compute.Machine)

	endpoints map[string]string // where machines are awaited, or were when they came
	sent      map[string]string // the endpoints at which machines are that were here
	hurried   map[string]bool
}

// NewHost makes a host whose luck follows from the seed.
func NewHost(name string, seed uint64, means compute.Facts, w Weather) *Host {
	return &Host{Name: name, Means: means, Weather: w, rand: rand.New(rand.NewPCG(seed, 0)),
		machines: map[string]compute.Machine{}, shapes: map[string]shape{}, insides: map[string]inside{}, off: map[string]bool{}, ports: map[string]bool{},
		endpoints: map[string]string{}, sent: map[string]string{}, hurried: map[string]bool{}}
}

// errStorm is a failure that passes.
var errStorm = errors.New("simulated failure")

// step takes its time and may fail.
func (h *Host) step(ctx context.Context) error {
	h.mu.Lock()
	takes := h.Weather.Latency
	if takes > 0 {
		takes += time.Duration(h.rand.Int64N(int64(takes)))
	}
	fails := h.rand.Float64() < h.Weather.Failing
	h.mu.Unlock()
	if takes > 0 {
		timer := time.NewTimer(takes)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if fails {
		return errStorm
	}
	return nil
}

// Facts implements compute.Hypervisor.
func (h *Host) Facts(context.Context) (compute.Facts, error) { return h.Means, nil }

// Machines implements compute.Hypervisor.
func (h *Host) Machines(context.Context) ([]compute.Machine, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]compute.Machine, 0, len(h.machines))
	for _, m := range h.machines {
		all = append(all, m)
	}
	return all, nil
}

// Apply implements compute.Hypervisor. A machine whose guest powered itself off
// is started again only by a newer generation.
func (h *Host) Apply(ctx context.Context, spec compute.MachineSpec) (compute.Machine, error) {
	h.mu.Lock()
	m, there := h.machines[spec.ID]
	same := h.shapes[spec.ID] == shapeOf(&spec)
	off := h.off[spec.ID] && spec.Generation == m.Generation
	breaks := !there && h.rand.Float64() < h.Weather.Breaking
	h.mu.Unlock()
	switch {
	case there && spec.Generation < m.Generation:
		return m, compute.ErrStale
	case off && spec.Power != compute.Suspended:
		return m, nil
	case breaks:
		return m, fmt.Errorf("%w: simulated host %s can't make this machine", compute.ErrPermanent, h.Name)
	case there && same && m.Power == spec.Power && m.Reboots == spec.Reboots:
		m.Generation = spec.Generation // only what is around it has changed
	default:
		if err := h.step(ctx); err != nil {
			return m, err
		}
		m = compute.Machine{ID: spec.ID, Generation: spec.Generation, Power: spec.Power, Reboots: spec.Reboots}
	}
	h.forget(spec.ID)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.machines[spec.ID], h.shapes[spec.ID], h.insides[spec.ID] = m, shapeOf(&spec), insideOf(&spec)
	delete(h.off, spec.ID)
	return m, nil
}

// Destroy implements compute.Hypervisor.
func (h *Host) Destroy(ctx context.Context, id string) error {
	h.mu.Lock()
	_, there := h.machines[id]
	h.mu.Unlock()
	if there {
		if err := h.step(ctx); err != nil {
			return err
		}
	}
	h.forget(id)
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.machines, id)
	delete(h.shapes, id)
	delete(h.insides, id)
	delete(h.off, id)
	return nil
}

// Quarantine implements compute.Hypervisor.
func (h *Host) Quarantine(ctx context.Context, id string) error {
	h.mu.Lock()
	m, there := h.machines[id]
	h.mu.Unlock()
	if !there {
		return nil
	}
	if err := h.step(ctx); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.aside == nil {
		h.aside = map[string]compute.Machine{}
	}
	m.Power = compute.Stopped
	h.aside[id] = m
	delete(h.machines, id)
	delete(h.shapes, id)
	delete(h.insides, id)
	delete(h.off, id)
	return nil
}

// Aside lists the machines that were set aside.
func (h *Host) Aside() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(maps.Keys(h.aside))
}

// ConsoleLog implements compute.Hypervisor.
func (h *Host) ConsoleLog(_ context.Context, id string, most int) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	m, there := h.machines[id]
	if !there {
		return nil, nil
	}
	log := fmt.Appendf(nil, "simulated machine %s on %s is %s\n", id, h.Name, m.Power)
	return log[max(0, len(log)-most):], nil
}

// Watch implements compute.Hypervisor.
func (h *Host) Watch(ctx context.Context, changed func(compute.Machine)) error {
	h.mu.Lock()
	h.changed = changed
	h.mu.Unlock()
	<-ctx.Done()
	return nil
}

// PowerOff is the guest shutting itself down.
func (h *Host) PowerOff(id string) {
	h.mu.Lock()
	m, there := h.machines[id]
	ran := there && m.Power == compute.Running
	changed := h.changed
	if ran {
		m.Power = compute.Stopped
		h.machines[id], h.off[id] = m, true
	}
	h.mu.Unlock()
	if ran && changed != nil {
		changed(m)
	}
}

// Plug implements compute.Network.
func (h *Host) Plug(_ context.Context, p compute.PortSpec) (compute.Attachment, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ports[p.ID] = true
	return compute.Attachment{Tap: "sim"}, nil
}

// Unplug implements compute.Network.
func (h *Host) Unplug(_ context.Context, portID string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.ports, portID)
	return nil
}

// Ports implements compute.Network.
func (h *Host) Ports(context.Context) ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := make([]string, 0, len(h.ports))
	for id := range h.ports {
		ids = append(ids, id)
	}
	return ids, nil
}

// Fetch implements compute.Images: the bytes of a simulated machine's disk are nobody's.
func (h *Host) Fetch(_ context.Context, r compute.ImageRef) (string, error) {
	return "sim:" + r.ID, nil
}
