package sim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/infra/sim"
	"skylog/workers/compute"
)

// flaky is a simulated host of which one step fails once, named by its method.
type flaky struct {
	*sim.Host
	mu     sync.Mutex
	fails  string
	failed bool
	calls  []string

	undecided int // how often it isn't known where a machine is
}

var errOnce = errors.New("it failed once")

func (f *flaky) once(step string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, step)
	if step == f.fails && !f.failed {
		f.failed = true
		return errOnce
	}
	return nil
}

func (f *flaky) count(step string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		if c == step {
			n++
		}
	}
	return n
}

func (f *flaky) Plug(ctx context.Context, p compute.PortSpec) (compute.Attachment, error) {
	if err := f.once("plug"); err != nil {
		return compute.Attachment{}, err
	}
	return f.Host.Plug(ctx, p)
}

func (f *flaky) Unplug(ctx context.Context, id string) error {
	return errors.Join(f.once("unplug"), f.Host.Unplug(ctx, id))
}

func (f *flaky) Fetch(ctx context.Context, r compute.ImageRef) (string, error) {
	if err := f.once("fetch"); err != nil {
		return "", err
	}
	return f.Host.Fetch(ctx, r)
}

func (f *flaky) Apply(ctx context.Context, m compute.MachineSpec) (compute.Machine, error) {
	if err := f.once("apply"); err != nil {
		return compute.Machine{}, err
	}
	return f.Host.Apply(ctx, m)
}

func (f *flaky) Receive(ctx context.Context, m compute.MachineSpec) (string, error) {
	if err := f.once("receive"); err != nil {
		return "", err
	}
	return f.Host.Receive(ctx, m)
}

func (f *flaky) Send(ctx context.Context, id, endpoint string, progress func(compute.Progress)) error {
	if err := f.once("send"); err != nil {
		return err
	}
	f.mu.Lock()
	f.undecided--
	undecided := f.undecided >= 0
	f.mu.Unlock()
	if undecided {
		return compute.ErrUndecided
	}
	return f.Host.Send(ctx, id, endpoint, progress)
}

func (f *flaky) Destroy(ctx context.Context, id string) error {
	return errors.Join(f.once("destroy"), f.Host.Destroy(ctx, id))
}

func (f *flaky) Quarantine(ctx context.Context, id string) error {
	return errors.Join(f.once("quarantine"), f.Host.Quarantine(ctx, id))
}

// bench is an agent's Booter on a flaky host, and what it reported.
type bench struct {
	t *testing.T
	*flaky
	*compute.Booter
	reports []commands.Command
}

func newBench(t *testing.T, fails string) *bench {
	b := &bench{t: t, flaky: &flaky{fails: fails, Host: sim.NewHost("host", 1, compute.Facts{}, sim.Weather{})}}
	b.restart()
	return b
}

// restart is another agent on the same host.
func (b *bench) restart() {
	b.Booter = &compute.Booter{Name: "host", Hypervisor: b.flaky, Network: b.flaky, Images: b.flaky, Groups: &compute.Groups{}, Clock: time.Now,
		ConfigDrive: func(compute.Metadata) ([]byte, error) { return nil, nil },
		Report: func(_ context.Context, c commands.Command) error {
			if err := b.once("report"); err != nil {
				return err
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			b.reports = append(b.reports, c)
			return nil
		}}
}

func (b *bench) do(want compute.ServerWant) {
	b.t.Helper()
	if err := b.Reconcile(b.t.Context(), want); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) last() commands.Command {
	b.t.Helper()
	if len(b.reports) == 0 {
		b.t.Fatal("nothing was reported")
	}
	return b.reports[len(b.reports)-1]
}

func (b *bench) machines() (ids []string) {
	all, _ := b.Host.Machines(b.t.Context())
	for _, m := range all {
		ids = append(ids, fmt.Sprintf("%s %s", m.ID, m.Power))
	}
	slices.Sort(ids)
	return ids
}

func (b *bench) ports() []string {
	ids, _ := b.Host.Ports(b.t.Context())
	slices.Sort(ids)
	return ids
}

func (b *bench) expect(what string, got []string, want ...string) {
	b.t.Helper()
	if !slices.Equal(got, want) {
		b.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func want(id string, generation uint64, power compute.Power, ports ...string) compute.ServerWant {
	w := compute.ServerWant{ID: id, Host: "host", Generation: generation, Wish: generation, Metadata: &compute.Metadata{},
		Spec: compute.MachineSpec{ID: id, Power: power}}
	for _, p := range ports {
		w.Ports = append(w.Ports, compute.PortSpec{ID: p})
	}
	return w
}

func gone(id string, generation uint64, ports ...string) compute.ServerWant {
	return compute.ServerWant{ID: id, Host: "host", Generation: generation, Wish: generation, Gone: true, PortIDs: ports}
}

func TestEveryStepThatFailsOnceIsDoneTheSecondTime(t *testing.T) {
	for _, step := range []string{"plug", "fetch", "apply", "report"} {
		t.Run(step, func(t *testing.T) {
			b := newBench(t, step)
			w := want("a", 1, compute.Running, "p1", "p2")
			if err := b.Reconcile(t.Context(), w); !errors.Is(err, errOnce) {
				t.Fatalf("the first time: %v, want that it failed", err)
			}
			b.do(w)
			b.expect("machines", b.machines(), "a running")
			b.expect("ports", b.ports(), "p1", "p2")
			if r, ok := b.last().(cmd.ReportServer); !ok || r.Power != cmd.Running || r.Generation != 1 || len(b.reports) != 1 {
				t.Errorf("reported was %+v", b.reports)
			}
			b.do(w) // once more, nothing is new
			if len(b.reports) != 1 {
				t.Errorf("what had been reported was reported again: %+v", b.reports)
			}
		})
	}
	for _, step := range []string{"destroy", "unplug", "report"} {
		t.Run(step+" when gone", func(t *testing.T) {
			b := newBench(t, "")
			b.do(want("a", 1, compute.Running, "p1", "p2"))
			b.fails = step
			if err := b.Reconcile(t.Context(), gone("a", 2, "p1", "p2")); !errors.Is(err, errOnce) {
				t.Fatalf("the first time: %v, want that it failed", err)
			}
			b.do(gone("a", 2, "p1", "p2"))
			b.expect("machines", b.machines())
			b.expect("ports", b.ports())
			if r, ok := b.last().(cmd.ReportServerGone); !ok || r.ID != "a" {
				t.Errorf("reported was %+v", b.reports)
			}
		})
	}
}

func TestAnOlderWantIsDropped(t *testing.T) {
	b := newBench(t, "")
	b.do(want("a", 5, compute.Stopped))
	b.do(want("a", 4, compute.Running))
	b.expect("machines", b.machines(), "a stopped")
	b.restart() // who comes anew learns from the machine how far it was
	b.do(want("a", 4, compute.Running))
	b.expect("machines", b.machines(), "a stopped")
	b.do(gone("a", 6))
	b.do(want("a", 5, compute.Running))
	b.expect("a machine that is gone comes back", b.machines())
	if len(b.reports) != 2 {
		t.Errorf("reported was %+v, want one state and that it is gone", b.reports)
	}
}

func TestAWantThatWasReplacedEndsWithItsContext(t *testing.T) {
	b := newBench(t, "")
	b.Weather.Latency = time.Hour
	ctx, replace := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- b.Reconcile(ctx, want("a", 1, compute.Running)) }()
	for deadline := time.Now().Add(5 * time.Second); b.count("apply") == 0; {
		if time.Now().After(deadline) {
			t.Fatal("it was never begun")
		}
	}
	replace()
	if err := <-done; !errors.Is(err, context.Canceled) || len(b.reports) > 0 {
		t.Fatalf("it ended with %v and %+v, want that it was broken off", err, b.reports)
	}
	b.Weather.Latency = 0
	b.do(want("a", 2, compute.Paused))
	b.expect("machines", b.machines(), "a paused")
}

func TestWhatCanNeverBeIsReportedAsFailed(t *testing.T) {
	b := newBench(t, "")
	b.Weather.Breaking = 1
	w := want("a", 3, compute.Running)
	err := b.Reconcile(t.Context(), w)
	if !errors.Is(err, compute.ErrPermanent) {
		t.Fatalf("%v, want a permanent error", err)
	}
	if err := b.Failed(t.Context(), w, fmt.Errorf("%w %s", err, strings.Repeat("x", 2000))); err != nil {
		t.Fatal(err)
	}
	if r, ok := b.last().(cmd.ReportServerFailed); !ok || r.Generation != 3 || r.Host != "host" || len(r.Reason) != 500 {
		t.Errorf("reported was %+v", b.last())
	}
}

func TestAGuestThatStopsByItselfIsReportedUnderItsWish(t *testing.T) {
	b := newBench(t, "")
	if err := b.Changed(t.Context(), compute.Machine{ID: "a", Power: compute.Stopped}); err != nil || len(b.reports) > 0 {
		t.Fatalf("before its first want: %v, %+v", err, b.reports)
	}
	b.do(want("a", 7, compute.Running))
	for range 2 {
		if err := b.Changed(t.Context(), compute.Machine{ID: "a", Power: compute.Stopped}); err != nil {
			t.Fatal(err)
		}
	}
	if r, ok := b.last().(cmd.ReportServer); !ok || r.Power != cmd.Stopped || r.Generation != 7 || len(b.reports) != 2 {
		t.Errorf("reported was %+v", b.reports)
	}
}

func TestAGuestThatPowersItselfOffStaysOffUntilANewerWant(t *testing.T) {
	b := newBench(t, "")
	b.do(want("a", 1, compute.Running))
	b.PowerOff("a")
	b.do(want("a", 1, compute.Running))
	b.expect("by the same want", b.machines(), "a stopped")
	if r, ok := b.last().(cmd.ReportServer); !ok || r.Power != cmd.Stopped {
		t.Errorf("reported was %+v, want that it is off", b.reports)
	}
	b.do(want("a", 2, compute.Running))
	b.expect("by a newer want", b.machines(), "a running")
}

func TestAServerThatIsGoneStaysGoneThoughItsReportWasNotAnswered(t *testing.T) {
	b := newBench(t, "")
	b.do(want("a", 5, compute.Running, "p"))
	report := b.Report
	b.Report = func(ctx context.Context, c commands.Command) error { return errors.Join(report(ctx, c), errOnce) }
	if err := b.Reconcile(t.Context(), gone("a", 6, "p")); !errors.Is(err, errOnce) {
		t.Fatalf("the report ended with %v", err)
	}
	b.do(want("a", 5, compute.Running, "p")) // it came late, and the cell will not ask for its end again
	b.expect("machines after the late want", b.machines())
	b.expect("ports after the late want", b.ports())
	b.Report = report
	b.do(gone("a", 6, "p"))
	if _, ok := b.last().(cmd.ReportServerGone); !ok || len(b.reports) != 3 {
		t.Errorf("reported was %+v, want once more that it is gone", b.reports)
	}
}

func TestAnOlderWantIsDroppedOnceANewerOneCame(t *testing.T) {
	b := newBench(t, "destroy")
	b.do(want("a", 5, compute.Running))
	if err := b.Reconcile(t.Context(), gone("a", 7)); !errors.Is(err, errOnce) {
		t.Fatalf("the first time: %v, want that it failed", err)
	}
	b.do(want("a", 6, compute.Paused))
	b.expect("machines", b.machines()) // the simulated host destroys and then says that it failed
}

func TestAnAgentThatComesAnewTakesOverWhatRuns(t *testing.T) {
	b := newBench(t, "")
	b.do(want("a", 1, compute.Running, "p"))
	b.restart()
	b.do(want("a", 1, compute.Running, "p"))
	b.expect("machines", b.machines(), "a running")
	if r, ok := b.last().(cmd.ReportServer); !ok || r.Generation != 1 || len(b.reports) != 2 {
		t.Errorf("reported was %+v, want the state once more", b.reports)
	}
}

func TestAPortThatAServerHasNoMoreIsUnplugged(t *testing.T) {
	b := newBench(t, "")
	b.do(want("a", 1, compute.Running, "p", "q"))
	b.do(want("a", 2, compute.Running, "p"))
	b.expect("ports", b.ports(), "p")
}

func TestAPortThatMovedToAnotherServerStays(t *testing.T) {
	b := newBench(t, "")
	b.do(want("a", 1, compute.Running, "p"))
	b.do(want("b", 2, compute.Running, "p"))
	b.do(want("a", 3, compute.Running))
	b.expect("after the server it left changed", b.ports(), "p")
	b.do(gone("a", 4, "p"))
	b.expect("after the server it left is gone", b.ports(), "p")
	b.do(gone("b", 5, "p"))
	b.expect("after its own server is gone", b.ports())
}
