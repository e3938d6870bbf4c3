package qemu

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"skylog/workers/compute"
)

func notify(c chan<- os.Signal, s os.Signal) { signal.Notify(c, s) }

// bench is a driver whose QEMUs are played.
type bench struct {
	t      *testing.T
	ctx    context.Context
	config Config
	*Driver
}

func newBench(t *testing.T) *bench {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	dir, err := os.MkdirTemp("", "skylog-") // short, so that no link is made for it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	b := &bench{t: t, ctx: ctx, config: Config{Dir: filepath.Join(dir, "machines"), Host: fakeHost(t)}}
	b.open()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the guest saw %q", b.guest())
		}
		b.setStep(func(string) error { return nil })
		if err := b.Destroy(context.Background(), someID); err != nil {
			t.Error(err)
		}
		b.Close()
	})
	return b
}

func (b *bench) open() {
	b.t.Helper()
	d, err := New(b.ctx, b.config)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Driver = d
}

// setStep is called before anything runs in the background that takes steps.
func (b *bench) setStep(step func(string) error) {
	m := b.machine(someID)
	m.turn <- struct{}{}
	b.step = step
	m.leave()
}

// again ends the driver as if it had been killed, and starts another.
func (b *bench) again() {
	b.t.Helper()
	b.Close()
	b.open()
}

func (b *bench) spec(change ...func(*compute.MachineSpec)) compute.MachineSpec {
	base := filepath.Join(filepath.Dir(b.config.Dir), "base.raw")
	if err := os.WriteFile(base, make([]byte, 1<<20), 0o600); err != nil {
		b.t.Fatal(err)
	}
	s := compute.MachineSpec{
		ID: someID, Generation: 1, Name: "instance-00000001", Power: compute.Running, SoftStopSeconds: 20, VCPUs: 1, RAMMiB: 64,
		Disk: compute.Disk{BasePath: base, BaseFormat: "raw"}, ConfigDrive: []byte("drive"),
		NICs: []compute.NIC{{PortID: "one", MAC: "fa:16:3e:00:00:01", MTU: 1450, Attachment: compute.Attachment{Tap: "tap1"}}},
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func (b *bench) apply(s compute.MachineSpec) compute.Machine {
	b.t.Helper()
	m, err := b.Apply(b.ctx, s)
	if err != nil {
		b.t.Fatal(err)
	}
	if m.Power != s.Power || m.Generation != s.Generation || m.Reboots != s.Reboots {
		b.t.Fatalf("got %+v of %+v", m, s)
	}
	return m
}

// guest is what happened to the guest so far.
func (b *bench) guest() []string {
	body, _ := os.ReadFile(filepath.Join(b.dir, someID, "guest.log"))
	return strings.Split(strings.TrimSpace(string(body)), "\n")
}

func power(p compute.Power) func(*compute.MachineSpec) {
	return func(s *compute.MachineSpec) { s.Power = p; s.Generation++ }
}

func TestWhateverStepFailsApplyingAgainEndsRight(t *testing.T) {
	second := compute.NIC{PortID: "two", MAC: "fa:16:3e:00:00:02", Attachment: compute.Attachment{User: &compute.UserNet{
		Subnet: netip.MustParsePrefix("10.0.0.0/24"), Address: netip.MustParseAddr("10.0.0.9"),
		Gateway: netip.MustParseAddr("10.0.0.1"), DNS: netip.MustParseAddr("10.0.0.2"), SSHPort: 2222,
	}}}
	paths := map[string][]func(*compute.MachineSpec){
		"start":           {func(*compute.MachineSpec) {}},
		"stop":            {func(*compute.MachineSpec) {}, power(compute.Stopped)},
		"suspend, resume": {func(*compute.MachineSpec) {}, power(compute.Suspended), power(compute.Running)},
		"hard reboot":     {func(*compute.MachineSpec) {}, func(s *compute.MachineSpec) { s.Generation++; s.Reboots++; s.HardReboot = true }},
		"soft reboot":     {func(*compute.MachineSpec) {}, func(s *compute.MachineSpec) { s.Generation++; s.Reboots++ }},
		"replug":          {func(*compute.MachineSpec) {}, func(s *compute.MachineSpec) { s.Generation++; s.NICs = []compute.NIC{second} }},
	}
	rescue := func(s *compute.MachineSpec) {
		s.Generation++
		s.Rescue = &compute.Base{Path: s.Disk.BasePath, Format: "raw"}
	}
	resize := func(s *compute.MachineSpec) {
		s.Generation++
		s.Disk.Number, s.Disk.Copy, s.Disk.Keep = 1, true, []uint64{0}
	}
	revert := func(s *compute.MachineSpec) {
		s.Generation++
		s.Disk.Number, s.Disk.Copy, s.Disk.Keep = 0, false, nil
	}
	paths["rebuild"] = []func(*compute.MachineSpec){func(*compute.MachineSpec) {}, func(s *compute.MachineSpec) { s.Generation++; s.Disk.Number++ }}
	paths["rescue"] = []func(*compute.MachineSpec){func(*compute.MachineSpec) {}, rescue}
	paths["resize, revert"] = []func(*compute.MachineSpec){func(*compute.MachineSpec) {}, resize, revert}
	stride := int64(5) // all steps take a quarter of a minute: they belong to the real guests' tests
	if os.Getenv("SKYLOG_REAL") != "" {
		stride = 1
	}
	for name, path := range paths {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for fail, failed := int64(1), true; failed; fail += stride {
				failed = brokenOff(t, path, fail)
			}
		})
	}
}

// brokenOff goes along a path of wants, each applied twice, and is killed at the
// given step. It tells whether there were so many.
func brokenOff(t *testing.T, path []func(*compute.MachineSpec), fail int64) bool {
	b := newBench(t)
	var steps atomic.Int64 // a review in the background takes steps too
	kill := func(string) error {
		if steps.Add(1) == fail {
			return errKilled
		}
		return nil
	}
	spec := b.spec()
	for i, change := range path {
		change(&spec)
		if i > 0 || len(path) == 1 { // the way to where a path begins is a path of its own
			b.setStep(kill)
		}
		for done := 0; done < 2; {
			m, err := b.Apply(b.ctx, spec)
			if errors.Is(err, errKilled) {
				b.again()
				continue
			}
			if err != nil || m.Power != spec.Power || m.Generation != spec.Generation || m.Reboots != spec.Reboots {
				t.Fatalf("killed at step %d: got %+v of %+v, %v", fail, m, spec, err)
			}
			done++
		}
	}
	b.checkNICs(spec)
	b.checkDisks(spec)
	return steps.Load() >= fail
}

// checkDisks wants the disks that the spec names, and no other.
func (b *bench) checkDisks(s compute.MachineSpec) {
	b.t.Helper()
	want := []string{diskName(s.Disk.Number)}
	for _, n := range s.Disk.Keep {
		want = append(want, diskName(n))
	}
	if s.Rescue != nil {
		want = append(want, rescueDisk)
	}
	if s.Power == compute.Suspended {
		return
	}
	var has []string
	found, _ := filepath.Glob(filepath.Join(b.dir, someID, "*.qcow2"))
	for _, path := range found {
		has = append(has, filepath.Base(path))
	}
	slices.Sort(want)
	if slices.Sort(has); !slices.Equal(has, want) {
		b.t.Fatalf("its disks are %q, want %q", has, want)
	}
}

func TestADiskIsCapturedOfARunningMachineAndOfAStoppedOne(t *testing.T) {
	b := newBench(t)
	spec := b.spec()
	b.apply(spec)
	for range 2 {
		size := int64(0)
		err := b.Capture(b.ctx, someID, func(image io.Reader, n int64) error {
			var err error
			size, err = io.Copy(io.Discard, image)
			return errors.Join(err, map[bool]error{false: errors.New("the size is wrong")}[size == n])
		})
		if err != nil || size == 0 {
			t.Fatalf("%s: %d bytes, %v", spec.Power, size, err)
		}
		if _, err := os.Stat(filepath.Join(b.dir, someID, capturePart)); !os.IsNotExist(err) {
			t.Errorf("a copy is left behind: %v", err)
		}
		power(compute.Stopped)(&spec)
		b.apply(spec)
	}
	if err := b.Capture(b.ctx, "5f1c0b0e-7c39-4a5e-9d55-0a4b3c2d1e00", nil); !errors.Is(err, compute.ErrPermanent) {
		t.Errorf("a machine that isn't there: %v", err)
	}
}

var errKilled = errors.New("killed here")

func (b *bench) checkNICs(s compute.MachineSpec) {
	b.t.Helper()
	m := b.machine(someID)
	if s.Power != compute.Running {
		return
	}
	m.turn <- struct{}{}
	defer m.leave()
	has, err := m.plugged(b.ctx)
	if err != nil || len(has) != len(s.NICs) {
		b.t.Fatalf("plugged are %v, %v", has, err)
	}
	for _, n := range s.NICs {
		if !has[n.PortID] {
			b.t.Fatalf("port %s isn't plugged in", n.PortID)
		}
	}
}

func TestADestructionBrokenOffIsFinishedByTheNext(t *testing.T) {
	b := newBench(t)
	b.apply(b.spec())
	for fail := 1; ; fail++ {
		var steps atomic.Int64
		b.setStep(func(string) error {
			if steps.Add(1) == 2 {
				return errKilled
			}
			return nil
		})
		err := b.Destroy(b.ctx, someID)
		b.again()
		if err == nil {
			break
		}
		if found, ferr := b.Machines(b.ctx); ferr != nil || len(found) != 1 {
			t.Fatalf("after failure %d it is lost: %v, %v", fail, found, ferr)
		}
	}
	if found, err := b.Machines(b.ctx); err != nil || len(found) != 0 {
		t.Errorf("left is %v, %v", found, err)
	}
	if err := b.Destroy(b.ctx, someID); err != nil {
		t.Errorf("what isn't there can't be destroyed: %v", err)
	}
}

func TestOnceMoreChangesNothing(t *testing.T) {
	b := newBench(t)
	s := b.spec()
	for range 3 {
		b.apply(s)
	}
	s.Generation, s.Reboots, s.HardReboot = 2, 4, true
	for range 3 {
		b.apply(s)
	}
	if got := b.guest(); !slices.Equal(got, []string{"start", "run", "reset"}) {
		t.Errorf("the guest saw %q", got)
	}
}

func TestAnOlderWantIsRefused(t *testing.T) {
	b := newBench(t)
	b.apply(b.spec(func(s *compute.MachineSpec) { s.Generation = 7 }))
	b.again()
	if _, err := b.Apply(b.ctx, b.spec(func(s *compute.MachineSpec) { s.Generation, s.Power = 6, compute.Stopped })); !errors.Is(err, compute.ErrStale) {
		t.Errorf("got %v", err)
	}
}

func TestAGuestThatPowersItselfOffStaysOffUntilANewWant(t *testing.T) {
	for _, driver := range []string{"there", "away"} {
		t.Run("while the driver is "+driver, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			s := b.spec()
			b.apply(s)
			if driver == "away" {
				b.Close()
			}
			b.signal(syscall.SIGUSR1)
			if driver == "away" {
				b.untilGuest("off")
				b.open()
			}
			if m := b.change(); m.Power != compute.Stopped {
				t.Errorf("told is %+v", m)
			}
			if m, err := b.Apply(b.ctx, s); err != nil || m.Power != compute.Stopped {
				t.Errorf("the same want starts it: %+v, %v", m, err)
			}
			s.Generation++
			b.apply(s)
		})
	}
}

func TestAProcessThatDiesIsACrash(t *testing.T) {
	b := newBench(t)
	s := b.spec()
	b.apply(s)
	b.signal(syscall.SIGKILL)
	if m := b.change(); m.Power != compute.Crashed {
		t.Errorf("told is %+v", m)
	}
	b.again()
	if found, err := b.Machines(b.ctx); err != nil || len(found) != 1 || found[0].Power != compute.Crashed {
		t.Errorf("found %+v, %v", found, err)
	}
	b.apply(s)
	if got := b.guest(); !slices.Equal(got, []string{"start", "run", "start", "run"}) {
		t.Errorf("the guest saw %q", got)
	}
}

func TestAForeignProcessIsNeverTaken(t *testing.T) {
	b := newBench(t)
	b.apply(b.spec())
	m := b.machine(someID)
	m.turn <- struct{}{}
	defer m.leave()
	m.pid = os.Getpid() // as if the number had been given to another
	p, err := m.find()
	if err != nil || p == nil || p.pid == os.Getpid() {
		t.Fatalf("found %+v, %v", p, err)
	}
	p.release()
}

func TestOneFolderHasOneDriver(t *testing.T) {
	b := newBench(t)
	if _, err := New(b.ctx, b.config); err == nil {
		t.Error("a second driver drives the same machines")
	}
}

func TestABaseIsNotExchangedUnderADisk(t *testing.T) {
	b := newBench(t)
	s := b.spec()
	b.apply(s)
	s.Generation, s.Disk.BasePath = 2, "/elsewhere/other.raw"
	if _, err := b.Apply(b.ctx, s); !errors.Is(err, compute.ErrPermanent) {
		t.Errorf("got %v", err)
	}
}

func TestASecretDoesNotStandInTheRecord(t *testing.T) {
	b := newBench(t)
	b.apply(b.spec(func(s *compute.MachineSpec) { s.ConfigDrive = []byte("s3cret") }))
	body, err := os.ReadFile(filepath.Join(b.dir, someID, "machine.json"))
	if err != nil || strings.Contains(string(body), "ConfigDrive\": \"") {
		t.Errorf("%v: %s", err, body)
	}
}

func (b *bench) signal(s syscall.Signal) {
	b.t.Helper()
	m := b.machine(someID)
	m.turn <- struct{}{}
	defer m.leave()
	p, err := m.find()
	if err != nil || p == nil {
		b.t.Fatalf("no process: %v", err)
	}
	defer p.release()
	if err := syscall.Kill(p.pid, s); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) untilGuest(last string) {
	b.t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for log := b.guest(); log[len(log)-1] != last; log = b.guest() {
		select {
		case <-b.ctx.Done():
			b.t.Fatalf("the guest saw %q", log)
		case <-tick.C:
		}
	}
}

// change waits for Watch's word.
func (b *bench) change() compute.Machine {
	b.t.Helper()
	told := make(chan compute.Machine, 1)
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	go b.Watch(ctx, func(m compute.Machine) {
		select {
		case told <- m:
		default:
		}
	})
	select {
	case m := <-told:
		return m
	case <-b.ctx.Done():
		b.t.Fatal("nothing is told")
		return compute.Machine{}
	}
}

func TestASpecThatIsMoreThanValuesIsRefused(t *testing.T) {
	b := newBench(t)
	for name, change := range map[string]func(*compute.MachineSpec){
		"a path for an id":      func(s *compute.MachineSpec) { s.ID = "../" + someID[3:] },
		"an option in a tap":    func(s *compute.MachineSpec) { s.NICs[0].Tap = "tap0,script=/x" },
		"an option in a MAC":    func(s *compute.MachineSpec) { s.NICs[0].MAC += ",x=y" },
		"an option in a port":   func(s *compute.MachineSpec) { s.NICs[0].PortID = "a,b" },
		"a port twice":          func(s *compute.MachineSpec) { s.NICs = append(s.NICs, s.NICs[0]) },
		"two attachments":       func(s *compute.MachineSpec) { s.NICs[0].User = &compute.UserNet{} },
		"a relative base":       func(s *compute.MachineSpec) { s.Disk.BasePath = "base" },
		"an unknown format":     func(s *compute.MachineSpec) { s.Disk.BaseFormat = "vmdk" },
		"no CPU":                func(s *compute.MachineSpec) { s.VCPUs = 0 },
		"a power of its own":    func(s *compute.MachineSpec) { s.Power = compute.Crashed },
		"suspension of nothing": func(s *compute.MachineSpec) { s.Power = compute.Suspended },
	} {
		if m, err := b.Apply(b.ctx, b.spec(change)); !errors.Is(err, compute.ErrPermanent) {
			t.Errorf("%s: got %+v, %v", name, m, err)
		}
	}
}

func TestABaseThatLeadsElsewhereIsRefused(t *testing.T) {
	header := func(change func([]byte)) string {
		h := make([]byte, 512)
		copy(h, "QFI\xfb")
		binary.BigEndian.PutUint32(h[4:], 3)
		binary.BigEndian.PutUint64(h[24:], 5<<30)
		change(h)
		path := filepath.Join(t.TempDir(), "image")
		if err := os.WriteFile(path, h, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if size, err := virtualSize(header(func([]byte) {}), "qcow2"); err != nil || size != 5<<30 {
		t.Errorf("got %d, %v", size, err)
	}
	for fault, change := range map[string]func([]byte){
		"backing file":       func(h []byte) { h[15] = 104 },
		"external data file": func(h []byte) { h[79] = 4 },
		"isn't qcow2":        func(h []byte) { h[0] = 0 },
	} {
		if _, err := virtualSize(header(change), "qcow2"); !errors.Is(err, compute.ErrPermanent) || !strings.Contains(err.Error(), fault) {
			t.Errorf("%s: got %v", fault, err)
		}
	}
}

func TestALogIsBoundedWhileItsWriterGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "console.log")
	w, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	line := strings.Repeat("x", 1023) + "\n"
	for range 8 {
		fmt.Fprint(w, strings.Repeat(line, 1024))
		if err := trim(path); err != nil {
			t.Fatal(err)
		}
		var s syscall.Stat_t
		if err := syscall.Stat(path, &s); err != nil || s.Blocks*512 > logMost+128<<10 {
			t.Fatalf("the log takes %d bytes, %v", s.Blocks*512, err)
		}
	}
	fmt.Fprint(w, "the end\n")
	got, err := tail(path, 1024+8)
	if err != nil || string(got) != line+"the end\n" {
		t.Errorf("got %.40q, %v", got, err)
	}
}

func TestALongFolderHasShortSockets(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "")
	t.Setenv("TMPDIR", t.TempDir())
	long := filepath.Join(t.TempDir(), strings.Repeat("long", 25))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	link, err := shortLink(long)
	if err != nil {
		t.Fatal(err)
	}
	if to, err := filepath.EvalSymlinks(link); err != nil || to != long {
		t.Errorf("it leads to %s, %v", to, err)
	}
	if err := os.Chmod(filepath.Dir(link), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := shortLink(long); err == nil {
		t.Error("a folder that anyone can write is trusted")
	}
}

func TestAProbeSaysWhatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Probe(t.Context(), "auto"); !errors.Is(err, ErrAbsent) {
		t.Errorf("got %v", err)
	}
}
