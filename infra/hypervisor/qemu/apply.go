package qemu

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"skylog/workers/compute"
)

// Apply makes the machine what the spec says. A machine that crashed is started
// again by the same generation; one whose guest powered itself off only by a
// newer one.
func (d *Driver) Apply(ctx context.Context, spec compute.MachineSpec) (compute.Machine, error) {
	if err := check(spec); err != nil {
		return compute.Machine{}, err
	}
	m := d.machine(spec.ID)
	if err := m.enter(ctx); err != nil {
		return compute.Machine{}, err
	}
	defer m.leave()
	r, err := m.load()
	if err == nil {
		err = m.settleMove(ctx, &r)
	}
	if err != nil {
		return compute.Machine{}, err
	}
	if spec.Generation < r.Spec.Generation {
		return compute.Machine{}, fmt.Errorf("machine %s: generation %d after %d: %w", m.id, spec.Generation, r.Spec.Generation, compute.ErrStale)
	}
	base := filepath.Base(spec.Disk.BasePath)
	if r.Base != "" && r.Base != base && r.Disk == spec.Disk.Number {
		return compute.Machine{}, fmt.Errorf("%w: the disk of %s is made upon %s; it must be destroyed before it can be made upon %s", compute.ErrPermanent, m.id, r.Base, base)
	}
	if spec.Generation > r.Spec.Generation {
		r.GuestOff, r.OffBy = false, time.Time{}
	}
	r.Spec, r.Base, r.Disk = spec, base, spec.Disk.Number
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return compute.Machine{}, err
	}
	if err := m.save(r); err != nil {
		return compute.Machine{}, err
	}
	if err := m.reach(ctx, spec, &r); err != nil {
		return compute.Machine{}, err
	}
	s, err := m.observe(ctx, r)
	if err != nil {
		return compute.Machine{}, err
	}
	r.Applied, r.Power, r.OffBy = spec.Generation, s.power, time.Time{}
	if err := m.save(r); err != nil {
		return compute.Machine{}, err
	}
	return m.tell(r, s)
}

// reach brings the machine to the wanted power, from wherever it is.
func (m *machine) reach(ctx context.Context, spec compute.MachineSpec, r *record) error {
	s, err := m.recover(ctx, r)
	if err != nil {
		return err
	}
	if r.Launch != nil && !r.Launch.holds(&spec) {
		if s, err = m.letGo(ctx, spec, s, r); err != nil {
			return err
		}
	}
	switch spec.Power {
	case compute.Stopped:
		if err := m.stop(ctx, spec, s, r); err != nil {
			return err
		}
		return m.makeDisks(ctx, spec, r)
	case compute.Suspended:
		return m.suspend(ctx, s, r)
	}
	if !s.process {
		if s.power == compute.Stopped && r.GuestOff {
			return nil
		}
		if err := m.start(ctx, spec, s, r); err != nil {
			return err
		}
	} else if spec.Reboots > r.Reboots {
		if err := m.reboot(ctx, spec, s, r); err != nil {
			return err
		}
	}
	if err := m.syncNICs(ctx, spec.NICs, r); err != nil {
		return err
	}
	command := "cont"
	if spec.Power == compute.Paused {
		command = "stop"
	}
	return m.command(ctx, command)
}

// recover ends what an earlier driver, or a guest, left half done.
func (m *machine) recover(ctx context.Context, r *record) (state, error) {
	s, err := m.observe(ctx, *r)
	if err != nil {
		if r.Spec.Power != compute.Stopped {
			return s, err
		}
		// A QEMU that doesn't answer can still be stopped.
		return state{power: compute.Crashed}, m.end(ctx)
	}
	_, saved := os.Stat(m.file(memoryFile))
	switch {
	case s.status == "shutdown":
		r.GuestOff = r.Applied == r.Spec.Generation && r.OffBy.IsZero()
		if err := m.settle(ctx, r); err != nil {
			return s, err
		}
		return m.observe(ctx, *r)
	case s.status == "guest-panicked" || s.status == "internal-error":
		if err := m.end(ctx); err != nil {
			return s, err
		}
		return m.observe(ctx, *r)
	case s.process && saved == nil:
		// Its memory is on disk in full: either it was being saved and is at its
		// end, or it was being taken up and never ran.
		if err := m.end(ctx); err != nil {
			return s, err
		}
		return m.observe(ctx, *r)
	case s.status == "postmigrate":
		// Saved, but the file never got its name: as if nothing had been.
		return m.resumeAnd(ctx, r)
	}
	return s, nil
}

// start makes a process where there is none: of the saved memory, or afresh.
func (m *machine) start(ctx context.Context, spec compute.MachineSpec, s state, r *record) error {
	if s.power == compute.Suspended {
		return m.restore(ctx, spec, r)
	}
	os.Remove(m.file(memoryPart)) // of a suspension that came to nothing; it may be large
	if err := m.makeDisks(ctx, spec, r); err != nil {
		return err
	}
	if spec.ConfigDrive != nil {
		if err := renameio.WriteFile(m.file("config.iso"), spec.ConfigDrive, 0o600); err != nil {
			return err
		}
	}
	l := launch{
		Machine: m.driver.host.Machine, Accelerator: m.driver.host.Accelerator,
		VCPUs: spec.VCPUs, RAMMiB: spec.RAMMiB, ConfigDrive: spec.ConfigDrive != nil, Agent: spec.Agent,
		Disk: spec.Disk.Number, Rescue: rescueName(&spec),
	}
	for i, n := range spec.NICs {
		l.NICs = append(l.NICs, slotted{n, firstNICSlot + i})
	}
	r.Launch, r.GuestOff = &l, false
	if err := m.save(*r); err != nil {
		return err
	}
	if err := m.spawn(ctx, m.arguments(spec, l, false)); err != nil {
		return err
	}
	r.Reboots = spec.Reboots // a fresh start is as good as a reboot
	r.Power = compute.Paused
	return m.save(*r)
}

// letGo ends a process, or forgets a saved memory, that has other disks than are
// wanted. A guest whose disk is kept may write out first what it holds.
func (m *machine) letGo(ctx context.Context, spec compute.MachineSpec, s state, r *record) (state, error) {
	kept := r.Launch.Disk == spec.Disk.Number || spec.Disk.Copy && r.Launch.Disk == spec.Disk.From
	if kept && r.Launch.Rescue == "" && s.status == "running" && spec.SoftStopSeconds > 0 {
		if err := m.askOff(ctx, spec, r); err != nil {
			return s, err
		}
	}
	if err := os.Remove(m.file(memoryFile)); err != nil && !os.IsNotExist(err) {
		return s, err
	}
	r.OffBy = time.Time{}
	return state{power: compute.Stopped}, m.settle(ctx, r)
}

// reboot restarts the guest. It is done at least once: killed at the wrong
// moment, the next driver does it again.
func (m *machine) reboot(ctx context.Context, spec compute.MachineSpec, s state, r *record) error {
	same := r.Launch != nil && r.Launch.VCPUs == spec.VCPUs && r.Launch.RAMMiB == spec.RAMMiB &&
		r.Launch.ConfigDrive == (spec.ConfigDrive != nil)
	hard := spec.HardReboot || spec.SoftStopSeconds == 0 || s.status != "running"
	if hard && same {
		if err := m.command(ctx, "system_reset"); err != nil {
			return err
		}
		if err := m.driver.step("reset"); err != nil {
			return err
		}
		r.Reboots = spec.Reboots
		return m.save(*r)
	}
	if !hard {
		if err := m.askOff(ctx, spec, r); err != nil {
			return err
		}
	}
	if err := m.settle(ctx, r); err != nil {
		return err
	}
	return m.start(ctx, spec, state{power: compute.Stopped}, r)
}

// stop powers the machine off, gently where the spec gives it time.
func (m *machine) stop(ctx context.Context, spec compute.MachineSpec, s state, r *record) error {
	if s.status == "running" && spec.SoftStopSeconds > 0 {
		if err := m.askOff(ctx, spec, r); err != nil {
			return err
		}
	}
	if err := os.Remove(m.file(memoryFile)); err != nil && !os.IsNotExist(err) {
		return err
	}
	r.Reboots = spec.Reboots // there is nothing left to reboot
	return m.settle(ctx, r)
}

// askOff presses the power button and waits until the guest is off or its time
// is over. The time runs on while no driver runs.
func (m *machine) askOff(ctx context.Context, spec compute.MachineSpec, r *record) error {
	if r.OffBy.IsZero() {
		r.OffBy = time.Now().Add(time.Duration(min(spec.SoftStopSeconds, 3600)) * time.Second)
		if err := m.save(*r); err != nil {
			return err
		}
	}
	const pressEvery, lookLatest = 5 * time.Second, 200 * time.Millisecond
	wait := 5 * time.Millisecond
	for pressed := (time.Time{}); time.Now().Before(r.OffBy); {
		s, err := m.observe(ctx, *r)
		if err != nil {
			return err
		}
		if s.status != "running" {
			return nil
		}
		if time.Since(pressed) > pressEvery { // a guest that is still booting misses the first
			if err := m.command(ctx, "system_powerdown"); err != nil {
				return err
			}
			if err := m.driver.step("button"); err != nil {
				return err
			}
			pressed = time.Now()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
			wait = min(2*wait, lookLatest)
		}
	}
	return nil
}

func (m *machine) command(ctx context.Context, name string) error {
	return m.execute(ctx, name, nil, nil)
}

func (m *machine) execute(ctx context.Context, name string, arguments, result any) error {
	c, err := m.dial(ctx)
	if err != nil {
		return fmt.Errorf("machine %s: %w", m.id, err)
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	if err := c.Execute(ctx, name, arguments, result); err != nil {
		return fmt.Errorf("machine %s: %w", m.id, err)
	}
	return nil
}

// Destroy ends the machine and removes its folder, the record last: what is
// left by a driver that was killed here is found again.
func (d *Driver) Destroy(ctx context.Context, id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	m := d.machine(id)
	if err := m.enter(ctx); err != nil {
		return err
	}
	defer m.leave()
	m.closeDoor()
	if err := m.kill(); err != nil {
		return fmt.Errorf("destroy machine %s: %w", id, err)
	}
	entries, err := os.ReadDir(m.dir)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, e := range entries {
		if e.Name() == "machine.json" {
			continue
		}
		if err := d.step("remove"); err != nil {
			return err
		}
		if err := os.RemoveAll(m.file(e.Name())); err != nil {
			return fmt.Errorf("destroy machine %s: %w", id, err)
		}
	}
	if err := os.RemoveAll(m.dir); err != nil {
		return fmt.Errorf("destroy machine %s: %w", id, err)
	}
	d.mu.Lock()
	delete(d.changed, id)
	d.mu.Unlock()
	return nil
}
