package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/vishvananda/netlink"

	cmd "skylog/commands/compute"
	"skylog/workers/compute"
)

// Diagnose implements compute.Hypervisor: QEMU and the kernel are asked what they
// have counted.
func (d *Driver) Diagnose(ctx context.Context, id string) (told cmd.Diagnostics, err error) {
	if err := checkID(id); err != nil {
		return told, err
	}
	m := d.machine(id)
	if err := m.enter(ctx); err != nil {
		return told, err
	}
	defer m.leave()
	r, err := m.running(ctx)
	if err != nil {
		return told, err
	}
	told.Hypervisor, told.RAMMiB = "qemu", r.Launch.RAMMiB
	if r.Launch.Accelerator == "kvm" {
		told.Hypervisor = "kvm"
	}
	if told.CPUs, err = m.cpuTimes(ctx); err != nil {
		return told, err
	}
	if told.Disks, err = m.diskCounts(ctx); err != nil {
		return told, err
	}
	if told.RSSKiB, err = strconv.ParseUint(strings.TrimSuffix(valueOf(fmt.Sprintf("/proc/%d/status", m.pid), "VmRSS"), " kB"), 10, 64); err != nil {
		return told, fmt.Errorf("memory of machine %s: %w", id, err)
	}
	for _, n := range r.Launch.NICs {
		counted, err := nicCounts(n.NIC)
		if err != nil {
			return told, fmt.Errorf("machine %s: %w", id, err)
		}
		told.NICs = append(told.NICs, counted)
	}
	return told, nil
}

// running is the record of a machine, if it runs.
func (m *machine) running(ctx context.Context) (record, error) {
	r, err := m.load()
	if err != nil {
		return r, err
	}
	if r.Launch == nil {
		return r, cmd.ErrNotRunning
	}
	s, err := m.observe(ctx, r)
	if err == nil && s.power != compute.Running {
		err = cmd.ErrNotRunning
	}
	return r, err
}

// cpuTimes is how long the thread of each CPU has worked.
func (m *machine) cpuTimes(ctx context.Context) (times []time.Duration, err error) {
	var cpus []struct {
		Thread int `json:"thread-id"`
	}
	if err := m.execute(ctx, "query-cpus-fast", nil, &cpus); err != nil {
		return nil, err
	}
	for _, c := range cpus {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/schedstat", m.pid, c.Thread))
		if err != nil {
			return nil, err
		}
		first, _, _ := strings.Cut(string(stat), " ")
		worked, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("time of thread %d: %w", c.Thread, err)
		}
		times = append(times, time.Duration(worked))
	}
	return times, nil
}

// guestDisks are the nodes that guests have as disks, in the order of their places
// on the bus, by which guests name them.
var guestDisks = [][]string{{"disk", "config"}, {"rescue", "config", "disk"}}

func (m *machine) diskCounts(ctx context.Context) (all []cmd.DiskCounts, err error) {
	type stats struct {
		ReadBytes    uint64 `json:"rd_bytes"`
		ReadRequests uint64 `json:"rd_operations"`
		ReadFailed   uint64 `json:"failed_rd_operations"`
		Bytes        uint64 `json:"wr_bytes"`
		Requests     uint64 `json:"wr_operations"`
		Failed       uint64 `json:"failed_wr_operations"`
	}
	var backends []struct {
		Node  string `json:"node-name"`
		Stats stats  `json:"stats"`
	}
	if err := m.execute(ctx, "query-blockstats", nil, &backends); err != nil {
		return nil, err
	}
	counted := map[string]stats{}
	for _, b := range backends {
		counted[b.Node] = b.Stats
	}
	names := guestDisks[0]
	if _, rescued := counted["rescue"]; rescued {
		names = guestDisks[1]
	}
	for _, name := range names {
		if c, there := counted[name]; there {
			all = append(all, cmd.DiskCounts{Device: "vd" + string(rune('a'+len(all))), ReadRequests: c.ReadRequests, ReadBytes: c.ReadBytes,
				WriteRequests: c.Requests, WriteBytes: c.Bytes, Errors: c.ReadFailed + c.Failed})
		}
	}
	return all, nil
}

// nicCounts is what went through a tap. What the host sends into it the guest
// receives, and the other way round.
func nicCounts(n compute.NIC) (cmd.NICCounts, error) {
	counts := cmd.NICCounts{MAC: n.MAC}
	if n.Tap == "" {
		return counts, nil
	}
	link, err := netlink.LinkByName(n.Tap)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return counts, nil // it was taken away this instant
	}
	if err != nil {
		return counts, fmt.Errorf("tap %s: %w", n.Tap, err)
	}
	if s := link.Attrs().Statistics; s != nil {
		counts.Device = n.Tap
		counts.Received = cmd.Traffic{Bytes: s.TxBytes, Packets: s.TxPackets, Errors: s.TxErrors, Drops: s.TxDropped}
		counts.Sent = cmd.Traffic{Bytes: s.RxBytes, Packets: s.RxPackets, Errors: s.RxErrors, Drops: s.RxDropped}
	}
	return counts, nil
}
