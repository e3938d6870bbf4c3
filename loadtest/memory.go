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

// weigh waits for the garbage collector to have run behind what was done, and
// reads what it found alive. The collector runs every two minutes by itself and
// whenever the heap has doubled, so what is alive is taken from its last goal.
func (c *cloud) weigh(ctx context.Context) (w weight, err error) {
	k := &conn{address: c.program.address}
	defer k.close()
	cycles := -1.0
	for deadline := time.Now().Add(4 * time.Second); ; {
		m, err := k.metrics()
		if err != nil {
			return w, err
		}
		if cycles < 0 {
			cycles = m["go_gc_duration_seconds_count"]
		}
		// Each page of a list is garbage: it brings the next collection nearer.
		if m["go_gc_duration_seconds_count"] >= cycles+2 || time.Now().After(deadline) {
			w.live = m["go_memstats_next_gc_bytes"] / 2 // GOGC is 100: the goal is twice what was alive
			break
		}
		if _, err := c.with("NOSUCH", 1); err != nil {
			return w, err
		}
		if ctx.Err() != nil {
			return w, ctx.Err()
		}
	}
	w.rss, err = c.program.rss()
	return w, err
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
	if all["go_memstats_next_gc_bytes"] == 0 {
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
