package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// benchmark runs a Go benchmark of this tree and returns its metrics by name and unit.
func benchmark(ctx context.Context, dir, name, time string) (map[string]map[string]float64, error) {
	out, err := exec.CommandContext(ctx, "go", "test", dir, "-run", "^$", "-bench", "^"+name+"$", "-benchtime", time).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("benchmark %s: %w\n%s", name, err, out)
	}
	all := map[string]map[string]float64{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], name) {
			continue
		}
		units := map[string]float64{}
		for i := 2; i+1 < len(fields); i += 2 {
			if units[fields[i+1]], err = strconv.ParseFloat(fields[i], 64); err != nil {
				return nil, fmt.Errorf("benchmark line %q: %w", lines.Text(), err)
			}
		}
		full, _, _ := strings.Cut(fields[0], "-") // behind it stands the number of processors
		all[full] = units
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("benchmark %s printed nothing:\n%s", name, out)
	}
	return all, nil
}

// commands is how fast commands become durable before HTTP: the cell on JetStream
// with every message synced to the disk before it is acknowledged.
func commands(ctx context.Context, l *load) error {
	const name = "BenchmarkDo"
	all, err := benchmark(ctx, "skylog/infra/cell", name, fmt.Sprintf("%.1fs", max(0.3, 3*l.scale)))
	if err != nil {
		return err
	}
	for _, c := range []struct {
		callers string
		aim     float64
	}{{"1", 0}, {"16", 0}, {"128", 20000}, {"1024", 40000}} {
		units, ok := all[name+"/callers="+c.callers]
		if !ok {
			return fmt.Errorf("%s says nothing of %s callers", name, c.callers)
		}
		p50 := figure{Scenario: "commands", What: "durable command before HTTP p50, " + c.callers + " callers", Value: units["p50-ms"], Unit: "ms"}
		if c.callers == "1" {
			p50.Aim, p50.Most = 1, true
		}
		l.report(p50)
		l.tell("commands", "the same, p99", units["p99-ms"], "ms")
		l.tell("commands", "processor time of a command, all in", units["cpu-µs/op"], "µs")
		l.report(figure{Scenario: "commands", What: "durable commands before HTTP, " + c.callers + " callers", Value: units["commands/s"], Unit: "/s", Aim: c.aim})
	}
	return nil
}

// checks is what opening a token and resolving its roles costs.
func (l *load) checks(ctx context.Context) error {
	const name = "BenchmarkCheckToken"
	all, err := benchmark(ctx, "skylog/e2e/identity", name, fmt.Sprintf("%.1fs", max(0.3, 2*l.scale)))
	if err != nil {
		return err
	}
	l.report(figure{Scenario: "tokens", What: "token checks before HTTP, on all processors", Value: 1e9 / max(1, all[name]["ns/op"]), Unit: "/s", Aim: 20000})
	return nil
}
