package simulation

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	cmd "skylog/commands/compute"
	"skylog/projections"
	"skylog/workers/compute"
)

const (
	hosts    = 3
	projects = 3
	trouble  = 3 * time.Minute  // how long things go wrong
	patience = 40 * time.Minute // how long the cloud may take to come to rest
)

func TestACloudComesToRestHoweverThingsWent(t *testing.T) {
	seeds, first := 3, uint64(1)
	if n, err := strconv.Atoi(os.Getenv("SKYLOG_SEEDS")); err == nil {
		seeds = n
	}
	if n, err := strconv.ParseUint(os.Getenv("SKYLOG_SEED"), 10, 64); err == nil {
		seeds, first = 1, n
	}
	for seed := first; seed < first+uint64(seeds); seed++ {
		t.Run(fmt.Sprintf("SKYLOG_SEED=%d", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { simulate(t, seed) })
		})
	}
}

func simulate(t *testing.T, seed uint64) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := newCloud(t, ctx, seed, hosts)
	c.start()
	for _, h := range c.hosts {
		h.start()
	}
	c.found(ctx, "operators")
	setup := &caller{cloud: c, luck: newLuck(seed, 3), project: "operators"}
	if !setup.ask(ctx, cmd.CreateFlavor{ID: flavor, Name: flavor, VCPUs: 1, RAMMiB: 1024, DiskGiB: 5, Public: true}) {
		t.Fatal("there is no flavor")
	}
	stray := plant(t, c.hosts[0])
	var group sync.WaitGroup
	until := time.Now().Add(trouble)
	for n := range projects {
		one := &caller{cloud: c, luck: newLuck(seed, uint64(10+n)), project: fmt.Sprintf("project %d", n)}
		c.found(ctx, one.project)
		group.Go(func() {
			one.settle(ctx)
			group.Go(func() { c.meddle(ctx, one.project, newLuck(seed, uint64(20+n)), until) })
			one.live(ctx, until)
		})
	}
	group.Go(func() { c.restarts(ctx, until) })
	for n, h := range c.hosts {
		group.Go(func() { h.mishaps(ctx, newLuck(seed, uint64(100+n)), until) })
	}
	group.Wait()
	c.quiet()
	c.rest(ctx)
	w := c.cell.Now()
	count(t, w)
	granted, refused := c.entitled(ctx)
	t.Logf("%d commands of users were granted, %d forbidden on the way; of the migrations of servers that are left %v", granted, refused, outcomes(w))
	for n, h := range c.hosts {
		only := []string{stray}[:max(0, 1-n)] // on the first host
		if aside := h.Aside(); !slices.Equal(aside, only) {
			t.Errorf("SKYLOG_SEED=%d: %s set aside %q, nobody else's than %q", seed, h.Name, aside, only)
		}
		h.end()
	}
	w = c.cell.Now()
	c.stop()
	c.verify(w)
}

// outcomes counts migrations by what became of them.
func outcomes(w *projections.World) map[string]int {
	all := map[string]int{}
	for _, m := range w.Compute.Migrations.All() {
		all[m.Status]++
	}
	return all
}

// plant puts a machine on a host that nobody wants there.
func plant(t *testing.T, h *host) (id string) {
	id = "stray"
	for { // it may fail a few times
		if _, err := h.Apply(t.Context(), compute.MachineSpec{ID: id, Generation: 1, Power: compute.Running}); err == nil {
			return id
		}
	}
}

// restarts ends the cell now and then and opens it again on its store.
func (c *cloud) restarts(ctx context.Context, until time.Time) {
	for l := newLuck(c.seed, 4); time.Now().Before(until) && pause(ctx, 10*time.Second+l.within(time.Minute)) == nil; {
		c.stop()
		if pause(ctx, l.within(50*time.Second)) != nil {
			return
		}
		c.start()
	}
}

// mishaps restart the host's agent now and then, or cut it off for a while.
func (h *host) mishaps(ctx context.Context, l *luck, until time.Time) {
	for time.Now().Before(until) && pause(ctx, l.within(time.Minute)) == nil {
		if l.happens(0.5) {
			h.end()
			if pause(ctx, l.within(10*time.Second)) != nil {
				return
			}
			h.start()
			continue
		}
		h.dark.Store(true)
		dark := 2 * time.Minute
		if l.happens(0.1) { // what waits for it is overdue
			dark = 40 * time.Minute
		}
		if pause(ctx, l.within(dark)) != nil {
			return
		}
		h.dark.Store(false)
	}
}

// quiet lets all go well from now on.
func (c *cloud) quiet() {
	c.calm.Store(true)
	c.bus.mu.Lock()
	c.bus.calm = true
	c.bus.mu.Unlock()
	for _, h := range c.hosts {
		h.end()
		h.dark.Store(false)
		h.Weather.Failing, h.Weather.Breaking = 0, 0
		h.start()
	}
}

// rest waits until nothing is under way and nothing differs.
func (c *cloud) rest(ctx context.Context) {
	var why []string
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if pause(ctx, 10*time.Second) != nil {
			return
		}
		if why = c.restless(c.cell.Now()); len(why) == 0 {
			if len(c.hosts[0].Aside()) > 0 {
				return
			}
			why = []string{"the stray machine is not set aside"}
		}
	}
	w := c.cell.Now()
	for _, h := range c.hosts {
		machines, _ := h.Machines(ctx)
		c.t.Logf("%s: %+v", h.Name, machines)
	}
	for id, s := range w.Compute.Servers.All() {
		c.t.Logf("server %s on %s: %s %q wanted %s at generation %d, %+v", id, s.Host, s.VMState, s.TaskState, s.Want, s.Generation, s.Fault)
	}
	c.t.Errorf("the cloud does not come to rest; run SKYLOG_SEED=%d again:\n%s", c.seed, strings.Join(why, "\n"))
}
