package qemu

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"skylog/workers/compute"
)

var _ compute.Hypervisor = (*Driver)(nil)

const (
	startTime  = 30 * time.Second // from exec to QMP, on a very busy host
	askTime    = 10 * time.Second // for QEMU to answer a simple question
	unplugTime = 15 * time.Second // for a guest to let go of a device
	adoptAtOne = 8                // machines adopted at a time
	trimEvery  = time.Second
)

// Config says what a driver works with.
type Config struct {
	Dir    string // one folder for each machine
	Host   Host   // what Probe found
	HostIP string // shown to administrators
	// Shares is of how many hosts on this machine this is one: it offers its part
	// of processors, memory and disk. 0 is 1.
	Shares int
	Log    *slog.Logger
}

// Driver is the hypervisor of one host. It satisfies compute.Hypervisor.
type Driver struct {
	dir, hostIP string
	shares      int
	host        Host
	log         *slog.Logger
	lock        *os.File
	agentTime   time.Duration
	// step is called between any two steps that the program may be killed
	// between; a test makes it fail.
	step func(string) error

	ctx    context.Context // ends with Close
	stop   context.CancelFunc
	routes sync.WaitGroup

	mu       sync.Mutex
	machines map[string]*machine
	changed  map[string]bool // what Watch has yet to tell
	wake     chan struct{}
}

// New takes over the folder and every machine in it. Only one driver may have a
// folder at a time.
func New(ctx context.Context, c Config) (*Driver, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("hypervisor: %w", err)
	}
	dir, err := resolved(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("hypervisor: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("hypervisor: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("hypervisor: another process drives the machines in %s: %w", dir, err)
	}
	d := &Driver{
		dir: dir, hostIP: c.HostIP, shares: max(1, c.Shares), host: c.Host, log: c.Log, lock: lock, agentTime: agentTime, step: func(string) error { return nil },
		machines: map[string]*machine{}, changed: map[string]bool{}, wake: make(chan struct{}, 1),
	}
	d.ctx, d.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := d.adopt(ctx); err != nil {
		d.Close()
		return nil, fmt.Errorf("hypervisor: %w", err)
	}
	d.routes.Go(d.trimLogs)
	return d, nil
}

// adopt looks at every machine of an earlier process, and notes for Watch what
// happened to it since.
func (d *Driver) adopt(ctx context.Context) error {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(adoptAtOne)
	for _, e := range entries {
		if !e.IsDir() || checkID(e.Name()) != nil {
			continue
		}
		m := d.machine(e.Name())
		g.Go(func() error {
			if err := errors.Join(m.adoptMove(ctx), m.review(ctx)); err != nil {
				d.log.Warn("adopting a machine", "machine", m.id, "error", err)
			}
			return nil
		})
	}
	return g.Wait()
}

// Close lets go of all machines; they go on.
func (d *Driver) Close() error {
	d.stop()
	d.mu.Lock()
	machines := make([]*machine, 0, len(d.machines))
	for _, m := range d.machines {
		machines = append(machines, m)
	}
	d.mu.Unlock()
	for _, m := range machines {
		if m.enter(context.Background()) == nil {
			m.hangUp()
			m.closeDoor()
			m.leave()
		}
	}
	d.routes.Wait()
	// Closing alone wouldn't do while a process is being started that has yet a copy.
	err := unix.Flock(int(d.lock.Fd()), unix.LOCK_UN)
	return errors.Join(err, d.lock.Close())
}

func (d *Driver) machine(id string) *machine {
	d.mu.Lock()
	defer d.mu.Unlock()
	m, ok := d.machines[id]
	if !ok {
		m = &machine{id: id, dir: filepath.Join(d.dir, id), driver: d, turn: make(chan struct{}, 1), leaving: make(chan struct{}, 1)}
		d.machines[id] = m
	}
	return m
}

// Machines lists what there are folders of.
func (d *Driver) Machines(ctx context.Context) ([]compute.Machine, error) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return nil, err
	}
	var found []compute.Machine
	for _, e := range entries {
		if !e.IsDir() || checkID(e.Name()) != nil {
			continue
		}
		m, err := d.machine(e.Name()).look(ctx)
		if errors.Is(err, errGone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, m)
	}
	return found, nil
}

// Watch tells what changed without Apply or Destroy, also before it was called.
func (d *Driver) Watch(ctx context.Context, changed func(compute.Machine)) error {
	for {
		d.mu.Lock()
		var ids []string
		for id := range d.changed {
			ids = append(ids, id)
		}
		clear(d.changed)
		d.mu.Unlock()
		slices.Sort(ids)
		for _, id := range ids {
			if m, err := d.machine(id).look(ctx); err == nil {
				changed(m)
			} else if !errors.Is(err, errGone) {
				d.note(id) // it couldn't be asked; the next change tells
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.ctx.Done():
			return errClosed
		case <-d.wake:
		}
	}
}

var errClosed = errors.New("hypervisor: closed")

// tell leaves word for Watch.
func (d *Driver) tell(id string) {
	d.note(id)
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *Driver) note(id string) {
	d.mu.Lock()
	d.changed[id] = true
	d.mu.Unlock()
}

// Facts tells what the host has.
func (d *Driver) Facts(context.Context) (compute.Facts, error) {
	f := compute.Facts{
		Type: "QEMU", Version: d.host.Version, Accelerator: d.host.Accelerator, Arch: "x86_64",
		VCPUs: max(1, runtime.NumCPU()/d.shares), CPUModel: valueOf("/proc/cpuinfo", "model name"), HostIP: d.hostIP,
	}
	kib, err := strconv.Atoi(strings.TrimSuffix(valueOf("/proc/meminfo", "MemTotal"), " kB"))
	if err != nil {
		return f, fmt.Errorf("hypervisor: memory of the host: %w", err)
	}
	f.RAMMiB = kib / 1024 / d.shares
	var fs unix.Statfs_t
	if err := unix.Statfs(d.dir, &fs); err != nil {
		return f, fmt.Errorf("hypervisor: disk of the host: %w", err)
	}
	f.DiskGiB = int(fs.Blocks*uint64(fs.Bsize)>>30) / d.shares
	return f, nil
}

// valueOf reads "key : value" of a file in /proc.
func valueOf(path, key string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if k, v, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
