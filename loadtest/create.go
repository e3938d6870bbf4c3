package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"sync"
	"time"
)

// manyUsers is enough for the rate that we aim at: each may ask 500 times a second.
const manyUsers = 48

// shared returns the cloud of those scenarios that need many servers.
func (l *load) shared(ctx context.Context) (*cloud, error) {
	if l.cloud != nil {
		return l.cloud, nil
	}
	c, err := l.open(ctx, "many")
	if err != nil {
		return nil, err
	}
	l.cloud = c
	if err := c.people(ctx, manyUsers); err != nil {
		return nil, fmt.Errorf("make users: %w", err)
	}
	if err := c.housing(ctx, l.scaled(300)); err != nil {
		return nil, fmt.Errorf("make projects: %w", err)
	}
	return c, c.upload("load", "raw", make([]byte, 64<<10))
}

// create has servers made one a request, by many projects, until all are ACTIVE.
func create(ctx context.Context, l *load) error {
	c, err := l.shared(ctx)
	if err != nil {
		return err
	}
	before, err := c.weigh()
	if err != nil {
		return err
	}
	n := len(c.tenants) * 100
	if err := l.creates(ctx, "create", c, c.tenants, n, 1500); err != nil {
		return err
	}
	after, err := c.weigh()
	if err != nil {
		return err
	}
	l.report(figure{Scenario: "create", What: "memory per server with its port, live on the heap", Value: (after.live - before.live) / float64(n) / 1024, Unit: "KiB", Aim: 5, Most: true})
	l.tell("create", "the same of the whole process, with what may be freed", (after.rss-before.rss)/float64(n)/1024, "KiB")
	return nil
}

// crowd is one project with so many servers in one security group: whoever comes
// changes what the filters of all others say.
func crowd(ctx context.Context, l *load) error {
	c, err := l.open(ctx, "crowd")
	if err != nil {
		return err
	}
	defer c.program.kill()
	if err := c.people(ctx, 1); err != nil {
		return err
	}
	if err := c.housing(ctx, 1); err != nil {
		return err
	}
	if err := c.upload("load", "raw", make([]byte, 64<<10)); err != nil {
		return err
	}
	return l.creates(ctx, "crowd", c, c.tenants, l.scaled(3000), 0)
}

// creates makes n servers in turn in the projects and reports how that went.
func (l *load) creates(ctx context.Context, scenario string, c *cloud, tenants []tenant, n int, aim float64) error {
	s, err := c.program.span()
	if err != nil {
		return err
	}
	defer l.watch(scenario, c.program)()
	followed := &followed{c: c}
	took, err := callers(ctx, c.program.address, n, atOnce, func(k *conn, i int) error {
		t, began := &tenants[i%len(tenants)], time.Now()
		var made struct {
			Server struct {
				ID string `json:"id"`
			} `json:"server"`
		}
		reply, err := k.insist(ctx, "POST", "/compute/v2.1/servers", t.token, c.serverBody(t, fmt.Sprintf("s%d", i), 1), 202)
		if err != nil || i%followEvery != 0 {
			return err
		}
		if err := json.Unmarshal(reply, &made); err != nil {
			return err
		}
		followed.follow(ctx, t, made.Server.ID, began)
		return nil
	})
	if err != nil {
		followed.group.Wait()
		return err
	}
	accepted := time.Since(s.began)
	if err := c.settled(ctx); err != nil {
		return err
	}
	used, err := s.end()
	if err != nil {
		return err
	}
	followed.group.Wait()
	failed, err := c.with("ERROR", n)
	if err != nil {
		return err
	}
	l.report(figure{Scenario: scenario, What: fmt.Sprintf("servers to ACTIVE, %d in %d projects on %d hosts", n, len(tenants), l.hosts), Value: float64(n-failed) / used.wall.Seconds(), Unit: "/s", Aim: aim})
	l.tell(scenario, "servers that ended in ERROR", float64(failed), "")
	l.tell(scenario, "requests accepted", float64(n)/accepted.Seconds(), "/s")
	l.tell(scenario, fmt.Sprintf("POST /servers p50 with %d callers", atOnce), quantile(took, 0.5), "ms")
	l.tell(scenario, "POST /servers p99", quantile(took, 0.99), "ms")
	l.tell(scenario, "POST to ACTIVE p50", quantile(followed.took, 0.5), "ms")
	l.tell(scenario, "POST to ACTIVE p99", quantile(followed.took, 0.99), "ms")
	l.tellCPU(scenario, "a server", used, n)
	return nil
}

// insist sends a request until it is admitted, and wants a status.
func (c *conn) insist(ctx context.Context, method, path, token string, body []byte, want int) ([]byte, error) {
	for {
		status, reply, err := c.do(method, path, token, body)
		switch {
		case err != nil:
			return nil, err
		case status == want:
			return reply, nil
		case status != 429 && status != 503:
			return nil, fmt.Errorf("%s %s: %d %.300s", method, path, status, reply)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// followEvery is of how many servers one is watched until it is ACTIVE.
const followEvery = 100

// followed are servers that are watched on their way.
type followed struct {
	c     *cloud
	group sync.WaitGroup
	mu    sync.Mutex
	took  []time.Duration
}

func (f *followed) follow(ctx context.Context, t *tenant, id string, began time.Time) {
	f.group.Go(func() {
		k := &conn{address: f.c.program.address}
		defer k.close()
		for ctx.Err() == nil {
			var shown struct {
				Server struct {
					Status string `json:"status"`
				} `json:"server"`
			}
			if err := k.call("GET", "/compute/v2.1/servers/"+id, t.token, nil, &shown); err != nil || shown.Server.Status == "ERROR" {
				return // those in ERROR are counted at the end
			}
			if shown.Server.Status == "ACTIVE" {
				f.mu.Lock()
				f.took = append(f.took, time.Since(began))
				f.mu.Unlock()
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
}

// local is the path and query of a link.
func local(href string) (string, error) {
	u, err := url.Parse(href)
	if err != nil {
		return "", err
	}
	return u.RequestURI(), nil
}
