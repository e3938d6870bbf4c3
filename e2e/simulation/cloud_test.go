package simulation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"skylog/commands"
	"skylog/handlers"
	decidecompute "skylog/handlers/compute"
	decideidentity "skylog/handlers/identity"
	decideimage "skylog/handlers/image"
	decidenetwork "skylog/handlers/network"
	"skylog/infra/cell"
	"skylog/infra/memlog"
	"skylog/infra/sim"
	"skylog/projections"
	"skylog/workers"
	"skylog/workers/compute"
)

// cloud is a cell with its hosts.
type cloud struct {
	t     *testing.T
	seed  uint64
	luck  *luck
	log   *slog.Logger
	store *memlog.Store
	snaps string
	bus   *bus
	hosts []*host
	ctx   context.Context
	calm  atomic.Bool // from now on all goes well

	mu       sync.Mutex
	cell     *cell.Cell
	watchman *compute.Watchman
	cellCtx  context.Context
	stopCell func()
}

func newCloud(t *testing.T, ctx context.Context, seed uint64, hosts int) *cloud {
	c := &cloud{t: t, seed: seed, luck: newLuck(seed, 1), log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		store: memlog.New(), snaps: t.TempDir(), ctx: ctx}
	lost := newLuck(seed, 2)
	c.store.LoseAck = func() bool { return !c.calm.Load() && lost.happens(0.05) }
	c.bus = &bus{luck: c.luck, wants: map[string]stored{}, hosts: map[string]*host{}}
	wire := sim.NewWire()
	for n := range hosts {
		h := c.newHost(n, seed)
		h.Wire = wire
		c.hosts = append(c.hosts, h)
		c.bus.hosts[h.Name] = h
	}
	return c
}

// start opens the cell on its store, with all that serve runs beside it.
func (c *cloud) start() {
	ctx, cancel := context.WithCancel(c.ctx)
	one, err := cell.Open(ctx, cell.Config{Node: "sim", Store: c.store, Snapshots: c.snaps, Clock: time.Now, Logger: c.log,
		Rules: handlers.NewRegistry(decideidentity.Register, decideimage.Register, decidenetwork.Register, decidecompute.Register)})
	if err != nil {
		c.t.Fatal(err)
	}
	wants := compute.Wants{ImageURL: func(id string) string { return "sim:" + id },
		Open: func(_ string, sealed []byte) ([]byte, error) { return sealed, nil }}
	dispatcher := &workers.Dispatcher{Now: one.Now, Frames: one.Frames, Outbox: c.bus, Clock: time.Now, Logger: c.log,
		Sources: wants.Sources()}
	watchman := &compute.Watchman{Now: one.Now, Do: one.Do, Clock: time.Now, Logger: c.log}
	keeper := &workers.Timekeeper{Now: one.Now, Do: one.Do, Clock: time.Now, Logger: c.log,
		Due: []func(*projections.World, time.Time, int) []workers.Overdue{compute.Overdue}}
	var group errgroup.Group
	for _, run := range []func(context.Context) error{one.Run, dispatcher.Run, watchman.Run, keeper.Run} {
		group.Go(func() error {
			if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				return fmt.Errorf("seed %d: %w", c.seed, err)
			}
			return nil
		})
	}
	<-one.Led()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cell, c.watchman, c.cellCtx = one, watchman, ctx
	c.stopCell = func() {
		cancel()
		if err := group.Wait(); err != nil {
			c.t.Error(err)
		}
	}
}

// stop ends the cell, and the stream of wants with it.
func (c *cloud) stop() {
	c.mu.Lock()
	stop := c.stopCell
	c.cell, c.watchman = nil, nil
	c.mu.Unlock()
	stop()
	c.bus.lose()
}

func (c *cloud) running() (*cell.Cell, context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cell, c.cellCtx
}

func (c *cloud) heard(host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.watchman != nil {
		c.watchman.Heard(host)
	}
}

var errDown = errors.New("the cell is down")

// do asks the cell that runs now.
func (c *cloud) do(ctx context.Context, caller commands.Caller, cs ...commands.Command) (*projections.World, error) {
	one, running := c.running()
	if one == nil {
		return nil, errDown
	}
	ctx, cancel := context.WithCancel(commands.With(ctx, caller))
	defer cancel()
	defer context.AfterFunc(running, cancel)()
	return one.Do(ctx, cs...)
}

// take is the cell's collector of reports.
func (c *cloud) take(ctx context.Context, host string, report commands.Command) error {
	_, err := c.do(ctx, commands.Caller{Origin: "host." + host}, report)
	if _, refused := commands.Refused(err); refused {
		return nil
	}
	return err
}
