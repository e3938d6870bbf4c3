package sim_test

import (
	"context"
	"errors"
	"testing"

	cmd "skylog/commands/compute"
	"skylog/infra/sim"
	"skylog/workers/compute"
)

// eavesdropper hears what ports' metadata services are told.
type eavesdropper struct {
	*sim.Host
	heard []string
}

func (e *eavesdropper) Plug(ctx context.Context, p compute.PortSpec) (compute.Attachment, error) {
	e.heard = append(e.heard, p.Metadata.AdminPass)
	return e.Host.Plug(ctx, p)
}

func TestAFirstPasswordIsToldByTheConfigDriveAlone(t *testing.T) {
	b := newBench(t, "")
	network, told := &eavesdropper{Host: b.Host}, ""
	b.Network = network
	b.Booter.ConfigDrive = func(m compute.Metadata) ([]byte, error) {
		told = m.AdminPass
		return []byte("drive"), nil
	}
	b.do(compute.ServerWant{ID: "s", Host: "host", Generation: 1, Wish: 1, ConfigDrive: true, AdminPass: "sesame",
		Spec: compute.MachineSpec{ID: "s", Power: compute.Running}, Ports: []compute.PortSpec{{ID: "p"}}, Metadata: &compute.Metadata{ServerID: "s"}})
	if told != "sesame" {
		t.Errorf("the config drive tells %q", told)
	}
	b.expect("what the metadata service was told", network.heard, "")
}

func TestASimulatedMachineIsAskedWhileItRuns(t *testing.T) {
	h := sim.NewHost("host", 1, compute.Facts{}, sim.Weather{})
	spec := compute.MachineSpec{ID: "s", Generation: 1, Power: compute.Running, VCPUs: 2, RAMMiB: 64, Agent: true, NICs: []compute.NIC{{MAC: "fa:16:3e:00:00:01"}}}
	for _, agent := range []bool{true, false} {
		spec.Agent = agent
		if _, err := h.Apply(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		told, err := h.Diagnose(t.Context(), "s")
		if err != nil || len(told.CPUs) != 2 || told.RAMMiB != 64 || len(told.NICs) != 1 || told.NICs[0].MAC != "fa:16:3e:00:00:01" {
			t.Errorf("got %+v, %v", told, err)
		}
		if err := h.SetPassword(t.Context(), "s", "root", "sesame"); (err == nil) != agent || err != nil && !errors.Is(err, cmd.ErrSilent) {
			t.Errorf("with agent %t: %v", agent, err)
		}
	}
	spec.Power = compute.Stopped
	spec.Generation++
	if _, err := h.Apply(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Diagnose(t.Context(), "s"); !errors.Is(err, cmd.ErrNotRunning) {
		t.Errorf("stopped: %v", err)
	}
}
