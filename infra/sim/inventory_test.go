package sim_test

import (
	"context"
	"testing"

	cmd "skylog/commands/compute"
	"skylog/infra/sim"
	"skylog/workers"
	"skylog/workers/compute"
)

// sync is one reading of all wants: taken is the inventory ahead of it.
func (b *bench) sync(taken *compute.Inventory, complete bool, wanted ...string) {
	b.t.Helper()
	for _, id := range wanted {
		taken.Wanted(compute.Kind, id)
	}
	if complete {
		taken.Wanted(workers.CompleteKind, workers.CompleteID)
	}
	if err := taken.Settle(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) take() *compute.Inventory {
	b.t.Helper()
	i, err := b.Inventory(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return i
}

// stray is a host on which a, b and c run with a port each, and an agent that is new.
func stray(t *testing.T, fails string) *bench {
	b := newBench(t, fails)
	for _, id := range []string{"a", "b", "c"} {
		b.do(want(id, 1, compute.Running, "port of "+id))
	}
	b.restart()
	b.reports = nil
	return b
}

func TestWhatNobodyWantsIsReportedAndThenSetAside(t *testing.T) {
	b := stray(t, "")
	first := b.take()
	b.do(want("a", 1, compute.Running, "port of a"))
	b.do(want("b", 1, compute.Running, "port of b"))
	b.sync(first, true, "a", "b")
	if r, ok := b.last().(cmd.ReportOrphan); !ok || r.ID != "c" || r.Host != "host" {
		t.Fatalf("reported was %+v", b.reports)
	}
	b.expect("after the first inventory", b.machines(), "a running", "b running", "c running")
	b.expect("after the first inventory", b.ports(), "port of a", "port of b", "port of c")
	for range 2 {
		b.sync(b.take(), true, "a", "b")
		b.expect("after the second inventory", b.machines(), "a running", "b running")
		b.expect("set aside", b.Aside(), "c")
		b.expect("after the second inventory", b.ports(), "port of a", "port of b")
	}
}

func TestWithoutTheWordThatAllWantsAreThereNothingIsTouched(t *testing.T) {
	b := stray(t, "")
	for range 5 { // WANT is empty still, or being filled
		b.sync(b.take(), false)
		b.sync(b.take(), false, "a")
	}
	b.expect("machines", b.machines(), "a running", "b running", "c running")
	b.expect("ports", b.ports(), "port of a", "port of b", "port of c")
	if len(b.reports) > 0 {
		t.Errorf("reported was %+v", b.reports)
	}
}

func TestAnIncompleteReadingBetweenTwoCompleteOnesDoesNotCount(t *testing.T) {
	b := stray(t, "")
	b.sync(b.take(), true, "a", "b")
	b.sync(b.take(), false)
	b.expect("machines", b.machines(), "a running", "b running", "c running")
}

func TestAMachineMadeWhileWantsAreReadIsNoOrphan(t *testing.T) {
	b := newBench(t, "")
	for generation := uint64(1); generation < 4; generation++ {
		taken := b.take()
		b.do(want("new", generation, compute.Running, "p")) // its want came behind those that were read
		b.sync(taken, true)
	}
	b.expect("machines", b.machines(), "new running")
	b.expect("ports", b.ports(), "p")
}

func TestAWantThatComesBetweenTheInventoriesSavesTheMachine(t *testing.T) {
	for _, name := range []string{"before the second began", "while the second was read", "and could not be carried out"} {
		t.Run(name, func(t *testing.T) {
			b := stray(t, "")
			late := func() {
				if name == "and could not be carried out" {
					b.fails = "plug"
				}
				err := b.Reconcile(t.Context(), want("c", 1, compute.Running, "port of c"))
				if (err != nil) != (b.fails != "") {
					t.Fatal(err)
				}
			}
			b.sync(b.take(), true, "a", "b")
			var second *compute.Inventory
			if name == "while the second was read" {
				second = b.take()
				late()
			} else {
				late()
				second = b.take()
			}
			b.sync(second, true, "a", "b")
			b.sync(b.take(), true, "a", "b")
			b.expect("machines", b.machines(), "a running", "b running", "c running")
			b.expect("set aside", b.Aside())
			b.expect("ports", b.ports(), "port of a", "port of b", "port of c")
		})
	}
}

func TestWhatIsReadCountsAsWantedHoweverLateItsWantIsCarriedOut(t *testing.T) {
	b := stray(t, "")
	for range 3 { // the wants of b and c wait for their turn, or can't be read
		b.do(want("a", 1, compute.Running, "port of a"))
		b.sync(b.take(), true, "a", "b", "c")
	}
	b.expect("machines", b.machines(), "a running", "b running", "c running")
	b.expect("ports of servers that aren't known yet", b.ports(), "port of a", "port of b", "port of c")
}

func TestAMachineWhoseWantCannotBeMadeStaysAsItIs(t *testing.T) {
	b := stray(t, "")
	for range 3 {
		taken := b.take()
		b.do(want("a", 1, compute.Running, "port of a"))
		b.do(want("b", 1, compute.Running, "port of b"))
		b.do(compute.ServerWant{ID: "c", Host: "host", Generation: 9, Leave: true, PortIDs: []string{"port of c"}})
		b.sync(taken, true, "a", "b", "c")
	}
	b.expect("machines", b.machines(), "a running", "b running", "c running")
	b.expect("ports", b.ports(), "port of a", "port of b", "port of c")
}

func TestSettingAsideThatFailsIsTriedAgainAndPortsWaitForIt(t *testing.T) {
	b := stray(t, "quarantine")
	taken := b.take()
	b.do(want("a", 1, compute.Running, "port of a"))
	b.do(want("b", 1, compute.Running, "port of b"))
	b.sync(taken, true, "a", "b")
	second := b.take()
	for _, id := range []string{"a", "b"} {
		second.Wanted(compute.Kind, id)
	}
	second.Wanted(workers.CompleteKind, workers.CompleteID)
	b.Weather.Failing = 1
	if err := second.Settle(context.Background()); err == nil {
		t.Fatal("a failure to set a machine aside is not told")
	}
	b.expect("ports of a machine that is there", b.ports(), "port of a", "port of b", "port of c")
	b.Weather.Failing = 0
	b.sync(b.take(), true, "a", "b")
	b.expect("set aside", b.Aside(), "c")
	b.expect("ports", b.ports(), "port of a", "port of b")
}

// slowly is a host whose setting aside waits to be let go.
type slowly struct {
	*flaky
	entered, release chan struct{}
}

func (s slowly) Quarantine(ctx context.Context, id string) error {
	close(s.entered)
	<-s.release
	return s.flaky.Quarantine(ctx, id)
}

func TestAWantForAMachineThatIsBeingSetAsideWaits(t *testing.T) {
	b := stray(t, "")
	slow := slowly{b.flaky, make(chan struct{}), make(chan struct{})}
	b.Hypervisor = slow
	b.sync(b.take(), true, "a", "b")
	second, done := b.take(), make(chan struct{})
	go func() {
		b.sync(second, true, "a", "b")
		close(done)
	}()
	<-slow.entered
	if err := b.Reconcile(t.Context(), want("c", 2, compute.Running)); err == nil {
		t.Error("a want was carried out on a machine that is being set aside")
	}
	close(slow.release)
	<-done
	b.do(want("c", 2, compute.Running))
	b.expect("machines", b.machines(), "a running", "b running", "c running")
}

var _ compute.Hypervisor = (*sim.Host)(nil)
