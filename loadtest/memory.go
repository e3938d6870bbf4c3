package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// weight is what the program holds, in bytes.
type weight struct{ live, rss float64 }

// weigh has the garbage collector run, and reads what it found alive: what was
// allocated while it ran counts as alive until it runs again.
func (c *cloud) weigh() (w weight, err error) {
	if err := c.program.collect(); err != nil {
		return w, err
	}
	k := &conn{address: c.program.address}
	defer k.close()
	m, err := k.metrics()
	if err != nil {
		return w, err
	}
	w.live = m["go_memstats_heap_alloc_bytes"]
	w.rss, err = c.program.rss()
	return w, err
}

// collections is how often the collector runs before a weighing: what a pool or a
// finalizer holds is free behind the second.
const collections = 3

func (p *program) collect() error {
	k := &conn{address: p.debug}
	defer k.close()
	for range collections {
		status, _, err := k.do("GET", "/debug/pprof/heap?gc=1", "", nil)
		if err == nil && status != 200 {
			err = fmt.Errorf("%d", status)
		}
		if err != nil {
			return fmt.Errorf("have the collector run: %w", err)
		}
	}
	return nil
}

// metrics reads what Prometheus would.
func (c *conn) metrics() (map[string]float64, error) {
	status, reply, err := c.do("GET", "/metrics", "", nil)
	if err != nil {
		return nil, err
	}
	if status != 200 {
		return nil, fmt.Errorf("GET /metrics: %d", status)
	}
	all := map[string]float64{}
	for line := range bytes.Lines(reply) {
		var name string
		var value float64
		if _, err := fmt.Sscanf(string(line), "%s %g", &name, &value); err == nil {
			all[name] = value
		}
	}
	if all["go_memstats_heap_alloc_bytes"] == 0 {
		return nil, errors.New("/metrics doesn't tell of the heap")
	}
	return all, nil
}

// idle is how soon an empty cloud is there and what it weighs.
func idle(ctx context.Context, l *load) error {
	data := filepath.Join(l.dir, "idle")
	for _, first := range []bool{true, false} {
		p, err := launch(ctx, l.binary, data, "--hypervisor", "none")
		if err != nil {
			return err
		}
		what := "start to ready, first start (makes keys, hashes a password)"
		if !first {
			what = "start to ready, empty"
		}
		l.report(figure{Scenario: "idle", What: what, Value: p.took.Seconds(), Unit: "s", Aim: 1, Most: true})
		if !first {
			rss, err := settledRSS(ctx, p)
			if err != nil {
				p.kill()
				return err
			}
			l.report(figure{Scenario: "idle", What: "memory, idle", Value: rss / (1 << 20), Unit: "MiB", Aim: 120, Most: true})
		}
		if err := p.stop(); err != nil {
			return err
		}
	}
	return nil
}

// settledRSS waits a little for what only the start needed to be given back.
func settledRSS(ctx context.Context, p *program) (float64, error) {
	select {
	case <-time.After(3 * time.Second):
		return p.rss()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
