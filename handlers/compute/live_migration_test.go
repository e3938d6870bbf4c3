package compute

import (
	"testing"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	evt "skylog/events/compute"
	netevt "skylog/events/network"
	"skylog/handlers/given"
	view "skylog/projections/compute"
)

var (
	livePort  = netevt.PortCreated{ID: "port", ProjectID: "p", NetworkID: "n", Settings: netevt.PortSettings{DeviceID: "s", DeviceOwner: "compute:nova"}}
	liveBase  = given.Events{small, hostA, hostB, livePort, with(created, func(e *evt.ServerCreated) { e.PortIDs = []string{"port"} }), placed, netevt.PortBound{ID: "port", Host: "b"}, booted}
	liveAsked = evt.ServerLiveMigrationRequested{ID: "s", Host: "a", Migration: "m", By: at.Add(buildTime)} // the ninth event
	liveReady = evt.ServerLiveMigrationPrepared{ID: "s", Endpoint: "there", By: at.Add(progressTime)}
	leftA     = evt.ServerLeft{ID: "s", Host: "a"}
	leftB     = evt.ServerLeft{ID: "s", Host: "b"}
	abort     = evt.ServerLiveMigrationAbortRequested{ID: "s", By: at.Add(actionTime)}
	stopped   = evt.ServerLiveMigrationFailed{ID: "s", Cancelled: true, Message: cancelled}
)

// behind is the log time of a world, so many events later than the start.
func behind(events given.Events) time.Time {
	return given.Start.Add(time.Duration(len(events)-1) * time.Second)
}

func TestLiveMigrate(t *testing.T) {
	ask := cmd.LiveMigrateServer{ID: "s", Migration: "m", At: at}
	to := func(host string) cmd.LiveMigrateServer {
		return with(ask, func(c *cmd.LiveMigrateServer) { c.Host = host })
	}
	swap := func(how func(*evt.HostJoined)) given.Events {
		return append(given.Events{small, with(hostA, how)}, liveBase[2:]...)
	}
	given.Run(t, Register, []given.Case{
		{Name: "a running server goes where there is room", Given: liveBase, When: ask, Then: given.Events{liveAsked}},
		{Name: "a paused one, too", Given: after(liveBase, evt.ServerPaused{ID: "s"}), When: ask, Then: given.Events{liveAsked}},
		{Name: "a stopped one is refused", Given: after(liveBase, evt.ServerStopped{ID: "s"}), When: ask, Refused: commands.Conflict},
		{Name: "once is enough", Given: after(liveBase, liveAsked), When: ask, Refused: commands.Conflict},
		{Name: "to the host that is named", Given: liveBase, When: to("a"), Then: given.Events{liveAsked}},
		{Name: "not to where it is", Given: liveBase, When: to("b"), Refused: commands.Invalid},
		{Name: "not to a host without room", Given: swap(func(h *evt.HostJoined) { h.RAMMiB = 1 }), When: to("a"), Refused: commands.Invalid},
		{Name: "not to one of another kind", Given: swap(func(h *evt.HostJoined) { h.Type = "other" }), When: ask, Refused: commands.Invalid},
		{Name: "not to an older one", Given: append(given.Events{small, hostA, with(hostB, func(h *evt.HostJoined) { h.Version++ })}, liveBase[3:]...), When: to("a"), Refused: commands.Invalid},
		{Name: "not to one that takes no servers, though it is named", Given: after(liveBase, evt.HostDisabled{Name: "a"}), When: to("a"), Refused: commands.Invalid},
		{Name: "not to one that has something left of it", Given: after(liveBase, leftA), When: ask, Refused: commands.Invalid},
		{Name: "not off a host that isn't heard", Given: after(liveBase, evt.HostLost{Name: "b"}), When: ask, Refused: commands.Invalid},
		{Name: "while it goes on nothing else may be asked", Given: after(liveBase, liveAsked, liveReady), When: cmd.StopServer{ID: "s", At: at}, Refused: commands.Conflict},
	})
}

func TestALiveMigrationsWay(t *testing.T) {
	asked, on := after(liveBase, liveAsked), after(liveBase, liveAsked, liveReady)
	moved := given.Events{evt.ServerLiveMigrated{ID: "s"}, leftB, netevt.PortBound{ID: "port", Host: "a"}, netevt.PortWentUp{ID: "port", VIFType: vifType}}
	there := after(on, moved...)
	sent := cmd.ReportServerSent{Host: "b", ID: "s", Migration: "m"}
	stayed := cmd.ReportServerStayed{Host: "b", ID: "s", Migration: "m", Power: cmd.Running, Reason: "why"}
	awaited := cmd.ReportServerAwaited{Host: "a", ID: "s", Migration: "m", Endpoint: "there"}
	failed := evt.ServerLiveMigrationFailed{ID: "s", Message: "The host could not send the server.", Details: "why"}
	progress := cmd.ReportServerProgress{Host: "b", ID: "s", Migration: "m", Transfer: cmd.Transfer{MemoryTotal: 9, MemorySent: 2, MemoryLeft: 7}}
	progressed := evt.ServerLiveMigrationProgressed{ID: "s", Transfer: evt.Transfer{MemoryTotal: 9, MemorySent: 2, MemoryLeft: 7}, By: behind(on).Add(progressTime)}
	given.Run(t, Register, []given.Case{
		{Name: "it is sent once its next host waits", Origin: "host.a", Given: asked, When: awaited, Then: given.Events{with(liveReady, func(e *evt.ServerLiveMigrationPrepared) { e.By = behind(asked).Add(progressTime) })}},
		{Name: "a host that waits nowhere is refused", Origin: "host.a", Given: asked, When: with(awaited, func(c *cmd.ReportServerAwaited) { c.Endpoint = "" }), Refused: commands.Invalid},
		{Name: "where it waits is told once", Origin: "host.a", Given: on, When: with(awaited, func(c *cmd.ReportServerAwaited) { c.Endpoint = "elsewhere" })},
		{Name: "a host that waits for an earlier move counts for nothing", Origin: "host.a", Given: asked, When: with(awaited, func(c *cmd.ReportServerAwaited) { c.Migration = "before" })},
		{Name: "progress is noted", Origin: "host.b", Given: on, When: progress, Then: given.Events{progressed}},
		{Name: "the same progress makes no event", Origin: "host.b", Given: after(on, progressed), When: progress},
		{Name: "progress of an earlier move counts for nothing", Origin: "host.b", Given: on, When: with(progress, func(c *cmd.ReportServerProgress) { c.Migration = "before" })},
		{Name: "sent, it is at its new host with its ports", Origin: "host.b", Given: on, When: sent, Then: moved},
		{Name: "only its own host can say so", Origin: "host.a", Given: on, When: with(sent, func(c *cmd.ReportServerSent) { c.Host = "a" })},
		{Name: "not before it was to be sent", Origin: "host.b", Given: asked, When: sent},
		{Name: "nor twice", Origin: "host.b", Given: there, When: sent},
		{Name: "where it was has no say any more", Origin: "host.b", Given: there, When: onHostB(8, cmd.Stopped)},
		{Name: "what its new host finds counts", Origin: "host.a", Given: there, When: cmd.ReportServer{Host: "a", ID: "s", Generation: 11, Power: cmd.Stopped}, Then: given.Events{evt.ServerStopped{ID: "s", ByItself: true}}},
		{Name: "on its way no host's finding counts", Origin: "host.b", Given: on, When: onHostB(10, cmd.Stopped)},
		{Name: "where it was says when it has removed what it had", Origin: "host.b", Given: there, When: cmd.ReportServerGone{Host: "b", ID: "s"}, Then: given.Events{evt.ServerRemainsRemoved{ID: "s", Host: "b"}}},
		{Name: "not sent, it stays and its next host removes what it has", Origin: "host.b", Given: on, When: stayed, Then: given.Events{failed, leftA}},
		{Name: "if its guest stopped meanwhile, that is noted", Origin: "host.b", Given: on, When: with(stayed, func(c *cmd.ReportServerStayed) { c.Power = cmd.Stopped }), Then: given.Events{failed, leftA, evt.ServerStopped{ID: "s", ByItself: true}}},
		{Name: "what is said of an earlier move counts for nothing", Origin: "host.b", Given: on, When: with(stayed, func(c *cmd.ReportServerStayed) { c.Migration = "before" })},
		{Name: "a next host that can't get ready ends it", Origin: "host.a", Given: asked, When: cmd.ReportServerFailed{Host: "a", ID: "s", Generation: 9, Reason: "why"},
			Then: given.Events{evt.ServerLiveMigrationFailed{ID: "s", Message: "The host that the server was to go to could not get ready for it.", Details: "why"}, leftA}},
		{Name: "once it is ready its failures count for nothing", Origin: "host.a", Given: on, When: cmd.ReportServerFailed{Host: "a", ID: "s", Generation: 10, Reason: "why"}},
		{Name: "nor do those of the host that sends", Origin: "host.b", Given: on, When: cmd.ReportServerFailed{Host: "b", ID: "s", Generation: 10, Reason: "why"}},
		{Name: "a machine that is awaited is nobody's orphan", Origin: "host.a", Given: on, When: cmd.ReportOrphan{Host: "a", ID: "s"}},
	})
}

func TestALiveMigrationThatTakesTooLong(t *testing.T) {
	asked, on := after(liveBase, liveAsked), after(liveBase, liveAsked, liveReady)
	overdue := with(abort, func(e *evt.ServerLiveMigrationAbortRequested) { e.Overdue, e.By = true, behind(on).Add(actionTime) })
	silent := evt.ServerActionFailed{ID: "s", Error: true, Message: "The host of the server does not say whether it was sent."}
	unknown := after(on, overdue, silent)
	lost := after(unknown, evt.HostLost{Name: "b"}, evt.HostJoined{Name: "c", HostFacts: hostA.HostFacts})
	given.Run(t, Register, []given.Case{
		{Name: "before it is sent it stays", Given: asked, When: cmd.PassDeadline{ID: "s", Due: liveAsked.By},
			Then: given.Events{evt.ServerLiveMigrationFailed{ID: "s", Message: "The host that the server was to go to did not get ready in time."}, leftA}},
		{Name: "then its host is asked to stop", Given: on, When: cmd.PassDeadline{ID: "s", Due: liveReady.By}, Then: given.Events{overdue}},
		{Name: "not while it goes on", Given: after(on, evt.ServerLiveMigrationProgressed{ID: "s", By: liveReady.By.Add(time.Second)}), When: cmd.PassDeadline{ID: "s", Due: liveReady.By}},
		{Name: "progress doesn't put off that it must stop", Given: after(on, overdue, evt.ServerLiveMigrationProgressed{ID: "s", By: overdue.By.Add(time.Hour)}), When: cmd.PassDeadline{ID: "s", Due: overdue.By}, Then: given.Events{silent}},
		{Name: "if that says nothing either, the server is in error", Given: after(on, overdue), When: cmd.PassDeadline{ID: "s", Due: overdue.By}, Then: given.Events{silent}},
		{Name: "its host may still say that it stayed", Origin: "host.b", Given: unknown, When: cmd.ReportServerStayed{Host: "b", ID: "s", Migration: "m"},
			Then: given.Events{evt.ServerLiveMigrationFailed{ID: "s", Message: "The server was not sent in time."}, leftA}},
		{Name: "or that it was sent", Origin: "host.b", Given: unknown, When: cmd.ReportServerSent{Host: "b", ID: "s", Migration: "m"},
			Then: given.Events{evt.ServerLiveMigrated{ID: "s"}, leftB, netevt.PortBound{ID: "port", Host: "a"}, netevt.PortWentUp{ID: "port", VIFType: vifType}}},
		{Name: "until then nothing is done to it", Given: unknown, When: cmd.RebootServer{ID: "s", Hard: true, At: at}, Refused: commands.Conflict},
		{Name: "a server of a lost host is made anew on neither of the two", Given: lost, When: cmd.EvacuateServer{ID: "s", Migration: "m2", At: at},
			Then: given.Events{evt.ServerLiveMigrationFailed{ID: "s", Message: "The host of the server was lost."}, leftA, leftB,
				evt.ServerEvacuationRequested{ID: "s", Host: "c", Disk: 1, Migration: "m2", By: at.Add(buildTime)}, netevt.PortBound{ID: "port", Host: "c"}}},
	})
}

func TestALiveMigrationIsAborted(t *testing.T) {
	asked, on := after(liveBase, liveAsked), after(liveBase, liveAsked, liveReady)
	ask := cmd.AbortLiveMigration{ID: "s", Number: 9, At: at}
	early := with(ask, func(c *cmd.AbortLiveMigration) { c.Early = true })
	late := with(abort, func(e *evt.ServerLiveMigrationAbortRequested) { e.By = behind(on).Add(actionTime) })
	given.Run(t, Register, []given.Case{
		{Name: "on its way its host is asked to stop", Given: on, When: ask, Then: given.Events{abort}},
		{Name: "twice changes nothing", Given: after(on, abort), When: ask},
		{Name: "it stays once its host says so", Origin: "host.b", Given: after(on, abort), When: cmd.ReportServerStayed{Host: "b", ID: "s", Migration: "m", Reason: "why"},
			Then: given.Events{with(stopped, func(e *evt.ServerLiveMigrationFailed) { e.Details = "why" }), leftA}},
		{Name: "it may be too late", Origin: "host.b", Given: after(on, abort), When: cmd.ReportServerSent{Host: "b", ID: "s", Migration: "m"},
			Then: given.Events{evt.ServerLiveMigrated{ID: "s"}, leftB, netevt.PortBound{ID: "port", Host: "a"}, netevt.PortWentUp{ID: "port", VIFType: vifType}}},
		{Name: "before it is sent that is refused", Given: asked, When: ask, Refused: commands.Invalid},
		{Name: "unless it is asked for in so many words", Given: asked, When: early, Then: given.Events{abort, stopped, leftA}},
		{Name: "another server's migration isn't found", Given: on, When: with(ask, func(c *cmd.AbortLiveMigration) { c.Number = 1 }), Refused: commands.NotFound},
		{Name: "without a migration there is nothing to abort", Given: liveBase, When: ask, Refused: commands.Conflict},
		{Name: "it is over when it has failed", Given: after(asked, abort, stopped, leftA), When: early, Refused: commands.Conflict},
		{Name: "a reset ends it before it is sent", Given: asked, When: cmd.ResetServerState{ID: "s"}, Then: given.Events{stopped, leftA, evt.ServerStateReset{ID: "s"}}},
		{Name: "on its way a reset asks its host to stop", Given: on, When: cmd.ResetServerState{ID: "s"}, Then: given.Events{late, evt.ServerStateReset{ID: "s"}}},
		{Name: "and nothing is done until that has answered", Given: after(on, late, evt.ServerStateReset{ID: "s"}), When: cmd.StopServer{ID: "s", At: at}, Refused: commands.Conflict},
	})
}

func TestALiveMigrationIsForced(t *testing.T) {
	on := after(liveBase, liveAsked, liveReady)
	ask := cmd.ForceLiveMigration{ID: "s", Number: 9}
	forced := evt.ServerLiveMigrationForced{ID: "s"}
	given.Run(t, Register, []given.Case{
		{Name: "the guest may stand still", Given: on, When: ask, Then: given.Events{forced}},
		{Name: "twice changes nothing", Given: after(on, forced), When: ask},
		{Name: "not before it is sent", Given: after(liveBase, liveAsked), When: ask, Refused: commands.Invalid},
		{Name: "one that stands still already is refused", Given: after(liveBase, evt.ServerPaused{ID: "s"}, liveAsked, liveReady), When: ask, Refused: commands.Conflict},
		{Name: "another's migration is refused", Given: on, When: with(ask, func(c *cmd.ForceLiveMigration) { c.Number = 1 }), Refused: commands.Invalid},
		{Name: "without a migration there is nothing to force", Given: liveBase, When: ask, Refused: commands.Conflict},
	})
}

func TestAServerIsDeletedOnItsWay(t *testing.T) {
	on := after(liveBase, liveAsked, liveReady)
	gone := evt.ServerDeletionRequested{ID: "s", By: at.Add(actionTime)}
	rest := given.Events{netevt.PortReconfigured{ID: "port", NetworkID: "n"}, netevt.PortUnbound{ID: "port"}, leftA}
	given.Run(t, Register, []given.Case{
		{Name: "that is allowed", Given: on, When: cmd.DeleteServer{ID: "s", At: at}, Then: given.Events{gone}},
		{Name: "when one host has removed it the other shall", Origin: "host.b", Given: after(on, gone), When: cmd.ReportServerGone{Host: "b", ID: "s"}, Then: after(rest, evt.ServerDeleted{ID: "s", Host: "b"})},
		{Name: "the other alone doesn't end it", Origin: "host.a", Given: after(on, gone), When: cmd.ReportServerGone{Host: "a", ID: "s"}},
		{Name: "that it was sent counts no more", Origin: "host.b", Given: after(on, gone), When: cmd.ReportServerSent{Host: "b", ID: "s", Migration: "m"}},
		{Name: "a lost host is told when it returns", Given: after(on, evt.HostLost{Name: "b"}), When: cmd.DeleteServer{ID: "s", At: at},
			Then: after(given.Events{gone}, after(rest, evt.ServerDeleted{ID: "s", Host: "b", Unconfirmed: true})...)},
	})
}

func TestALiveMigrationsStory(t *testing.T) {
	on := after(liveBase, liveAsked, liveReady)
	for _, c := range []struct {
		given        given.Events
		status, host string
		server, task string
		a, b         int
	}{
		{on[:9], view.Preparing, "b", "MIGRATING", view.MigratingLive, 1, 1},
		{on, view.Underway, "b", "MIGRATING", view.MigratingLive, 1, 1},
		{after(on, evt.ServerLiveMigrated{ID: "s"}, leftB), "completed", "a", "ACTIVE", "", 1, 0},
		{after(on, evt.ServerLiveMigrationFailed{ID: "s"}, leftA), "failed", "b", "ACTIVE", "", 0, 1},
		{after(on[:9], evt.ServerLiveMigrationFailed{ID: "s"}, leftA), "error", "b", "ACTIVE", "", 0, 1},
		{after(on, abort, stopped, leftA), "cancelled", "b", "ACTIVE", "", 0, 1},
		{after(on, abort, evt.ServerActionFailed{ID: "s", Error: true}), "error", "b", "ERROR", "", 1, 1},
		{after(on, abort, evt.ServerStateReset{ID: "s"}, evt.ServerLiveMigrated{ID: "s"}), "completed", "a", "ACTIVE", "", 1, 0},
	} {
		w := given.World(t, c.given)
		m, _ := w.Compute.Migrations.WithID("m")
		if m.Status != c.status || m.From != "b" || m.To != "a" || m.Type != view.LiveMigration {
			t.Errorf("want %s, got %+v", c.status, m)
		}
		s, _ := w.Compute.Servers.Get("s")
		if s.Host != c.host || s.Status() != c.server || s.TaskState != c.task {
			t.Errorf("%s: the server is on %s, %s and at %q", c.status, s.Host, s.Status(), s.TaskState)
		}
		a, _ := w.Compute.Hosts.Get("a")
		b, _ := w.Compute.Hosts.Get("b")
		if a.Used.Servers != c.a || b.Used.Servers != c.b {
			t.Errorf("%s: %d servers take room on a, %d on b", c.status, a.Used.Servers, b.Used.Servers)
		}
	}
}

func TestALiveMigrationIsAnActionOfTwoSteps(t *testing.T) {
	w := given.World(t, after(liveBase, liveAsked, liveReady, evt.ServerLocked{ID: "s"}, evt.ServerLiveMigrated{ID: "s"}))
	for a := range w.Compute.Actions.OfServer("s") {
		if a.Name != "live-migration" {
			continue
		}
		if len(a.Events) != 2 || a.Events[0].Name != "compute_pre_live_migration" || a.Events[1].Name != "compute_live_migration" ||
			a.Events[0].Result != "Success" || a.Events[1].Result != "Success" || a.Events[0].EndedAt.Equal(a.Events[1].EndedAt) {
			t.Errorf("its steps are %+v", a.Events)
		}
		return
	}
	t.Error("there is no such action")
}
