package compute

import (
	"testing"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	imgevt "skylog/events/image"
	netevt "skylog/events/network"
	"skylog/handlers/given"
)

var (
	large     = evt.FlavorCreated{ID: "2", Name: "m1.large", VCPUs: 2, RAMMiB: 4096, DiskGiB: 40, Public: true}
	largeUse  = evt.FlavorUse{ID: "2", Name: "m1.large", VCPUs: 2, RAMMiB: 4096, DiskGiB: 40}
	runs      = given.Events{small, large, hostB, created, placed, booted}
	resizing  = evt.ServerResizeRequested{ID: "s", Flavor: largeUse, Host: "b", Disk: 1, Migration: "m", By: at.Add(buildTime)}
	moving    = evt.ServerResizeRequested{ID: "s", Flavor: flavor, Host: "a", Disk: 1, Migration: "m", Carrier: "i", Cold: true, By: at.Add(buildTime)}
	carryover = imgevt.ImageCreated{ID: "i", Name: "disk of s", DiskFormat: "qcow2", ContainerFormat: "bare", Visibility: "private", Hidden: true}
	stored    = imgevt.ImageUploaded{ID: "i", Upload: "u", SizeBytes: 9, VirtualSize: 1 << 30, SHA512: "00", Format: "qcow2"}
	dropped   = imgevt.ImageDeleted{ID: "i", Blob: "u", Stores: []string{"local"}}
	ofDisk    = evt.ImageUse{ID: "i", Format: "qcow2", SHA512: "00", SizeBytes: 9, VirtualGiB: 1}
)

func onHostB(generation uint64, p cmd.Power) cmd.ReportServer {
	return cmd.ReportServer{Host: "b", ID: "s", Generation: generation, Power: p}
}

func after(given given.Events, more ...events.Event) given.Events {
	return append(given[:len(given):len(given)], more...)
}

func TestResize(t *testing.T) {
	ask := cmd.ResizeServer{ID: "s", FlavorID: "2", Migration: "m", Carrier: "i", At: at}
	port := netevt.PortCreated{ID: "port", ProjectID: "p", NetworkID: "n", Settings: netevt.PortSettings{DeviceID: "s", DeviceOwner: "compute:nova"}}
	withPort := given.Events{small, large, hostA, hostB, port, with(created, func(e *evt.ServerCreated) { e.PortIDs = []string{"port"} }), placed, netevt.PortBound{ID: "port", Host: "b"}, booted}
	onItsWay := after(withPort, carryover, moving)
	there := after(onItsWay, stored, evt.ServerCarried{ID: "s", Base: ofDisk, By: at.Add(buildTime)}, netevt.PortBound{ID: "port", Host: "a"})
	verify := after(there, evt.ServerResized{ID: "s"})
	given.Run(t, Register, []given.Case{
		{Name: "it stays where it is if that has room", Given: runs, When: ask, Then: given.Events{resizing}},
		{Name: "it goes elsewhere if there is no room", Given: given.Events{small, large, with(hostB, func(h *evt.HostJoined) { h.RAMMiB = 4096 }), created, placed, booted, hostA}, When: ask,
			Then: given.Events{carryover, with(resizing, func(e *evt.ServerResizeRequested) { e.Host, e.Carrier = "a", "i" })}},
		{Name: "the same flavor is refused", Given: runs, When: with(ask, func(c *cmd.ResizeServer) { c.FlavorID = "1" }), Refused: commands.Invalid},
		{Name: "a smaller disk is refused", Given: given.Events{small, with(large, func(f *evt.FlavorCreated) { f.DiskGiB = 1 }), hostB, created, placed, booted}, When: ask, Refused: commands.Invalid},
		{Name: "more than the quota allows is refused", Given: after(runs, evt.QuotaSet{ProjectID: "p", Limits: map[string]int{"cores": 1}}), When: ask, Refused: commands.OverLimit},
		{Name: "while it goes on nothing else may be asked", Given: after(runs, resizing), When: cmd.StopServer{ID: "s", At: at}, Refused: commands.Conflict},
		{Name: "it waits to be confirmed once the host has it", Origin: "host.b", Given: after(runs, resizing), When: onHostB(7, cmd.Running), Then: given.Events{evt.ServerResized{ID: "s"}}},
		{Name: "it is confirmed by itself where that was set", Given: after(runs, with(resizing, func(e *evt.ServerResizeRequested) { e.ConfirmWithin = time.Hour }), evt.ServerResized{ID: "s", ConfirmBy: at}),
			When: cmd.PassDeadline{ID: "s", Due: at}, Then: given.Events{evt.ServerResizeConfirmed{ID: "s"}}},
		{Name: "it may be confirmed", Given: after(runs, resizing, evt.ServerResized{ID: "s"}), When: cmd.ConfirmResize{ID: "s"}, Then: given.Events{evt.ServerResizeConfirmed{ID: "s"}}},
		{Name: "what is confirmed can't be reverted", Given: after(runs, resizing, evt.ServerResized{ID: "s"}, evt.ServerResizeConfirmed{ID: "s"}), When: cmd.RevertResize{ID: "s", At: at}, Refused: commands.Conflict},
		{Name: "it may be reverted", Given: after(runs, resizing, evt.ServerResized{ID: "s"}), When: cmd.RevertResize{ID: "s", At: at},
			Then: given.Events{evt.ServerResizeRevertRequested{ID: "s", By: at.Add(actionTime)}}},
		{Name: "a migration goes to another host by way of an image", Given: withPort, When: cmd.ResizeServer{ID: "s", Carrier: "i", Migration: "m", At: at}, Then: given.Events{carryover, moving}},
		{Name: "a migration without another host is refused", Given: runs, When: cmd.ResizeServer{ID: "s", Carrier: "i", Migration: "m", At: at}, Refused: commands.Invalid},
		{Name: "what is carried goes on at its new host, with its ports", Origin: "host.b", Given: after(onItsWay, stored), When: cmd.ReportServerCaptured{Host: "b", ID: "s", ImageID: "i"},
			Then: given.Events{evt.ServerCarried{ID: "s", Base: ofDisk, By: given.Start.Add(11*time.Second + buildTime)}, netevt.PortBound{ID: "port", Host: "a"}}},
		{Name: "a host that lies about the image is not believed", Origin: "host.b", Given: onItsWay, When: cmd.ReportServerCaptured{Host: "b", ID: "s", ImageID: "i"}},
		{Name: "what can't be carried stays what it was", Given: onItsWay, When: cmd.PassDeadline{ID: "s", Due: moving.By},
			Then: given.Events{imgevt.ImageDeleted{ID: "i"}, evt.ServerActionFailed{ID: "s", Message: "The host did not finish resize_migrating in time."}}},
		{Name: "confirmed, the host that it left removes it", Given: verify, When: cmd.ConfirmResize{ID: "s"},
			Then: given.Events{evt.ServerResizeConfirmed{ID: "s"}, evt.ServerLeft{ID: "s", Host: "b"}, dropped}},
		{Name: "reverted, it goes home", Given: verify, When: cmd.RevertResize{ID: "s", At: at},
			Then: given.Events{evt.ServerResizeRevertRequested{ID: "s", By: at.Add(actionTime)}, evt.ServerLeft{ID: "s", Host: "a"}, netevt.PortBound{ID: "port", Host: "b"}, dropped}},
		{Name: "deleted in between, both hosts remove it", Origin: "host.a", Given: after(verify, evt.ServerDeletionRequested{ID: "s", By: at}), When: cmd.ReportServerGone{Host: "a", ID: "s"},
			Then: given.Events{netevt.PortReconfigured{ID: "port", NetworkID: "n"}, netevt.PortUnbound{ID: "port"}, evt.ServerLeft{ID: "s", Host: "b"}, dropped, evt.ServerDeleted{ID: "s", Host: "a"}}},
	})
}

func TestRoomIsClaimedInBothPlacesUntilAResizeIsConfirmed(t *testing.T) {
	used := func(events given.Events, host string) int {
		h, _ := given.World(t, events).Compute.Hosts.Get(host)
		return h.Used.RAMMiB
	}
	there := given.Events{small, hostA, hostB, created, placed, booted, carryover, moving, stored, evt.ServerCarried{ID: "s", Base: ofDisk, By: at}, evt.ServerResized{ID: "s"}}
	for _, c := range []struct {
		when  string
		given given.Events
		a, b  int
	}{
		{"before", there[:6], 0, 2048},
		{"on its way", there[:8], 2048, 2048},
		{"there", there, 2048, 2048},
		{"confirmed", after(there, evt.ServerResizeConfirmed{ID: "s"}), 2048, 0},
		{"reverting", after(there, evt.ServerResizeRevertRequested{ID: "s", By: at}), 2048, 2048},
		{"reverted", after(there, evt.ServerResizeRevertRequested{ID: "s", By: at}, evt.ServerResizeReverted{ID: "s"}), 0, 2048},
		{"failed", after(there[:8], evt.ServerActionFailed{ID: "s"}), 0, 2048},
		{"deleted", after(there, evt.ServerDeleted{ID: "s"}), 0, 0},
	} {
		if a, b := used(c.given, "a"), used(c.given, "b"); a != c.a || b != c.b {
			t.Errorf("%s: %d and %d are claimed, want %d and %d", c.when, a, b, c.a, c.b)
		}
	}
}
