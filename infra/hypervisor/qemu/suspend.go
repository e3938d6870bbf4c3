package qemu

import (
	"context"
	"fmt"
	"os"
	"time"

	"skylog/workers/compute"
)

const (
	memoryFile = "memory"
	memoryPart = "memory.part"
	saveTime   = 30 * time.Minute // for the largest memory on the slowest disk
)

// suspend writes the machine's memory to disk and ends its process. The file
// gets its name once it is whole, so a file of that name means: this is where
// the machine goes on, whatever else is there.
func (m *machine) suspend(ctx context.Context, s state, r *record) error {
	if s.power == compute.Suspended {
		return nil
	}
	if !s.process {
		return fmt.Errorf("%w: machine %s isn't running, there is no memory of it to keep", compute.ErrPermanent, m.id)
	}
	if err := m.command(ctx, "stop"); err != nil {
		return err
	}
	if err := m.driver.step("stopped"); err != nil {
		return err
	}
	f, err := os.OpenFile(m.file(memoryPart), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := m.migrate(ctx, "migrate", f); err != nil {
		os.Remove(m.file(memoryPart))
		return fmt.Errorf("save the memory of %s: %w", m.id, err)
	}
	if err := m.driver.step("memory"); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(m.file(memoryPart), m.file(memoryFile)); err != nil {
		return err
	}
	if err := m.driver.step("saved"); err != nil {
		return err
	}
	if err := m.end(ctx); err != nil {
		return err
	}
	r.Power, r.Reboots = compute.Suspended, r.Spec.Reboots
	return m.save(*r)
}

// restore takes up the saved memory. The file is gone before the guest's first
// instruction: from then on it and the disk would tell different stories.
func (m *machine) restore(ctx context.Context, spec compute.MachineSpec, r *record) error {
	if r.Launch.Accelerator != m.driver.host.Accelerator {
		return fmt.Errorf("%w: machine %s was suspended under %s and can't go on under %s",
			compute.ErrPermanent, m.id, r.Launch.Accelerator, m.driver.host.Accelerator)
	}
	// The same devices at the same places; only what they are plugged into may differ.
	for i := range r.Launch.NICs {
		for _, n := range spec.NICs {
			if have := &r.Launch.NICs[i].NIC; n.PortID == have.PortID {
				have.Attachment = n.Attachment
			}
		}
	}
	if err := m.save(*r); err != nil {
		return err
	}
	f, err := os.Open(m.file(memoryFile))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := m.spawn(ctx, m.arguments(spec, *r.Launch, true)); err != nil {
		return err
	}
	if err := m.migrate(ctx, "migrate-incoming", f); err != nil {
		return fmt.Errorf("take up the memory of %s: %w; QEMU says: %s", m.id, err, m.complaint())
	}
	if err := m.driver.step("restored"); err != nil {
		return err
	}
	if err := os.Remove(m.file(memoryFile)); err != nil {
		return err
	}
	r.Power = compute.Paused
	return m.save(*r)
}

// migrate has QEMU write its memory to a file, or read it from there.
func (m *machine) migrate(ctx context.Context, command string, f *os.File) error {
	ctx, cancel := context.WithTimeout(ctx, saveTime)
	defer cancel()
	c, err := m.dial(ctx)
	if err != nil {
		return err
	}
	if err := c.SendFile(ctx, "memory", f); err != nil {
		return err
	}
	if command == "migrate" { // the guest stands still: there is nobody to be gentle with
		if err := m.execute(ctx, "migrate-set-parameters", map[string]int64{"max-bandwidth": 1 << 40}, nil); err != nil {
			return err
		}
	}
	if err := c.Execute(ctx, command, map[string]string{"uri": "fd:memory"}, nil); err != nil {
		return err
	}
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		var progress struct {
			Status string
			Reason string `json:"error-desc"`
		}
		if err := c.Execute(ctx, "query-migrate", nil, &progress); err != nil {
			return err
		}
		switch progress.Status {
		case "completed":
			return nil
		case "failed", "cancelled":
			return fmt.Errorf("QEMU: %s %s", progress.Status, progress.Reason)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
}

// resumeAnd lets a guest go on whose memory was written in vain.
func (m *machine) resumeAnd(ctx context.Context, r *record) (state, error) {
	if err := m.command(ctx, "cont"); err != nil {
		return state{}, err
	}
	return m.observe(ctx, *r)
}
