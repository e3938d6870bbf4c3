package compute

import (
	"testing"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	evt "skylog/events/compute"
	netevt "skylog/events/network"
	"skylog/handlers/given"
)

var (
	at      = given.Start.Add(time.Minute)
	small   = evt.FlavorCreated{ID: "1", Name: "m1.small", VCPUs: 1, RAMMiB: 2048, DiskGiB: 20, Public: true}
	flavor  = evt.FlavorUse{ID: "1", Name: "m1.small", VCPUs: 1, RAMMiB: 2048, DiskGiB: 20}
	hostA   = evt.HostJoined{Name: "a", ID: "ha", HostFacts: evt.HostFacts{VCPUs: 8, RAMMiB: 16384, DiskGiB: 200, Zone: "nova"}}
	hostB   = evt.HostJoined{Name: "b", ID: "hb", HostFacts: evt.HostFacts{VCPUs: 8, RAMMiB: 32768, DiskGiB: 200, Zone: "nova"}}
	created = evt.ServerCreated{ID: "s", ProjectID: "p", UserID: "u", Name: "web", Hostname: "web", Flavor: flavor, BuildBy: at.Add(buildTime)}
	placed  = evt.ServerPlaced{ID: "s", Host: "b"}
	booted  = evt.ServerBooted{ID: "s"}
	ask     = cmd.CreateServer{ID: "s", ProjectID: "p", UserID: "u", Name: "web", Hostname: "web", FlavorID: "1", At: at}
)

func with[T any](base T, change func(*T)) T {
	change(&base)
	return base
}

func TestCreateServer(t *testing.T) {
	port := netevt.PortCreated{ID: "port", ProjectID: "p", NetworkID: "n", Settings: netevt.PortSettings{DeviceID: "s", DeviceOwner: "compute:nova"}}
	onPort := with(ask, func(c *cmd.CreateServer) { c.PortIDs, c.OwnPortIDs = []string{"port"}, []string{"port"} })
	failed := evt.ServerBuildFailed{ID: "s", Code: 500, Message: noHost}
	given.Run(t, Register, []given.Case{
		{Name: "it goes to the host with the most free memory",
			Given: given.Events{small, hostA, hostB}, When: ask, Then: given.Events{created, placed}},
		{Name: "it goes to the host that an administrator names",
			Given: given.Events{small, hostA, hostB}, When: with(ask, func(c *cmd.CreateServer) { c.Host = "a" }),
			Then: given.Events{created, evt.ServerPlaced{ID: "s", Host: "a"}}},
		{Name: "its ports are bound to its host in the same commit",
			Given: given.Events{small, hostB, port}, When: onPort,
			Then: given.Events{with(created, func(e *evt.ServerCreated) { e.PortIDs, e.OwnPortIDs = []string{"port"}, []string{"port"} }), placed, netevt.PortBound{ID: "port", Host: "b"}}},
		{Name: "a port of another device is refused",
			Given: given.Events{small, hostB, with(port, func(p *netevt.PortCreated) { p.Settings.DeviceID = "x" })}, When: onPort, Refused: commands.Conflict},
		{Name: "without a host it is made and is in error",
			Given: given.Events{small}, When: ask, Then: given.Events{created, failed}},
		{Name: "a lost host takes nothing",
			Given: given.Events{small, hostB, evt.HostLost{Name: "b"}}, When: ask, Then: given.Events{created, failed}},
		{Name: "a disabled host takes nothing",
			Given: given.Events{small, hostB, evt.HostDisabled{Name: "b"}}, When: ask, Then: given.Events{created, failed}},
		{Name: "a zone without a host takes nothing",
			Given: given.Events{small, hostB}, When: with(ask, func(c *cmd.CreateServer) { c.Zone = "east" }),
			Then: given.Events{with(created, func(e *evt.ServerCreated) { e.Zone = "east" }), failed}},
		{Name: "more than the quota allows is refused",
			Given: given.Events{small, hostB, evt.QuotaSet{ProjectID: "p", Limits: map[string]int{"cores": 0}}}, When: ask, Refused: commands.OverLimit},
		{Name: "a flavor of others is refused",
			Given: given.Events{with(small, func(f *evt.FlavorCreated) { f.Public = false }), hostB}, When: ask, Refused: commands.Invalid},
		{Name: "an image larger than the disk is refused",
			Given: given.Events{small, hostB}, When: with(ask, func(c *cmd.CreateServer) { c.Image.VirtualGiB = 21 }), Refused: commands.Invalid},
		{Name: "a key that isn't there is refused",
			Given: given.Events{small, hostB}, When: with(ask, func(c *cmd.CreateServer) { c.KeyName = "k" }), Refused: commands.Invalid},
	})
}

func TestAServersLife(t *testing.T) {
	runs := given.Events{small, hostB, created, placed, booted}
	by := at.Add(actionTime)
	stop := evt.ServerStopRequested{ID: "s", By: by}
	report := func(generation uint64, p cmd.Power) cmd.ReportServer {
		return cmd.ReportServer{Host: "b", ID: "s", Generation: generation, Power: p}
	}
	given.Run(t, Register, []given.Case{
		{Name: "the first report that it runs is its boot", Origin: "host.b",
			Given: runs[:4], When: report(4, cmd.Running), Then: given.Events{booted}},
		{Name: "a report about an older want counts for nothing", Origin: "host.b",
			Given: runs[:4], When: report(3, cmd.Running)},
		{Name: "another host can't report for it", Origin: "host.a",
			Given: runs[:4], When: report(4, cmd.Running), Refused: commands.Forbidden},
		{Name: "a host can't give a user's command", Origin: "host.b",
			Given: runs, When: cmd.DeleteServer{ID: "s", At: at}, Refused: commands.Forbidden},
		{Name: "a running server may be stopped",
			Given: runs, When: cmd.StopServer{ID: "s", At: at}, Then: given.Events{stop}},
		{Name: "a stopping server may not be stopped again",
			Given: append(runs[:5:5], stop), When: cmd.StopServer{ID: "s", At: at}, Refused: commands.Conflict},
		{Name: "a stop ends when the host says so", Origin: "host.b",
			Given: append(runs[:5:5], stop), When: report(6, cmd.Stopped), Then: given.Events{evt.ServerStopped{ID: "s"}}},
		{Name: "a guest that shuts down by itself is stopped", Origin: "host.b",
			Given: runs, When: report(4, cmd.Stopped), Then: given.Events{evt.ServerStopped{ID: "s", ByItself: true}}},
		{Name: "a deadline that has passed ends the build",
			Given: runs[:4], When: cmd.PassDeadline{ID: "s", Due: created.BuildBy},
			Then: given.Events{evt.ServerBuildFailed{ID: "s", Code: 500, Message: "Build of instance s aborted: The host did not finish spawning in time."}}},
		{Name: "a deadline that has moved since is left alone",
			Given: runs, When: cmd.PassDeadline{ID: "s", Due: created.BuildBy}},
		{Name: "a locked server is left alone",
			Given: append(runs[:5:5], evt.ServerLocked{ID: "s", ByOwner: true}), When: cmd.StopServer{ID: "s", At: at}, Refused: commands.Conflict},
		{Name: "an administrator passes over a lock",
			Given: append(runs[:5:5], evt.ServerLocked{ID: "s", ByOwner: true}), When: cmd.StopServer{ID: "s", At: at, By: cmd.By{Admin: true}}, Then: given.Events{stop}},
		{Name: "deletion waits for the host",
			Given: runs, When: cmd.DeleteServer{ID: "s", At: at}, Then: given.Events{evt.ServerDeletionRequested{ID: "s", By: by}}},
		{Name: "deletion ends when the host says so", Origin: "host.b",
			Given: append(runs[:5:5], evt.ServerDeletionRequested{ID: "s", By: by}), When: cmd.ReportServerGone{Host: "b", ID: "s"},
			Then: given.Events{evt.ServerDeleted{ID: "s", Host: "b"}}},
		{Name: "what is being deleted can't be deleted again",
			Given: append(runs[:5:5], evt.ServerDeletionRequested{ID: "s", By: by}), When: cmd.DeleteServer{ID: "s", At: at}, Refused: commands.NotFound},
		{Name: "deletion doesn't wait for a lost host, which is told later",
			Given: append(runs[:5:5], evt.HostLost{Name: "b"}), When: cmd.DeleteServer{ID: "s", At: at},
			Then: given.Events{evt.ServerDeletionRequested{ID: "s", By: by}, evt.ServerDeleted{ID: "s", Host: "b", Unconfirmed: true}}},
	})
}
