package compute

import (
	"testing"

	"skylog/commands"
	cmd "skylog/commands/compute"
	evt "skylog/events/compute"
	netevt "skylog/events/network"
	"skylog/handlers/given"
)

func TestEvacuate(t *testing.T) {
	port := netevt.PortCreated{ID: "port", ProjectID: "p", NetworkID: "n", Settings: netevt.PortSettings{DeviceID: "s", DeviceOwner: "compute:nova"}}
	base := given.Events{small, hostA, hostB, port, with(created, func(e *evt.ServerCreated) { e.PortIDs = []string{"port"} }), placed, netevt.PortBound{ID: "port", Host: "b"}, booted}
	lost := after(base, evt.HostLost{Name: "b"})
	ask := cmd.EvacuateServer{ID: "s", Migration: "m", At: at}
	left := evt.ServerLeft{ID: "s", Host: "b"}
	asked := evt.ServerEvacuationRequested{ID: "s", Host: "a", Disk: 1, Migration: "m", By: at.Add(buildTime)}
	bound := netevt.PortBound{ID: "port", Host: "a"}
	gone := after(lost, left, asked, bound)
	given.Run(t, Register, []given.Case{
		{Name: "a server of a lost host is made anew elsewhere, with its ports", Given: lost, When: ask, Then: given.Events{left, asked, bound}},
		{Name: "its config drive tells another password there", Given: lost, When: with(ask, func(c *cmd.EvacuateServer) { c.Password = []byte{3} }),
			Then: given.Events{evt.ServerFirstPasswordChanged{ID: "s", Password: []byte{3}}, left, asked, bound}},
		{Name: "while its host is there it stays", Given: base, When: ask, Refused: commands.Invalid},
		{Name: "without another host it stays", Given: after(lost, evt.HostDisabled{Name: "a"}), When: ask, Refused: commands.Invalid},
		{Name: "the lost host isn't another", Given: lost, When: with(ask, func(c *cmd.EvacuateServer) { c.Host = "b" }), Refused: commands.Invalid},
		{Name: "it is there when the new host says so", Origin: "host.a", Given: gone, When: cmd.ReportServer{Host: "a", ID: "s", Generation: 11, Power: cmd.Running},
			Then: given.Events{evt.ServerEvacuated{ID: "s"}, netevt.PortWentUp{ID: "port", VIFType: vifType}}},
		{Name: "the lost host has no say any more", Origin: "host.b", Given: after(gone, evt.HostReturned{Name: "b"}), When: cmd.ReportServer{Host: "b", ID: "s", Generation: 8, Power: cmd.Stopped}},
		{Name: "come back, it says when it has removed what it had", Origin: "host.b", Given: after(gone, evt.HostReturned{Name: "b"}), When: cmd.ReportServerGone{Host: "b", ID: "s"},
			Then: given.Events{evt.ServerRemainsRemoved{ID: "s", Host: "b"}}},
	})
}

func TestDrain(t *testing.T) {
	asked := evt.HostDrainRequested{Name: "b", Servers: 1}
	off := evt.HostDisabled{Name: "b", Reason: "disk"}
	given.Run(t, Register, []given.Case{
		{Name: "new servers are kept off, and those that are there counted", Given: runs, When: cmd.DrainHost{Name: "b", Reason: "disk"}, Then: given.Events{asked, off}},
		{Name: "once is enough", Given: after(runs, asked, off), When: cmd.DrainHost{Name: "b"}},
		{Name: "a host that isn't there is refused", Given: runs, When: cmd.DrainHost{Name: "x"}, Refused: commands.NotFound},
		{Name: "it isn't over while a server is there", Given: after(runs, asked, off), When: cmd.FinishDrain{Name: "b"}},
		{Name: "it is over when all have gone", Given: after(runs, asked, off, evt.ServerDeleted{ID: "s", Host: "b"}), When: cmd.FinishDrain{Name: "b"}, Then: given.Events{evt.HostDrained{Name: "b"}}},
		{Name: "an enabled host isn't drained", Given: after(runs, asked, off, evt.HostEnabled{Name: "b"}, evt.ServerDeleted{ID: "s", Host: "b"}), When: cmd.FinishDrain{Name: "b"}},
	})
}

func TestAMigrationsStory(t *testing.T) {
	there := given.Events{small, hostA, hostB, created, placed, booted, carryover, moving, stored, evt.ServerCarried{ID: "s", Base: ofDisk, By: at}, evt.ServerResized{ID: "s"}}
	for _, c := range []struct {
		given  given.Events
		status string
	}{
		{there[:8], "migrating"},
		{after(there[:8], evt.ServerActionFailed{ID: "s"}), "error"},
		{there, "finished"},
		{after(there, evt.ServerResizeConfirmed{ID: "s"}), "confirmed"},
		{after(there, evt.ServerResizeRevertRequested{ID: "s", By: at}, evt.ServerResizeReverted{ID: "s"}), "reverted"},
	} {
		w := given.World(t, c.given)
		for _, m := range w.Compute.Migrations.All() {
			if m.Status != c.status || m.From != "b" || m.To != "a" || m.Type != "migration" || m.ID != "m" {
				t.Errorf("want %s, got %+v", c.status, m)
			}
		}
		if n := w.Compute.Migrations.Len(); n != 1 {
			t.Errorf("%d migrations", n)
		}
	}
	if n := given.World(t, after(there, evt.ServerDeleted{ID: "s"})).Compute.Migrations.Len(); n != 0 {
		t.Errorf("%d migrations of a server that is gone", n)
	}
}
