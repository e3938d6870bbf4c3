package sim_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/infra/sim"
	"skylog/workers/compute"
)

// passage is a machine that runs on one bench and shall go to another.
type passage struct {
	*testing.T
	from, to *bench
}

// newPassage makes the machine, in a bubble's time.
func newPassage(t *testing.T, fails string) passage {
	wire := sim.NewWire()
	p := passage{t, newBench(t, ""), newBench(t, fails)}
	p.from.Wire, p.to.Wire = wire, wire
	p.from.Weather.Latency = time.Second
	p.from.Until(t.Context())
	p.from.do(want("a", 1, compute.Running, "p"))
	return p
}

// arriving is the want of where the machine goes.
func arriving(generation uint64) compute.ServerWant {
	w := want("a", generation, compute.Running, "p")
	w.Arrival = "m"
	return w
}

// endpoint makes the other host ready and returns where it waits.
func (p passage) endpoint() string {
	p.Helper()
	p.to.do(arriving(2))
	return p.to.last().(cmd.ReportServerAwaited).Endpoint
}

func departing(generation uint64, endpoint string, how func(*compute.Departure)) compute.ServerWant {
	w := want("a", generation, compute.Running, "p")
	w.Departure = &compute.Departure{Migration: "m", Endpoint: endpoint}
	if how != nil {
		how(w.Departure)
	}
	return w
}

func abort(d *compute.Departure) { d.Abort = true }

// told are the reports of a type.
func told[R commands.Command](b *bench) (all []R) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.reports {
		if one, ok := r.(R); ok {
			all = append(all, one)
		}
	}
	return all
}

// pass lets so much of a bubble's time pass.
func pass(d time.Duration) { <-time.After(d) }

func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

func TestAMachineGoesFromHostToHostWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPassage(t, "")
		there := p.endpoint()
		p.to.expect("before it is sent there", p.to.machines())
		p.to.expect("ports there", p.to.ports(), "p")
		p.from.do(departing(3, there, nil))
		p.from.do(departing(3, there, nil)) // a resync
		pass(time.Minute)
		p.from.expect("after it was sent here", p.from.machines())
		p.to.expect("after it was sent there", p.to.machines(), "a running")
		if sent := told[cmd.ReportServerSent](p.from); len(sent) != 1 || sent[0].Migration != "m" || sent[0].ID != "a" {
			t.Errorf("reported was %+v", p.from.reports)
		}
		p.from.do(departing(4, there, nil)) // nobody may have heard it
		if sent := told[cmd.ReportServerSent](p.from); len(sent) != 2 {
			t.Errorf("that it was sent was reported %d times, want once more", len(sent))
		}
		p.to.do(want("a", 5, compute.Running, "p"))
		p.from.do(gone("a", 5, "p"))
		p.from.expect("ports here", p.from.ports())
		p.to.expect("at the end there", p.to.machines(), "a running")
		if r, ok := p.to.last().(cmd.ReportServer); !ok || r.Power != cmd.Running || r.Generation != 5 {
			t.Errorf("the other host reported %+v", p.to.last())
		}
	})
}

func TestEveryStepOfAnArrivalThatFailsOnceIsDoneTheSecondTime(t *testing.T) {
	for _, step := range []string{"plug", "fetch", "receive", "report"} {
		inBubble(t, step, func(t *testing.T) {
			p := newPassage(t, step)
			if err := p.to.Reconcile(t.Context(), arriving(2)); !errors.Is(err, errOnce) {
				t.Fatalf("the first time: %v, want that it failed", err)
			}
			first := p.endpoint()
			p.to.do(arriving(2))
			if all := told[cmd.ReportServerAwaited](p.to); len(all) != 1 || all[0].Endpoint != first {
				t.Errorf("reported was %+v, want one place, once", all)
			}
			p.to.do(gone("a", 3, "p"))
			p.to.expect("ports when it shall not come any more", p.to.ports())
			if waits := p.to.Awaits(); len(waits) > 0 {
				t.Errorf("it still waits for %q", waits)
			}
		})
	}
}

func TestAMachineThatCantBeSentStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPassage(t, "")
		there := p.endpoint()
		p.to.do(gone("a", 3, "p")) // nobody waits there any more
		p.from.do(departing(4, there, nil))
		pass(time.Minute)
		p.from.expect("machines", p.from.machines(), "a running")
		if stayed := told[cmd.ReportServerStayed](p.from); len(stayed) != 1 || stayed[0].Reason == "" || stayed[0].Power != cmd.Running {
			t.Errorf("reported was %+v", stayed)
		}
	})
}

func TestASendingThatFailsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPassage(t, "")
		there := p.endpoint()
		p.from.fails = "send"
		p.from.do(departing(3, there, nil))
		pass(time.Minute)
		if n := p.from.count("send"); n != 2 || len(told[cmd.ReportServerSent](p.from)) != 1 {
			t.Errorf("it was sent %d times, reported was %+v", n, p.from.reports)
		}
	})
}

func TestWhereAMachineIsIsAskedUntilItIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPassage(t, "")
		there := p.endpoint()
		p.from.undecided = 5
		p.from.do(departing(3, there, nil))
		pass(time.Minute)
		if told := len(told[cmd.ReportServerSent](p.from)) + len(told[cmd.ReportServerStayed](p.from)); told > 0 {
			t.Fatal("it was reported though it wasn't known")
		}
		p.from.do(departing(3, there, nil))
		pass(time.Minute)
		if len(told[cmd.ReportServerSent](p.from)) != 1 {
			t.Errorf("reported was %+v", p.from.reports)
		}
	})
}

func TestASendingIsAborted(t *testing.T) {
	inBubble(t, "while it goes on", func(t *testing.T) {
		p := newPassage(t, "")
		there := p.endpoint()
		p.from.do(departing(3, there, nil))
		pass(3 * time.Second)
		p.from.do(departing(4, there, abort))
		p.from.expect("machines", p.from.machines(), "a running")
		if len(told[cmd.ReportServerStayed](p.from)) == 0 || len(told[cmd.ReportServerSent](p.from)) > 0 {
			t.Errorf("reported was %+v", p.from.reports)
		}
	})
	inBubble(t, "when it is over", func(t *testing.T) {
		p := newPassage(t, "")
		there := p.endpoint()
		p.from.do(departing(3, there, nil))
		pass(time.Minute)
		p.from.do(departing(4, there, abort))
		if len(told[cmd.ReportServerStayed](p.from)) > 0 || len(told[cmd.ReportServerSent](p.from)) == 0 {
			t.Errorf("reported was %+v", p.from.reports)
		}
	})
	inBubble(t, "by an agent that didn't begin it", func(t *testing.T) {
		p := newPassage(t, "")
		there := p.endpoint()
		p.from.do(departing(3, there, abort))
		p.from.expect("machines", p.from.machines(), "a running")
		if len(told[cmd.ReportServerStayed](p.from)) != 1 {
			t.Errorf("reported was %+v", p.from.reports)
		}
	})
	inBubble(t, "by one that didn't hear that it is over", func(t *testing.T) {
		p := newPassage(t, "")
		there := p.endpoint()
		p.from.do(departing(3, there, nil))
		pass(time.Minute)
		p.from.restart()
		p.from.Until(t.Context())
		p.from.do(departing(4, there, abort))
		if len(told[cmd.ReportServerStayed](p.from)) > 0 || len(told[cmd.ReportServerSent](p.from)) != 2 {
			t.Errorf("reported was %+v", p.from.reports)
		}
	})
}

func TestAnAgentThatEndsReportsNothingAndTheNextTakesTheSendingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPassage(t, "")
		there := p.endpoint()
		life, end := context.WithCancel(t.Context())
		p.from.Until(life)
		p.from.do(departing(3, there, nil))
		pass(3 * time.Second)
		end()
		pass(time.Minute)
		if len(told[cmd.ReportServerStayed](p.from)) > 0 {
			t.Errorf("reported was %+v", p.from.reports)
		}
		p.from.restart()
		if err := p.from.Reconcile(t.Context(), departing(3, there, nil)); err == nil {
			t.Error("a machine is sent by a host that isn't up yet")
		}
		p.from.Until(t.Context())
		p.from.do(departing(3, there, nil))
		pass(time.Minute)
		p.to.expect("machines there", p.to.machines(), "a running")
	})
}

func TestAHurriedMachineIsThereAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPassage(t, "")
		there := p.endpoint()
		p.from.Weather.Latency = time.Minute
		p.from.do(departing(3, there, nil))
		pass(time.Second)
		p.from.do(departing(4, there, func(d *compute.Departure) { d.Hurry = true }))
		pass(2 * time.Minute)
		p.to.expect("machines there", p.to.machines(), "a running")
	})
}

func TestProgressIsToldNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPassage(t, "")
		w := want("a", 2, compute.Running, "p")
		w.Spec.RAMMiB, w.Spec.Disk.SizeGiB = 2048, 600
		p.from.do(w)
		there := p.endpoint()
		p.from.do(departing(3, there, nil))
		pass(time.Hour)
		all := told[cmd.ReportServerProgress](p.from)
		if len(all) < 20 || len(all) > 120 {
			t.Errorf("of 600 steps that take a quarter of an hour %d were told", len(all))
		}
		if !slices.IsSortedFunc(all, func(a, b cmd.ReportServerProgress) int { return int(a.DiskSent>>20) - int(b.DiskSent>>20) }) || all[0].DiskTotal != 600<<30 || all[0].MemoryTotal != 2<<30 {
			t.Errorf("it went from %+v to %+v", all[0], all[len(all)-1])
		}
	})
}

func TestAMachineThatIsDeletedOnItsWayIsGoneFromBothHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPassage(t, "")
		there := p.endpoint()
		p.from.do(departing(3, there, nil))
		pass(3 * time.Second)
		var group sync.WaitGroup
		for _, b := range []*bench{p.from, p.to} {
			group.Go(func() { b.do(gone("a", 4, "p")) })
		}
		group.Wait()
		pass(time.Minute)
		for _, b := range []*bench{p.from, p.to} {
			b.expect("machines", b.machines())
			b.expect("ports", b.ports())
		}
	})
}
