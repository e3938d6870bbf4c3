package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"skylog/workers/compute"
)

// Receive implements compute.Mover.
func (d *Driver) Receive(ctx context.Context, spec compute.MachineSpec) (endpoint string, err error) {
	if err := check(spec); err != nil {
		return "", err
	}
	if spec.Rescue != nil || len(spec.Disk.Keep) > 0 || spec.Power != compute.Running && spec.Power != compute.Paused {
		return "", fmt.Errorf("%w: machine %s can't be moved as it is wanted: %s, with more than its disk", compute.ErrPermanent, spec.ID, spec.Power)
	}
	m := d.machine(spec.ID)
	if err := m.enter(ctx); err != nil {
		return "", err
	}
	defer m.leave()
	r, err := m.load()
	if err != nil {
		return "", err
	}
	switch {
	case r.at(arrived):
		return m.openDoor()
	case r.Spec.ID == "":
		r = record{Power: compute.Stopped, Move: &move{Stage: awaited}}
	case !r.at(awaited):
		return "", fmt.Errorf("machine %s is here already", m.id)
	}
	if spec.Generation >= r.Spec.Generation && r.Launch == nil {
		r.Spec, r.Base, r.Disk = spec, filepath.Base(spec.Disk.BasePath), spec.Disk.Number
		if err := os.MkdirAll(m.dir, 0o700); err != nil {
			return "", err
		}
		if err := m.save(r); err != nil {
			return "", err
		}
	}
	return m.openDoor()
}

// converse answers one sender for as long as it speaks. What came by this
// conversation and wasn't let run goes with it.
func (m *machine) converse(t *talk) {
	defer t.Close()
	stop := context.AfterFunc(m.driver.ctx, func() { t.Close() })
	defer stop()
	for {
		var q question
		if err := t.hear(&q); err != nil {
			if !heard(err) {
				m.driver.log.Warn("a conversation about a machine broke off", "machine", m.id, "error", err)
			}
			break
		}
		var r reply
		err := m.answer(q, t, &r)
		if err != nil {
			m.driver.log.Warn("a machine doesn't come", "machine", m.id, "asked", q.Do, "error", err)
			r = reply{Error: err.Error(), Permanent: errors.Is(err, compute.ErrPermanent)}
		}
		t.SetWriteDeadline(time.Now().Add(talkTime))
		if err := t.say(r); err != nil {
			break
		}
	}
	m.unprepare(t)
}

// answer does what a sender asks.
func (m *machine) answer(q question, t *talk, to *reply) error {
	ctx, cancel := context.WithTimeout(m.driver.ctx, prepareTime)
	defer cancel()
	if err := m.enter(ctx); err != nil {
		return err
	}
	defer m.leave()
	r, err := m.load()
	if err != nil {
		return err
	}
	switch {
	case q.ID != m.id:
		return fmt.Errorf("%w: machine %s isn't awaited here", compute.ErrPermanent, q.ID)
	case r.at(arrived):
		to.Arrived = true
		return nil
	case !r.at(awaited):
		return fmt.Errorf("%w: machine %s isn't awaited here any more", compute.ErrPermanent, q.ID)
	case q.Do == "prepare":
		m.guide = t // what came by another goes
		if err := m.prepare(ctx, q, &r, to); err != nil {
			return errors.Join(err, m.discard(&r))
		}
		return nil
	case q.Do == "run":
		mine := m.guide == t
		m.guide = nil
		return m.letRun(ctx, q, &r, mine, to)
	}
	return fmt.Errorf("%w: %.20q is nothing that a host can be asked", compute.ErrPermanent, q.Do)
}

// unprepare ends what a conversation has left. It may not be cut short.
func (m *machine) unprepare(t *talk) {
	ctx, cancel := context.WithTimeout(context.Background(), prepareTime)
	defer cancel()
	if err := m.enter(ctx); err != nil {
		return
	}
	defer m.leave()
	if m.guide != t {
		return
	}
	m.guide = nil
	if r, err := m.load(); err == nil && r.at(awaited) {
		if err := m.discard(&r); err != nil {
			m.driver.log.Warn("what came of a machine stays until it is destroyed", "machine", m.id, "error", err)
		}
	}
}

// discard takes away what has come of a machine that is awaited.
func (m *machine) discard(r *record) error {
	if err := m.driver.step("discard"); err != nil {
		return err
	}
	if err := m.kill(); err != nil {
		return err
	}
	for _, name := range []string{diskName(r.Disk), "disk.part", "config.iso", "console.log", diskSocket, memorySocket} {
		if err := os.Remove(m.file(name)); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	if r.Launch == nil {
		return nil
	}
	r.Launch = nil
	return m.save(*r)
}

var goodMachine = regexp.MustCompile(`^[a-z0-9.-]{1,64}$`)

// prepare starts a QEMU that is the sender's in all that its guest can tell, and
// that waits for disk and memory.
func (m *machine) prepare(ctx context.Context, q question, r *record, to *reply) error {
	if err := m.discard(r); err != nil {
		return err
	}
	l, err := m.adapt(q, r)
	if err != nil {
		return err
	}
	spec := r.Spec
	if err := m.img(ctx, "create", "-q", "-u", "-f", "qcow2", "-F", spec.Disk.BaseFormat, "-b", spec.Disk.BasePath, diskName(l.Disk), fmt.Sprint(q.DiskBytes)); err != nil {
		return err
	}
	if l.ConfigDrive {
		if err := os.WriteFile(m.file("config.iso"), q.ConfigDrive, 0o600); err != nil {
			return err
		}
	}
	r.Launch, r.Reboots = &l, q.Reboots
	if err := m.save(*r); err != nil {
		return err
	}
	if err := m.driver.step("prepare"); err != nil {
		return err
	}
	if err := m.spawn(ctx, m.arguments(spec, l, true)); err != nil {
		return err
	}
	for _, c := range []struct {
		command   string
		arguments any
	}{
		{"nbd-server-start", map[string]any{"addr": map[string]any{"type": "unix", "data": map[string]string{"path": diskSocket}}, "max-connections": 1}},
		{"block-export-add", map[string]any{"type": "nbd", "id": "move", "node-name": "disk", "name": "disk", "writable": true}},
		{"migrate-incoming", map[string]string{"uri": "unix:" + memorySocket}},
	} {
		if err := m.execute(ctx, c.command, c.arguments, nil); err != nil {
			return err
		}
	}
	to.Whole, to.Disk, to.Memory = q.Base != r.Base, m.file(diskSocket), m.file(memorySocket)
	return m.driver.step("prepared")
}

// adapt makes of how the machine was started where it is how it must be started
// here: the same, but for what it is plugged into.
func (m *machine) adapt(q question, r *record) (launch, error) {
	l := q.Launch
	refuse := func(format string, args ...any) (launch, error) {
		return l, fmt.Errorf("%w: "+format, append([]any{compute.ErrPermanent}, args...)...)
	}
	switch {
	case l.Accelerator != m.driver.host.Accelerator:
		return refuse("it runs under %.20q and can't go on under %s", l.Accelerator, m.driver.host.Accelerator)
	case !goodMachine.MatchString(l.Machine):
		return refuse("%.64q is no machine type", l.Machine)
	case l.Rescue != "":
		return refuse("it runs from a rescue image")
	case l.Disk != r.Spec.Disk.Number:
		return refuse("it has disk %d, and is awaited with disk %d", l.Disk, r.Spec.Disk.Number)
	case q.DiskBytes < 512 || q.DiskBytes > maxDiskGiB*gib:
		return refuse("its disk has %d bytes", q.DiskBytes)
	}
	slots := map[int]bool{}
	for i := range l.NICs {
		n := &l.NICs[i]
		j := slices.IndexFunc(r.Spec.NICs, func(c compute.NIC) bool { return c.PortID == n.PortID })
		if j < 0 || n.Slot < firstNICSlot || n.Slot > lastSlot || slots[n.Slot] {
			return refuse("its port %.64q isn't awaited, or at no place of its own", n.PortID)
		}
		slots[n.Slot] = true
		n.Attachment = r.Spec.NICs[j].Attachment
	}
	as := r.Spec
	as.VCPUs, as.RAMMiB, as.NICs = l.VCPUs, l.RAMMiB, nil
	for _, n := range l.NICs {
		as.NICs = append(as.NICs, n.NIC)
	}
	return l, check(as)
}

// letRun lets a machine go on that has come in full, in the conversation that it
// was prepared in. Any other is told that it hasn't come, and never will.
func (m *machine) letRun(ctx context.Context, q question, r *record, mine bool, to *reply) error {
	came := errors.New("it was prepared by somebody else")
	if mine {
		came = m.hasCome(ctx)
	}
	if came != nil {
		m.driver.log.Warn("a machine has not come in full", "machine", m.id, "why", came)
		return m.discard(r)
	}
	if err := m.execute(ctx, "nbd-server-stop", nil, nil); err != nil {
		return errors.Join(err, m.discard(r))
	}
	m.keepConsole(q.Console)
	r.Move, r.Applied, r.Power, r.Made = &move{Stage: arrived}, r.Spec.Generation, q.Power, []uint64{r.Disk}
	if err := m.driver.step("arriving"); err != nil {
		return err
	}
	if err := m.save(*r); err != nil {
		return err
	}
	to.Arrived = true
	if err := m.driver.step("arrived"); err != nil {
		return nil // it is here for good: Apply lets it go on
	}
	os.Remove(m.file(diskSocket))
	os.Remove(m.file(memorySocket))
	if q.Power != compute.Running {
		return nil
	}
	if err := m.command(ctx, "cont"); err != nil {
		m.driver.log.Warn("a machine has come and doesn't go on", "machine", m.id, "error", err)
	}
	return nil
}

// hasCome waits until QEMU has taken up the memory: the sender knows only that it
// was sent.
func (m *machine) hasCome(ctx context.Context) error {
	return m.poll(ctx, talkTime, func(ctx context.Context) (bool, error) {
		var progress struct {
			Status string
			Reason string `json:"error-desc"`
		}
		if err := m.execute(ctx, "query-migrate", nil, &progress); err != nil {
			return false, err
		}
		if progress.Status == "failed" {
			return false, fmt.Errorf("QEMU: %s", progress.Reason)
		}
		var answer struct{ Status string }
		if err := m.execute(ctx, "query-status", nil, &answer); err != nil {
			return false, err
		}
		return progress.Status == "completed" && answer.Status != "inmigrate", nil
	})
}

// keepConsole puts what the machine said before in front of what it will say.
func (m *machine) keepConsole(log []byte) {
	f, err := os.OpenFile(m.file("console.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	f.Write(log[max(0, len(log)-logKept):]) // a log is no reason to lose a machine
}
