package sim

import (
	"context"
	"fmt"
	"time"

	cmd "skylog/commands/compute"
	"skylog/workers/compute"
)

// inside is what is looked at in a machine while it runs.
type inside struct {
	macs  []string
	agent bool
}

func insideOf(spec *compute.MachineSpec) (in inside) {
	in.agent = spec.Agent
	for _, n := range spec.NICs {
		in.macs = append(in.macs, n.MAC)
	}
	return in
}

// look is what is in a machine that runs.
func (h *Host) look(ctx context.Context, id string) (shape, inside, error) {
	if err := h.step(ctx); err != nil {
		return shape{}, inside{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.machines[id].Power != compute.Running {
		return shape{}, inside{}, fmt.Errorf("machine %s on %s: %w", id, h.Name, cmd.ErrNotRunning)
	}
	return h.shapes[id], h.insides[id], nil
}

// Diagnose implements compute.Hypervisor: a simulated machine does nothing that
// could be counted.
func (h *Host) Diagnose(ctx context.Context, id string) (told cmd.Diagnostics, err error) {
	has, in, err := h.look(ctx, id)
	if err != nil {
		return told, err
	}
	told = cmd.Diagnostics{Hypervisor: "fake", CPUs: make([]time.Duration, has.vcpus), RAMMiB: has.ramMiB, Disks: []cmd.DiskCounts{{Device: "vda"}}}
	for _, mac := range in.macs {
		told.NICs = append(told.NICs, cmd.NICCounts{MAC: mac, Device: "sim"})
	}
	return told, nil
}

// SetPassword implements compute.Hypervisor: there is nobody who could log in.
func (h *Host) SetPassword(ctx context.Context, id, _, _ string) error {
	_, in, err := h.look(ctx, id)
	if err == nil && !in.agent {
		err = fmt.Errorf("machine %s on %s: %w", id, h.Name, cmd.ErrSilent)
	}
	return err
}
