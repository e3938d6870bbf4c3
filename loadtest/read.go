package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// tokens has tokens checked by HTTP, and takes from a benchmark what a check
// costs before HTTP, which is what each request of every service pays.
func tokens(ctx context.Context, l *load) error {
	c, err := l.shared(ctx)
	if err != nil {
		return err
	}
	s, err := c.program.span()
	if err != nil {
		return err
	}
	defer l.watch("tokens", c.program)()
	n := l.scaled(60000)
	took, err := callers(ctx, c.program.address, n, atOnce, func(k *conn, i int) error {
		_, err := k.insist(ctx, "GET", tokensPath, c.users[i%len(c.users)].token, nil, 200)
		return err
	})
	if err != nil {
		return err
	}
	used, err := s.end()
	if err != nil {
		return err
	}
	l.report(figure{Scenario: "tokens", What: "GET /auth/tokens, the check by HTTP", Value: float64(n) / used.wall.Seconds(), Unit: "/s", Aim: 20000})
	l.tell("tokens", "GET /auth/tokens p50", quantile(took, 0.5), "ms")
	l.tell("tokens", "GET /auth/tokens p99", quantile(took, 0.99), "ms")
	l.tellCPU("tokens", "a check", used, n)
	return l.checks(ctx)
}

// fullCloud is how many servers there are where pages and starts are measured.
const fullCloud = 100_000

// fill makes servers, a hundred a request, until there are so many.
func (l *load) fill(ctx context.Context) (c *cloud, n int, err error) {
	if c, err = l.shared(ctx); err != nil {
		return nil, 0, err
	}
	n = l.scaled(fullCloud)
	have, err := c.with("ACTIVE", n)
	if err != nil || have >= n {
		return c, have, err
	}
	s, err := c.program.span()
	if err != nil {
		return nil, 0, err
	}
	_, err = callers(ctx, c.program.address, (n-have+99)/100, 4, func(k *conn, i int) error {
		t := &c.tenants[i%len(c.tenants)]
		_, err := k.insist(ctx, "POST", "/compute/v2.1/servers", t.token, c.serverBody(t, fmt.Sprintf("many%d", i), 100), 202)
		return err
	})
	if err == nil {
		err = c.settled(ctx)
	}
	if err != nil {
		return nil, 0, err
	}
	used, err := s.end()
	l.tell("list", "servers to ACTIVE, 100 a request", float64(n-have)/used.wall.Seconds(), "/s")
	l.tellCPU("list", "a server, 100 a request", used, n-have)
	return c, n, err
}

// list asks for a thousand servers in detail out of all there are.
func list(ctx context.Context, l *load) error {
	c, n, err := l.fill(ctx)
	if err != nil {
		return err
	}
	defer l.watch("list", c.program)()
	const path = "/compute/v2.1/servers/detail?all_tenants=1&limit=1000"
	for _, parallel := range []int{1, 16} {
		s, err := c.program.span()
		if err != nil {
			return err
		}
		pages := l.scaled(200)
		took, err := callers(ctx, c.program.address, pages, parallel, func(k *conn, _ int) error {
			_, err := k.insist(ctx, "GET", path, c.admin, nil, 200)
			return err
		})
		if err != nil {
			return err
		}
		used, err := s.end()
		if err != nil {
			return err
		}
		f := figure{Scenario: "list", What: fmt.Sprintf("GET /servers/detail of 1,000 among %d, p50 with %d callers", n, parallel), Value: quantile(took, 0.5), Unit: "ms"}
		if parallel == 1 {
			f.Aim, f.Most = 10, true
		}
		l.report(f)
		l.tell("list", "the same, p99", quantile(took, 0.99), "ms")
		l.tellCPU("list", "a page", used, pages)
	}
	return nil
}

// start is how soon a full cloud is there again: after Ctrl-C, after kill -9,
// and with nothing but the log to read.
func start(ctx context.Context, l *load) error {
	c, n, err := l.fill(ctx)
	if err != nil {
		return err
	}
	if err := c.program.stop(); err != nil {
		return err
	}
	if err := c.again(ctx, l); err != nil {
		return err
	}
	l.report(figure{Scenario: "start", What: fmt.Sprintf("start to ready with %d servers, after a clean stop", n), Value: c.program.took.Seconds(), Unit: "s", Aim: 5, Most: true})
	c.program.kill()
	if err := c.again(ctx, l); err != nil {
		return err
	}
	l.tell("start", "start to ready after kill -9", c.program.took.Seconds(), "s")
	if err := c.program.stop(); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(c.program.data, "snapshots")); err != nil {
		return err
	}
	if err := c.again(ctx, l); err != nil {
		return err
	}
	said, in, err := c.program.start()
	if err != nil {
		return err
	}
	l.report(figure{Scenario: "start", What: fmt.Sprintf("fold of the whole log, %d frames, %d events", said.Frames, said.Events), Value: float64(said.Events) / max(in, time.Millisecond).Seconds(), Unit: "/s", Aim: 200000})
	l.tell("start", "start to ready without a snapshot", c.program.took.Seconds(), "s")
	return nil
}
