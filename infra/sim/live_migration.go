package sim

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"skylog/workers/compute"
)

// Wire is what simulated hosts send machines over. Hosts on one wire find each other.
type Wire struct {
	mu      sync.Mutex
	number  int
	waiting map[string]*awaited // by endpoint
}

// awaited is a machine that a host waits for.
type awaited struct {
	host     *Host
	spec     compute.MachineSpec
	endpoint string
}

// NewWire makes a wire.
func NewWire() *Wire { return &Wire{waiting: map[string]*awaited{}} }

// Machines are sent in portions, a step for each GiB of memory and disk, but at
// least and at most so many.
const (
	fewPortions, manyPortions = 10, 1000

	bytesPerMiB = 1 << 20
	bytesPerGiB = 1 << 30
)

// Receive implements compute.Mover.
func (h *Host) Receive(ctx context.Context, spec compute.MachineSpec) (string, error) {
	if h.Wire == nil {
		return "", fmt.Errorf("%w: simulated host %s is on no wire", compute.ErrPermanent, h.Name)
	}
	h.mu.Lock()
	if endpoint, known := h.endpoints[spec.ID]; known { // it waits, or the machine has come
		h.mu.Unlock()
		return endpoint, nil
	}
	breaks := h.rand.Float64() < h.Weather.Breaking
	h.mu.Unlock()
	if breaks {
		return "", fmt.Errorf("%w: simulated host %s can't take this machine", compute.ErrPermanent, h.Name)
	}
	if err := h.step(ctx); err != nil {
		return "", err
	}
	w := h.Wire
	w.mu.Lock()
	defer w.mu.Unlock()
	w.number++
	a := &awaited{h, spec, fmt.Sprintf("sim:%s:%d", h.Name, w.number)}
	w.waiting[a.endpoint] = a
	h.mu.Lock()
	defer h.mu.Unlock()
	h.endpoints[spec.ID] = a.endpoint
	return a.endpoint, nil
}

// Send implements compute.Mover.
func (h *Host) Send(ctx context.Context, id, endpoint string, progress func(compute.Progress)) error {
	if h.hasSent(id, endpoint) {
		return nil
	}
	h.mu.Lock()
	shape := h.shapes[id]
	delete(h.hurried, id)
	h.mu.Unlock()
	p := compute.Progress{MemoryTotal: uint64(shape.ramMiB) * bytesPerMiB, DiskTotal: uint64(shape.diskGiB) * bytesPerGiB}
	portions := min(max(fewPortions, shape.ramMiB/1024+shape.diskGiB), manyPortions)
	for n := range portions + 1 {
		part := uint64(n)
		p.MemorySent, p.DiskSent = p.MemoryTotal*part/uint64(portions), p.DiskTotal*part/uint64(portions)
		p.MemoryLeft, p.DiskLeft = p.MemoryTotal-p.MemorySent, p.DiskTotal-p.DiskSent
		progress(p)
		if h.inHurry(id) || n == portions {
			break
		}
		if err := h.step(ctx); err != nil {
			return err
		}
	}
	if err := h.handOver(ctx, id, endpoint); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rand.Float64() < h.Weather.Failing { // it is there, but nobody says so
		return compute.ErrUndecided
	}
	return nil
}

// handOver is the instant in which a machine ends here and goes on there.
func (h *Host) handOver(ctx context.Context, id, endpoint string) error {
	w := h.Wire
	if w == nil {
		return fmt.Errorf("%w: simulated host %s is on no wire", compute.ErrPermanent, h.Name)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	a, waits := w.waiting[endpoint]
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !waits || a.spec.ID != id:
		return fmt.Errorf("%w: nobody waits for machine %s at %s", compute.ErrPermanent, id, endpoint)
	}
	m, err := h.letGo(id, endpoint)
	if err != nil {
		return err
	}
	delete(w.waiting, endpoint)
	a.host.mu.Lock()
	defer a.host.mu.Unlock()
	m.Generation = a.spec.Generation
	a.host.machines[id], a.host.shapes[id], a.host.insides[id] = m, shapeOf(&a.spec), insideOf(&a.spec)
	return nil
}

// letGo takes a running machine off the host.
func (h *Host) letGo(id, endpoint string) (compute.Machine, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	m, there := h.machines[id]
	if !there || m.Power != compute.Running && m.Power != compute.Paused {
		return m, fmt.Errorf("%w: machine %s doesn't run on %s", compute.ErrPermanent, id, h.Name)
	}
	delete(h.machines, id)
	h.sent[id] = endpoint
	return m, nil
}

func (h *Host) hasSent(id, endpoint string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sent[id] == endpoint
}

func (h *Host) inHurry(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hurried[id]
}

// Hurry implements compute.Mover.
func (h *Host) Hurry(_ context.Context, id string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hurried[id] = true
	return nil
}

// Awaits lists the machines that the host waits for.
func (h *Host) Awaits() (ids []string) {
	if h.Wire == nil {
		return nil
	}
	h.Wire.mu.Lock()
	defer h.Wire.mu.Unlock()
	for _, a := range h.Wire.waiting {
		if a.host == h {
			ids = append(ids, a.spec.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// forget lets go of what was sent or waited for of a machine that is made or
// destroyed here.
func (h *Host) forget(id string) {
	h.mu.Lock()
	endpoint := h.endpoints[id]
	delete(h.endpoints, id)
	delete(h.sent, id)
	delete(h.hurried, id)
	h.mu.Unlock()
	if endpoint != "" {
		h.Wire.mu.Lock()
		delete(h.Wire.waiting, endpoint)
		h.Wire.mu.Unlock()
	}
}
