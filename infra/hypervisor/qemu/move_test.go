package qemu

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"skylog/workers/compute"
)

// pair is a bench whose machine has a host to go to.
type pair struct {
	*bench
	there     *Driver
	thereSpec compute.MachineSpec
	endpoint  string
}

func newPair(t *testing.T, change ...func(*compute.MachineSpec)) *pair {
	t.Helper()
	p := &pair{bench: newBench(t)}
	s := p.spec(change...)
	p.apply(s)
	p.thereSpec = s
	p.thereSpec.Generation++
	p.thereSpec.NICs = []compute.NIC{{PortID: "one", MAC: "fa:16:3e:00:00:01", MTU: 1450, Attachment: compute.Attachment{Tap: "tap2"}}}
	p.openThere()
	t.Cleanup(func() {
		if err := p.there.Destroy(context.Background(), someID); err != nil {
			t.Error(err)
		}
		p.there.Close()
	})
	p.receive()
	return p
}

func (p *pair) openThere() {
	p.t.Helper()
	var err error
	if p.there, err = New(p.ctx, Config{Dir: p.config.Dir + "-2", Host: p.config.Host}); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) receive() {
	p.t.Helper()
	var err error
	if p.endpoint, err = p.there.Receive(p.ctx, p.thereSpec); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) send() error {
	return p.Send(p.ctx, someID, p.endpoint, func(compute.Progress) {})
}

// powers are how the machine is on either host, whatever the drivers say.
func (p *pair) powers() (here, there compute.Power) {
	p.t.Helper()
	look := func(d *Driver) compute.Power {
		m := d.machine(someID)
		if err := m.enter(p.ctx); err != nil {
			p.t.Fatal(err)
		}
		defer m.leave()
		r, err := m.load()
		if err != nil {
			p.t.Fatal(err)
		}
		s, err := m.observe(p.ctx, r)
		if err != nil {
			p.t.Fatal(err)
		}
		if !s.process {
			return "none"
		}
		return s.power
	}
	return look(p.Driver), look(p.there)
}

// want waits until it is so: the receiver takes its time to clear up.
func (p *pair) want(here, there compute.Power) {
	p.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for by := time.Now().Add(5 * time.Second); ; <-tick.C {
		h, t := p.powers()
		if h == here && t == there {
			return
		}
		if time.Now().After(by) {
			p.t.Fatalf("here it is %s and there %s, want %s and %s", h, t, here, there)
		}
	}
}

// step has the sender do something at a step.
func (p *pair) step(at string, do func() error) {
	p.setStep(func(step string) error {
		if step == at {
			return do()
		}
		return nil
	})
}

func TestAMachineGoesToAnotherHost(t *testing.T) {
	t.Parallel()
	for _, power := range []compute.Power{compute.Running, compute.Paused} {
		t.Run(string(power), func(t *testing.T) {
			t.Parallel()
			p := newPair(t, func(s *compute.MachineSpec) { s.Power = power; s.Reboots = 3 })
			os.WriteFile(filepath.Join(p.dir, someID, "console.log"), []byte("said before\n"), 0o600)
			if _, err := p.there.Apply(p.ctx, p.thereSpec); err == nil {
				t.Error("it can be made where it is awaited")
			}
			for range 2 {
				if err := p.send(); err != nil {
					t.Fatal(err)
				}
				p.want("none", power)
			}
			if _, err := p.Apply(p.ctx, p.spec()); err == nil {
				t.Error("it can be made where it has gone from")
			}
			p.thereSpec.Generation++
			m, err := p.there.Apply(p.ctx, p.thereSpec)
			if err != nil || m.Power != power || m.Generation != p.thereSpec.Generation || m.Reboots != 3 {
				t.Errorf("there it is %+v, %v", m, err)
			}
			if log, err := p.there.ConsoleLog(p.ctx, someID, 100); err != nil || string(log) != "said before\n" {
				t.Errorf("its console's log is %q, %v", log, err)
			}
			if drive, err := os.ReadFile(filepath.Join(p.there.dir, someID, "config.iso")); err != nil || string(drive) != "drive" {
				t.Errorf("its config drive is %q, %v", drive, err)
			}
			log, _ := os.ReadFile(filepath.Join(p.there.dir, someID, "guest.log"))
			want := []string{"start", "arrive"}
			if power == compute.Running {
				want = append(want, "run")
			}
			if got := strings.Fields(string(log)); !slices.Equal(got, want) {
				t.Errorf("there the guest saw %q, want %q", got, want)
			}
		})
	}
}

// TestWhereverTheProgramIsKilledAMachineRunsOnce kills both hosts' drivers, which
// may be one program, between any two steps.
func TestWhereverTheProgramIsKilledAMachineRunsOnce(t *testing.T) {
	t.Parallel()
	const lanes = 4
	for lane := range lanes {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for kill := int64(lane + 1); killed(t, kill); kill += lanes {
			}
		})
	}
}

// killed says whether there were so many steps.
func killed(t *testing.T, at int64) bool {
	p := newPair(t)
	var steps atomic.Int64
	var last string
	die := func(step string) error {
		if n := steps.Add(1); n >= at {
			if n == at {
				last = step
			}
			return errKilled
		}
		return nil
	}
	p.setStep(die)
	m := p.there.machine(someID)
	m.turn <- struct{}{}
	p.there.step = die
	m.leave()
	err := p.send()
	p.there.Close()
	p.again()
	p.openThere()
	here, there := p.powers()
	if here == compute.Running && there == compute.Running {
		t.Fatalf("killed at step %d (%s): it runs on both hosts", at, last)
	}
	if steps.Load() < at {
		p.want("none", compute.Running)
		return false
	}
	p.receive()
	for try := 0; err != nil; try++ {
		if err = p.send(); try == 3 && err != nil {
			t.Fatalf("killed at step %d (%s): %v", at, last, err)
		}
	}
	p.thereSpec.Generation++
	if _, err := p.there.Apply(p.ctx, p.thereSpec); err != nil { // so does the cell, once it knows
		t.Fatalf("killed at step %d (%s): %v", at, last, err)
	}
	p.want("none", compute.Running)
	return true
}

func TestAMachineStaysWhenItsReceiverDies(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"mirror", "memory sent", "switch", "switched", "sending", "run"} {
		t.Run("at step "+at, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.step(at, func() error {
				there := &machine{id: someID, dir: filepath.Join(p.there.dir, someID)} // QEMU dies, not its driver
				return there.kill()
			})
			if err := p.send(); err == nil || errors.Is(err, compute.ErrUndecided) {
				t.Fatalf("sent to nobody: %v", err)
			}
			p.want(compute.Running, "none")
			p.step("", nil)
			if err := p.send(); err != nil {
				t.Fatalf("not sent when all is well again: %v", err)
			}
			p.want("none", compute.Running)
		})
	}
}

func TestAMachineThatEndsOnItsWayHasCrashed(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"mirror", "memory sent", "switch"} {
		t.Run("at step "+at, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			changes := make(chan compute.Machine, 8)
			go p.Watch(p.ctx, func(m compute.Machine) { changes <- m })
			p.step(at, func() error { return (&machine{id: someID, dir: filepath.Join(p.dir, someID)}).kill() })
			if err := p.send(); err == nil || errors.Is(err, compute.ErrUndecided) {
				t.Fatalf("sent though it ended: %v", err)
			}
			p.want("none", "none")
			if m := <-changes; m.Power != compute.Crashed {
				t.Errorf("told is %+v", m)
			}
			p.apply(p.spec())
			p.want(compute.Running, "none")
		})
	}
}

func TestAMachineStaysWhenItsReceiverIsTakenBack(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.step("run", func() error { return p.there.Destroy(p.ctx, someID) })
	if err := p.send(); err == nil || errors.Is(err, compute.ErrUndecided) {
		t.Fatalf("sent to nobody: %v", err)
	}
	p.want(compute.Running, "none")
}

func TestAMachineStandsStillWhileNobodyKnowsWhereItRuns(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.step("run", func() error { return p.there.Close() })
	if err := p.send(); !errors.Is(err, compute.ErrUndecided) {
		t.Fatalf("the other host is away, and Send says %v", err)
	}
	if _, err := p.Apply(p.ctx, p.spec()); err == nil {
		t.Error("it is made anew though it may run elsewhere")
	}
	if err := p.Send(p.ctx, someID, p.endpoint+"-3", nil); err == nil {
		t.Error("it is sent to a third host though it may run on the second")
	}
	p.openThere() // where it has not arrived
	m := p.Driver
	if found, err := m.Apply(p.ctx, p.spec()); err != nil || found.Power != compute.Running {
		t.Errorf("it doesn't go on here: %+v, %v", found, err)
	}
	p.want(compute.Running, "none")
}

func TestWhoIsSentAgainAtOnceIsNotMistakenForTheOneBefore(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	first, err := call(p.ctx, p.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	q, _, err := p.machine(someID).beginSending(p.ctx, p.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.ask(p.ctx, q); err != nil {
		t.Fatal(err)
	}
	p.step("mirror", func() error { return first.Close() }) // its end comes when the next is under way
	if err := p.send(); err != nil {
		t.Fatal(err)
	}
	p.want("none", compute.Running)
}

func TestASendThatIsBrokenOffLeavesTheMachineAsItWas(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"mirror", "memory sent", "switch", "switched"} {
		t.Run("at step "+at, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			ctx, cancel := context.WithCancel(p.ctx)
			p.step(at, func() error { cancel(); return nil })
			if err := p.Send(ctx, someID, p.endpoint, func(compute.Progress) {}); err == nil {
				t.Fatal("it was sent all the same")
			}
			p.want(compute.Running, "none")
		})
	}
}

func TestAGuestStandsStillWhenThereIsHurry(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	if err := p.Hurry(p.ctx, someID); err != nil {
		t.Fatal(err)
	}
	if err := p.send(); err != nil {
		t.Fatal(err)
	}
	p.want("none", compute.Running)
	if got := p.guest(); !slices.Contains(got, "pause") {
		t.Errorf("the guest saw %q", got)
	}
}

func TestWhatCannotBeMovedIsRefused(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	refused := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, compute.ErrPermanent) {
			t.Errorf("%s: %v", what, err)
		}
		p.want(compute.Running, "none")
	}
	nowhere := func(endpoint string) error { return p.Send(p.ctx, someID, endpoint, nil) }
	refused("no endpoint", nowhere("tcp:10.0.0.1:80"))
	if err := nowhere("unix:" + filepath.Join(p.there.dir, "other", doorSocket)); err == nil {
		t.Error("sent to a host that doesn't await it")
	}
	p.want(compute.Running, "none")

	p.there.host.Accelerator = "kvm"
	refused("another accelerator", p.send())
	p.there.host.Accelerator = "tcg"

	_, err := p.there.Receive(p.ctx, p.spec(func(s *compute.MachineSpec) { s.Generation = 9; s.NICs[0].PortID = "other" }))
	if err != nil {
		t.Fatal(err)
	}
	refused("a port that isn't awaited", p.send())
	rescue := p.spec(func(s *compute.MachineSpec) { s.Rescue = &compute.Base{Path: s.Disk.BasePath, Format: "raw"} })
	_, err = p.there.Receive(p.ctx, rescue)
	refused("a rescued machine", err)
	_, err = p.there.Receive(p.ctx, p.spec(power(compute.Stopped)))
	refused("a stopped machine", err)

	power := p.spec(power(compute.Stopped))
	p.apply(power)
	if err := p.send(); !errors.Is(err, compute.ErrPermanent) {
		t.Errorf("a machine that doesn't run: %v", err)
	}
}

func TestNobodyIsLetRunWhoWasNotPrepared(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	c, err := call(p.ctx, p.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if r, err := c.ask(p.ctx, question{Do: "run", ID: someID, Power: compute.Running}); err != nil || r.Arrived {
		t.Errorf("answered %+v, %v", r, err)
	}
	if _, err := c.ask(p.ctx, question{Do: "prepare", ID: "other"}); !errors.Is(err, compute.ErrPermanent) {
		t.Errorf("another machine: %v", err)
	}
	if _, err := c.ask(p.ctx, question{Do: "dance", ID: someID}); !errors.Is(err, compute.ErrPermanent) {
		t.Errorf("another question: %v", err)
	}
	if _, err := c.ask(p.ctx, question{Do: "prepare", ID: someID, DiskBytes: 1 << 30, Launch: launch{Machine: "pc,accel=kvm", Accelerator: "tcg"}}); !errors.Is(err, compute.ErrPermanent) {
		t.Errorf("a machine type with options: %v", err)
	}
	ended, cancel := context.WithTimeout(p.ctx, time.Nanosecond)
	defer cancel()
	if _, err := c.ask(ended, question{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("asked though time is over: %v", err)
	}
}
