package compute

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
	view "skylog/projections/compute"
)

// Inside is the host of a server, as it is asked about the inside of its machine
// while somebody waits.
type Inside interface {
	Diagnose(ctx context.Context, id string) (cmd.Diagnostics, error)
	SetPassword(ctx context.Context, id, user, password string) error
}

func (s *Service) mountDiagnostics(a huma.API) {
	if s.Inside == nil {
		return
	}
	const path, rule = "GET /servers/{id}/diagnostics", "os_compute_api:os-server-diagnostics"
	api.Handle(a, path, rule, http.StatusOK, s.diagnostics)
}

// insideTime is how long a host may take to answer.
const insideTime = 20 * time.Second

// powerNames are Nova's words for power states.
var powerNames = map[int]string{view.PowerNone: "pending", view.PowerRunning: "running", view.PowerPaused: "paused",
	view.PowerShutdown: "shutdown", view.PowerCrashed: "crashed", view.PowerSuspended: "suspended"}

type (
	diagnosticsOut struct{ Body any }

	diagnostics struct {
		State        string        `json:"state"`
		Driver       string        `json:"driver"`
		Hypervisor   string        `json:"hypervisor"`
		HypervisorOS string        `json:"hypervisor_os"`
		Uptime       int64         `json:"uptime"`
		ConfigDrive  bool          `json:"config_drive"`
		CPUs         int           `json:"num_cpus"`
		NICs         int           `json:"num_nics"`
		Disks        int           `json:"num_disks"`
		Memory       memoryDetails `json:"memory_details"`
		CPUDetails   []cpuDetails  `json:"cpu_details"`
		NICDetails   []nicDetails  `json:"nic_details"`
		DiskDetails  []diskDetails `json:"disk_details"`
	}
	memoryDetails struct {
		Maximum int `json:"maximum"`
		Used    int `json:"used"`
	}
	cpuDetails struct {
		ID          int   `json:"id"`
		Time        int64 `json:"time"`
		Utilisation *int  `json:"utilisation"`
	}
	nicDetails struct {
		MAC     string  `json:"mac_address"`
		RX      *uint64 `json:"rx_octets"`
		RXError *uint64 `json:"rx_errors"`
		RXDrop  *uint64 `json:"rx_drop"`
		RXPack  *uint64 `json:"rx_packets"`
		RXRate  *uint64 `json:"rx_rate"`
		TX      *uint64 `json:"tx_octets"`
		TXError *uint64 `json:"tx_errors"`
		TXDrop  *uint64 `json:"tx_drop"`
		TXPack  *uint64 `json:"tx_packets"`
		TXRate  *uint64 `json:"tx_rate"`
	}
	diskDetails struct {
		ReadBytes     uint64 `json:"read_bytes"`
		ReadRequests  uint64 `json:"read_requests"`
		WriteBytes    uint64 `json:"write_bytes"`
		WriteRequests uint64 `json:"write_requests"`
		Errors        uint64 `json:"errors_count"`
	}
)

func (s *Service) diagnostics(ctx context.Context, in *serverID) (*diagnosticsOut, error) {
	one, err := seenServer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	host, err := s.inside(&one)
	if err != nil {
		return nil, err
	}
	stopped := commands.Refuse(commands.Conflict, "Cannot 'get_diagnostics' instance %s while it is in power state %s", one.ID, powerNames[one.PowerState])
	if one.PowerState != view.PowerRunning {
		return nil, stopped
	}
	ctx, cancel := context.WithTimeout(ctx, insideTime)
	defer cancel()
	told, err := host.Diagnose(ctx, one.ID)
	if errors.Is(err, cmd.ErrNotRunning) { // it has stopped this instant, and nobody has said so yet
		return nil, stopped
	}
	if err != nil {
		return nil, fmt.Errorf("diagnostics of server %s: %w", one.ID, err)
	}
	if api.From(ctx).Version.Before(2, 48) {
		return &diagnosticsOut{countersOf(&told)}, nil
	}
	return &diagnosticsOut{diagnosticsOf(&one, &told)}, nil
}

// inside is the host that a server is on.
func (s *Service) inside(one *view.Server) (Inside, error) {
	if one.Host == "" || one.VMState == view.Building {
		return nil, commands.Refuse(commands.Conflict, "Instance %s is not ready", one.ID)
	}
	host := s.Inside(one.Host)
	if host == nil {
		return nil, fmt.Errorf("host %q of server %s isn't reached", one.Host, one.ID)
	}
	return host, nil
}

// countersOf are the counts under the names that libvirt's driver gave them.
func countersOf(told *cmd.Diagnostics) map[string]any {
	const kib = 1024
	all := map[string]any{"memory": told.RAMMiB * kib, "memory-actual": told.RAMMiB * kib, "memory-rss": told.RSSKiB}
	for i, worked := range told.CPUs {
		all[fmt.Sprintf("cpu%d_time", i)] = worked.Nanoseconds()
	}
	for _, d := range told.Disks {
		all[d.Device+"_read_req"], all[d.Device+"_read"] = d.ReadRequests, d.ReadBytes
		all[d.Device+"_write_req"], all[d.Device+"_write"], all[d.Device+"_errors"] = d.WriteRequests, d.WriteBytes, d.Errors
	}
	for _, n := range told.NICs {
		if n.Device == "" {
			continue
		}
		for way, t := range map[string]cmd.Traffic{"_rx": n.Received, "_tx": n.Sent} {
			all[n.Device+way], all[n.Device+way+"_packets"] = t.Bytes, t.Packets
			all[n.Device+way+"_errors"], all[n.Device+way+"_drop"] = t.Errors, t.Drops
		}
	}
	return all
}

// diagnosticsOf is the same since 2.48. The driver must be one of Nova's: what
// libvirt's would count of a QEMU is what is counted here. A guest has the use of
// all its memory, as none is taken back from it.
func diagnosticsOf(one *view.Server, told *cmd.Diagnostics) diagnostics {
	d := diagnostics{State: powerNames[one.PowerState], Driver: "libvirt", Hypervisor: told.Hypervisor, HypervisorOS: "linux",
		Uptime: int64(max(0, time.Since(one.LaunchedAt)) / time.Second), ConfigDrive: one.ConfigDrive,
		CPUs: len(told.CPUs), NICs: len(told.NICs), Disks: len(told.Disks), Memory: memoryDetails{told.RAMMiB, told.RAMMiB},
		CPUDetails: []cpuDetails{}, NICDetails: []nicDetails{}, DiskDetails: []diskDetails{}}
	for i, worked := range told.CPUs {
		d.CPUDetails = append(d.CPUDetails, cpuDetails{ID: i, Time: worked.Nanoseconds()})
	}
	for _, n := range told.NICs {
		one := nicDetails{MAC: n.MAC}
		if n.Device != "" {
			one.RX, one.RXPack, one.RXError, one.RXDrop = &n.Received.Bytes, &n.Received.Packets, &n.Received.Errors, &n.Received.Drops
			one.TX, one.TXPack, one.TXError, one.TXDrop = &n.Sent.Bytes, &n.Sent.Packets, &n.Sent.Errors, &n.Sent.Drops
		}
		d.NICDetails = append(d.NICDetails, one)
	}
	for _, k := range told.Disks {
		d.DiskDetails = append(d.DiskDetails, diskDetails{k.ReadBytes, k.ReadRequests, k.WriteBytes, k.WriteRequests, k.Errors})
	}
	return d
}
