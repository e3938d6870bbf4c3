// Command loadtest measures a skylog of its own in a folder of its own and
// prints each figure beside its aim. It sees the wire only: it starts the built
// program, speaks HTTP to it, reads its log lines and what the kernel says of
// the process. What lies before HTTP it takes from the benchmarks of the tree.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// scenario is one thing to measure. Those that share a cloud run in their order.
type scenario struct {
	name  string
	limit time.Duration
	run   func(context.Context, *load) error
}

var scenarios = []scenario{
	{"commands", 2 * time.Minute, commands},
	{"idle", 30 * time.Second, idle},
	{"tokens", 2 * time.Minute, tokens},
	{"create", 2 * time.Minute, create},
	{"list", 3 * time.Minute, list},
	{"start", time.Minute, start},
	{"crowd", 90 * time.Second, crowd},
	{"boot", 2 * time.Minute, boot},
}

// load is one run.
type load struct {
	scale   float64
	binary  string
	dir     string
	hosts   int
	profile string // folder for profiles, empty for none
	cloud   *cloud // shared by those who need many servers
	figures []figure
	out     io.Writer
}

// figure is one measured number.
type figure struct {
	Scenario string  `json:"scenario"`
	What     string  `json:"what"`
	Value    float64 `json:"value"`
	Unit     string  `json:"unit"`
	Aim      float64 `json:"aim,omitempty"` // 0: only told
	Most     bool    `json:"most,omitempty"`
	Note     string  `json:"note,omitempty"`
}

// met says whether the aim was reached, in a word.
func (f figure) met() string {
	switch {
	case f.Aim == 0:
		return ""
	case f.Most && f.Value <= f.Aim, !f.Most && f.Value >= f.Aim:
		return "met"
	}
	return "MISSED"
}

// scaled is how many of n things this run makes.
func (l *load) scaled(n int) int { return max(1, int(float64(n)*l.scale)) }

func (l *load) report(f figure) {
	l.figures = append(l.figures, f)
	aim := ""
	if f.Aim != 0 {
		word := "at least"
		if f.Most {
			word = "at most"
		}
		aim = fmt.Sprintf("%s %s %s", word, number(f.Aim), f.Unit)
	}
	fmt.Fprintf(l.out, "%-9s %-58s %10s %-7s %-22s %-7s %s\n", f.Scenario, f.What, number(f.Value), f.Unit, aim, f.met(), f.Note)
}

// tell reports a number without an aim.
func (l *load) tell(scenario, what string, value float64, unit string) {
	l.report(figure{Scenario: scenario, What: what, Value: value, Unit: unit})
}

func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := measure(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "loadtest:", err)
		os.Exit(1)
	}
}

// wholeLimit bounds a run.
const wholeLimit = 8 * time.Minute

func measure(ctx context.Context, args []string) (err error) {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	flags := flag.NewFlagSet("loadtest", flag.ContinueOnError)
	l := &load{out: os.Stdout}
	only := flags.String("only", "", "scenarios to run, with commas between: "+strings.Join(names, ","))
	flags.Float64Var(&l.scale, "scale", 1, "share of the counts to run with, 0.01 to 1; the aims stay")
	flags.IntVar(&l.hosts, "hosts", 1000, "how many simulated hosts")
	flags.StringVar(&l.binary, "skylog", "", "the program to measure (default: built anew)")
	flags.StringVar(&l.profile, "profile", "", "folder to write processor profiles of the server to, one a scenario")
	asJSON := flags.Bool("json", false, "print the figures as JSON, progress on standard error")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if l.scale < 0.01 || l.scale > 1 || l.hosts < 1 || l.hosts > 10000 {
		return errors.New("-scale must be 0.01 to 1 and -hosts 1 to 10000")
	}
	wanted := names
	if *only != "" {
		wanted = strings.Split(*only, ",")
	}
	for _, name := range wanted {
		if !slices.Contains(names, name) {
			return fmt.Errorf("no scenario %q: there are %s", name, strings.Join(names, ", "))
		}
	}
	if *asJSON {
		l.out = os.Stderr
	}
	ctx, cancel := context.WithTimeout(ctx, wholeLimit)
	defer cancel()
	if l.dir, err = os.MkdirTemp("", "skylog-load-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(l.dir)) }()
	defer func() { l.close() }()
	if err := l.build(ctx); err != nil {
		return err
	}
	return errors.Join(l.runAll(ctx, wanted), l.print(*asJSON))
}

// build makes the program to measure, unless one was named.
func (l *load) build(ctx context.Context) error {
	if l.binary != "" {
		return nil
	}
	l.binary = filepath.Join(l.dir, "skylog")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", l.binary, "skylog").CombinedOutput(); err != nil {
		return fmt.Errorf("build skylog: %w\n%s", err, out)
	}
	return nil
}

// runAll goes on behind a scenario that failed: the others still tell something.
func (l *load) runAll(ctx context.Context, wanted []string) (failed error) {
	fmt.Fprintf(l.out, "%s, load average at the start %s\n", machine(), loadAverage())
	for _, s := range scenarios {
		if !slices.Contains(wanted, s.name) || ctx.Err() != nil {
			continue
		}
		began := time.Now()
		one, cancel := context.WithTimeout(ctx, s.limit)
		err := s.run(one, l)
		cancel()
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", s.name, err))
			fmt.Fprintf(l.out, "%-9s FAILED: %v\n", s.name, err)
		}
		fmt.Fprintf(l.out, "%-9s took %.1f s, load average %s\n", s.name, time.Since(began).Seconds(), loadAverage())
	}
	return errors.Join(failed, ctx.Err())
}

func (l *load) print(asJSON bool) error {
	if !asJSON {
		return nil
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(l.figures)
}

// close ends the shared cloud.
func (l *load) close() {
	if l.cloud != nil && l.cloud.program != nil { // one that did not start again has none
		l.cloud.program.kill()
	}
	l.cloud = nil
}
