package simulation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"skylog/commands"
	"skylog/infra/sim"
	"skylog/workers"
	"skylog/workers/compute"
)

// host is a simulated host and the agent that runs on it now.
type host struct {
	*sim.Host
	cloud *cloud
	dark  atomic.Bool // nothing comes in or goes out

	mu     sync.Mutex
	agent  *compute.Agent
	ctx    context.Context // of the agent
	group  *sync.WaitGroup // of the agent
	stop   context.CancelFunc
	latest map[string]*desk
}

// desk is one thing that the agent works on.
type desk struct {
	next   *stored
	cancel context.CancelFunc
}

const resync = 20 * time.Second

var errDark = errors.New("nobody answers")

func (c *cloud) newHost(n int, seed uint64) *host {
	name := fmt.Sprintf("host-%d", n)
	return &host{cloud: c, Host: sim.NewHost(name, seed+uint64(n), compute.Facts{Type: "fake", Version: 1000, Arch: "x86_64", VCPUs: 8, RAMMiB: 8192, DiskGiB: 200, HostIP: "127.0.0.1"},
		sim.Weather{Latency: 50 * time.Millisecond, Failing: 0.1, Breaking: 0.02})}
}

// start begins a new agent on the host.
func (h *host) start() {
	ctx, stop := context.WithCancel(h.cloud.ctx)
	a := &compute.Agent{ID: uuid.NewSHA1(uuid.NameSpaceURL, []byte(h.Name)).String(), Zone: "nova",
		Beat: func() error {
			if !h.dark.Load() {
				h.cloud.heard(h.Name)
			}
			return nil
		},
		Booter: compute.Booter{Logger: h.cloud.log, Name: h.Name, Hypervisor: h, Network: h.Host, Images: h.Host, Groups: &compute.Groups{}, Clock: time.Now, Report: h.report,
			ConfigDrive: func(compute.Metadata) ([]byte, error) { return nil, nil }}}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.agent, h.ctx, h.stop, h.latest, h.group = a, ctx, stop, map[string]*desk{}, &sync.WaitGroup{}
	h.group.Go(func() {
		if a.Join(ctx) == nil {
			_ = a.Live(ctx) // ends with the context
		}
	})
	h.group.Go(func() {
		for {
			h.sync(ctx, a)
			if pause(ctx, resync) != nil {
				return
			}
		}
	})
}

// end stops the agent; machines go on.
func (h *host) end() {
	h.mu.Lock()
	stop, group := h.stop, h.group
	h.latest = nil
	h.mu.Unlock()
	stop()
	group.Wait()
}

// sync reads all wants anew.
func (h *host) sync(ctx context.Context, a *compute.Agent) {
	if h.dark.Load() {
		return
	}
	i := compute.TakeInventories(ctx, map[string]*compute.Agent{h.Name: a}, func(string, error) {})
	h.cloud.bus.read(ctx, h.Name, func(s stored) {
		i.Wanted(s.host, s.kind, s.id)
		if s.kind != workers.CompleteKind {
			h.deliver(s)
		}
	})
	if ctx.Err() == nil {
		i.Settle()
	}
}

// deliver gives a want to the agent, one of a thing at a time.
func (h *host) deliver(s stored) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dark.Load() || h.latest == nil {
		return
	}
	if d := h.latest[s.subject()]; d != nil {
		d.next = &s
		d.cancel()
		return
	}
	d := &desk{next: &s, cancel: func() {}}
	h.latest[s.subject()] = d
	ctx, agent := h.ctx, h.agent
	h.group.Go(func() { h.work(ctx, agent, s.subject(), d) })
}

// deliverLater brings a want that was replaced since.
func (h *host) deliverLater(s stored) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.latest == nil {
		return
	}
	ctx := h.ctx
	h.group.Go(func() {
		if pause(ctx, h.cloud.luck.within(resync/2)) == nil {
			h.deliver(s)
		}
	})
}

func (h *host) work(ctx context.Context, agent *compute.Agent, subject string, d *desk) {
	handle := compute.Handle(func(string) *compute.Agent { return agent })
	groups := agent.Groups.Handle(func(string, error) {}) // the next resync tries again
	for {
		h.mu.Lock()
		if d.next == nil || ctx.Err() != nil {
			if h.latest != nil {
				delete(h.latest, subject)
			}
			h.mu.Unlock()
			return
		}
		one, cancel := context.WithCancel(ctx)
		data, kind := d.next.data, d.next.kind
		d.next, d.cancel = nil, cancel
		h.mu.Unlock()
		if kind == compute.GroupKind {
			attempt(one, groups, data)
		} else {
			attempt(one, handle, data)
		}
		cancel()
	}
}

// attempt does what workers.Runner does.
func attempt(ctx context.Context, handle workers.Handle, data []byte) {
	wait := 200 * time.Millisecond
	var err error
	for range 9 {
		if err = handle.Do(ctx, data); err == nil || ctx.Err() != nil {
			return
		}
		if handle.Permanent(err) {
			break
		}
		if pause(ctx, wait) != nil {
			return
		}
		wait = min(2*wait, 10*time.Second)
	}
	_ = handle.Failed(ctx, data, err) // a lost one is made good by the deadline
}

// report brings a report to the cell: some are lost, some are done although the
// host isn't told so, some come again later.
func (h *host) report(ctx context.Context, c commands.Command) error {
	l := h.cloud.luck
	if h.dark.Load() {
		_ = pause(ctx, time.Second) // it waits for an answer in vain
		return errDark
	}
	calm := h.cloud.calm.Load()
	if !calm && l.happens(0.05) {
		return errDark
	}
	if !calm && l.happens(0.05) {
		h.mu.Lock()
		if h.latest != nil {
			again := h.ctx
			h.group.Go(func() {
				if pause(again, l.within(resync)) == nil {
					_ = h.cloud.take(again, h.Name, c) // nobody waits for its answer
				}
			})
		}
		h.mu.Unlock()
	}
	err := h.cloud.take(ctx, h.Name, c)
	if err == nil && !calm && l.happens(0.05) {
		return errDark
	}
	return err
}

// Apply implements compute.Hypervisor, and fails the test where the machine now
// runs on two hosts.
func (h *host) Apply(ctx context.Context, spec compute.MachineSpec) (compute.Machine, error) {
	m, err := h.Host.Apply(ctx, spec)
	h.cloud.once(spec.ID, fmt.Sprintf("%s made it %s at generation %d", h.Name, spec.Power, spec.Generation))
	return m, err
}

// Send implements compute.Mover, and fails the test where the machine now runs on
// two hosts.
func (h *host) Send(ctx context.Context, id, endpoint string, progress func(compute.Progress)) error {
	err := h.Host.Send(ctx, id, endpoint, progress)
	h.cloud.once(id, fmt.Sprintf("%s sent it to %s: %v", h.Name, endpoint, err))
	return err
}

// once fails the test where a machine runs on more than one host.
func (c *cloud) once(id, because string) {
	var on []string
	for _, h := range c.hosts {
		machines, _ := h.Machines(c.ctx)
		for _, m := range machines {
			if m.ID == id && (m.Power == compute.Running || m.Power == compute.Paused) {
				on = append(on, h.Name)
			}
		}
	}
	if len(on) > 1 {
		c.t.Errorf("SKYLOG_SEED=%d: machine %s runs on %q, as %s", c.seed, id, on, because)
	}
}

// Quarantine implements compute.Hypervisor, and fails the test where a server is
// on this host.
func (h *host) Quarantine(ctx context.Context, id string) error {
	if one, _ := h.cloud.running(); one != nil {
		if s, ok := one.Now().Compute.Servers.Get(id); ok && s.Host == h.Name {
			h.cloud.t.Errorf("SKYLOG_SEED=%d: %s sets aside server %s, which is wanted %s there", h.cloud.seed, h.Name, id, s.Want)
		}
	}
	return h.Host.Quarantine(ctx, id)
}
