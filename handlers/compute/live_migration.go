package compute

import (
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	netevt "skylog/events/network"
	"skylog/projections"
	view "skylog/projections/compute"
)

// LiveMigrateServer takes a server to another host while it runs: to one that
// would be picked for it, or to the one that is named if that would do, too.
func LiveMigrateServer(w *projections.World, c cmd.LiveMigrateServer) ([]events.Event, error) {
	s, err := act(w, c.ID, "os-migrateLive", c.By, view.Active, view.Paused)
	if err != nil {
		return nil, err
	}
	here, ok := w.Compute.Hosts.Get(s.Host)
	switch {
	case !ok || !here.Alive():
		return nil, commands.Refuse(commands.Invalid, "Compute service of %s is unavailable at this time.", s.Host)
	case c.Host == s.Host:
		return nil, commands.Refuse(commands.Invalid, "Unable to migrate instance (%s) to current host (%s).", c.ID, c.Host)
	}
	ask := want{Usage: view.UsageOf(&s.Flavor), zone: s.Zone, host: c.Host, not: s.Host, server: s.ID, group: s.GroupID, specs: s.Flavor.ExtraSpecs}
	ask.also = func(h *view.Host) bool { return takesRunning(w, &s, &here, h) }
	host, why := place(w, ask)
	if why != "" {
		return nil, commands.Refuse(commands.Invalid, "%s", why)
	}
	return events.List(evt.ServerLiveMigrationRequested{ID: c.ID, Host: host, Migration: c.Migration, By: c.At.Add(buildTime)}), nil
}

// takesRunning says whether a host can take over a server that runs on another:
// its hypervisor is of the same kind and no older, it takes new servers, and has
// nothing left of this one. What the scheduler would ask is asked of a host that
// is named, too.
func takesRunning(w *projections.World, s *view.Server, here, h *view.Host) bool {
	return h.Type == here.Type && h.Arch == here.Arch && h.Version >= here.Version &&
		!h.Disabled && (s.Zone == "" || h.InZone() == s.Zone) && meets(w, h.Name, aggregateSpecs(s.Flavor.ExtraSpecs)) &&
		!w.Compute.Remains.Has(view.RemainID{ID: s.ID, Host: h.Name})
}

// AbortLiveMigration lets a server stay where it is. Once it is being sent only
// its host can say whether it is there still.
func AbortLiveMigration(w *projections.World, c cmd.AbortLiveMigration) ([]events.Event, error) {
	const action = "abort live migration"
	s, err := movingLive(w, c.ID, action, c.By)
	if err != nil {
		return nil, err
	}
	m, ok := migrationOf(w, c.ID, c.Number)
	switch {
	case !ok:
		return nil, commands.Refuse(commands.NotFound, "Migration %d not found for instance %s", c.Number, c.ID)
	case m.Status != view.Underway && !(c.Early && m.Status == view.Preparing):
		return nil, wrongMigration(&m, action)
	case s.Live.Abort:
		return nil, nil
	}
	asked := events.List(evt.ServerLiveMigrationAbortRequested{ID: c.ID, By: c.At.Add(actionTime)})
	if s.Live.Endpoint == "" {
		asked = append(asked, stays(&s, evt.ServerLiveMigrationFailed{Cancelled: true, Message: cancelled})...)
	}
	return asked, nil
}

const cancelled = "The live migration was cancelled."

// ForceLiveMigration lets a server stand still until all of it is sent.
func ForceLiveMigration(w *projections.World, c cmd.ForceLiveMigration) ([]events.Event, error) {
	s, err := movingLive(w, c.ID, "force_complete", c.By)
	if err != nil {
		return nil, err
	}
	m, ok := migrationOf(w, c.ID, c.Number)
	switch {
	case s.VMState != view.Active:
		return nil, commands.Refuse(commands.Conflict, "Cannot 'force_complete' instance %s while it is in vm_state %s", c.ID, s.VMState)
	case !ok:
		return nil, commands.Refuse(commands.Invalid, "Migration %d not found for instance %s", c.Number, c.ID)
	case m.Status != view.Underway:
		return nil, wrongMigration(&m, "force complete")
	case s.Live.Hurry:
		return nil, nil
	}
	return events.List(evt.ServerLiveMigrationForced{ID: c.ID}), nil
}

// movingLive returns a server that is on its way while it runs.
func movingLive(w *projections.World, id, action string, by cmd.By) (view.Server, error) {
	s, ok := w.Compute.Servers.Get(id)
	switch {
	case !ok || s.Gone():
		return s, serverMissing(id)
	case locked(&s, by):
		return s, lockedRefusal(id)
	case s.TaskState == view.NoTask:
		return s, commands.Refuse(commands.Conflict, "Cannot '%s' instance %s while it is in task_state None", action, id)
	case s.TaskState != view.MigratingLive:
		return s, commands.Refuse(commands.Conflict, "Cannot '%s' instance %s while it is in task_state %s", action, id, s.TaskState)
	}
	return s, nil
}

func migrationOf(w *projections.World, server string, number uint64) (view.Migration, bool) {
	m, ok := w.Compute.Migrations.Get(number)
	return m, ok && m.ServerID == server
}

func wrongMigration(m *view.Migration, action string) error {
	return commands.Refuse(commands.Invalid, "Migration %d state of instance %s is %s. Cannot %s while the migration is in this state.", m.Number, m.ServerID, m.Status, action)
}

// stays ends a live migration: the host that the server was to go to removes what
// it has.
func stays(s *view.Server, why evt.ServerLiveMigrationFailed) []events.Event {
	why.ID = s.ID
	return events.List(why, evt.ServerLeft{ID: s.ID, Host: s.Live.To})
}

// movedBy returns the server of which a host speaks, if it is on its way by the
// migration that the host means.
func movedBy(w *projections.World, id, migration string) (view.Server, bool) {
	s, ok := w.Compute.Servers.Get(id)
	return s, ok && !s.Gone() && s.Live != nil && s.Live.Migration == migration
}

// progressTime is how long nothing may be heard of how far a server was sent: for
// what takes long that is told less often.
const progressTime = 15 * time.Minute

// maxEndpoint is how long what a host says of where it waits may be.
const maxEndpoint = 255

// ReportServerAwaited sends a server on its way once its next host is ready.
func ReportServerAwaited(w *projections.World, c cmd.ReportServerAwaited) ([]events.Event, error) {
	s, ok := movedBy(w, c.ID, c.Migration)
	switch {
	case !ok || s.Live.To != c.Host || s.Live.Endpoint != "":
		return nil, nil
	case c.Endpoint == "" || len(c.Endpoint) > maxEndpoint:
		return nil, commands.Refuse(commands.Invalid, "An endpoint has 1 to %d characters.", maxEndpoint)
	}
	return events.List(evt.ServerLiveMigrationPrepared{ID: c.ID, Endpoint: c.Endpoint, By: w.Time.Add(progressTime)}), nil
}

// ReportServerProgress notes how far a live migration is. What tells nothing new
// makes no event.
func ReportServerProgress(w *projections.World, c cmd.ReportServerProgress) ([]events.Event, error) {
	s, ok := movedBy(w, c.ID, c.Migration)
	if !ok || s.Host != c.Host || s.Live.Endpoint == "" {
		return nil, nil
	}
	m, ok := w.Compute.Migrations.WithID(c.Migration)
	if !ok || m.Transfer == evt.Transfer(c.Transfer) {
		return nil, nil
	}
	return events.List(evt.ServerLiveMigrationProgressed{ID: c.ID, Transfer: evt.Transfer(c.Transfer), By: w.Time.Add(progressTime)}), nil
}

// ReportServerSent ends a live migration: the server is where it was to go, with
// its ports, and the host that it left removes what it has.
func ReportServerSent(w *projections.World, c cmd.ReportServerSent) ([]events.Event, error) {
	s, ok := movedBy(w, c.ID, c.Migration)
	if !ok || s.Host != c.Host || s.Live.Endpoint == "" {
		return nil, nil
	}
	moved := events.List(evt.ServerLiveMigrated{ID: c.ID}, evt.ServerLeft{ID: c.ID, Host: s.Host})
	for _, e := range rebind(w, &s, s.Live.To) {
		moved = append(moved, e)
		if bound, ok := e.(netevt.PortBound); ok {
			moved = append(moved, netevt.PortWentUp{ID: bound.ID, VIFType: vifType})
		}
	}
	return moved, nil
}

// ReportServerStayed ends a live migration that didn't come about.
func ReportServerStayed(w *projections.World, c cmd.ReportServerStayed) ([]events.Event, error) {
	s, ok := movedBy(w, c.ID, c.Migration)
	if !ok || s.Host != c.Host || s.Live.Endpoint == "" {
		return nil, nil
	}
	why := evt.ServerLiveMigrationFailed{Message: "The host could not send the server.", Details: c.Reason}
	switch {
	case s.Live.Overdue:
		why.Message = "The server was not sent in time."
	case s.Live.Abort:
		why.Cancelled, why.Message = true, cancelled
	}
	stayed := stays(&s, why)
	if s.VMState == view.Active && (c.Power == cmd.Stopped || c.Power == cmd.Crashed) {
		stayed = append(stayed, evt.ServerStopped{ID: c.ID, ByItself: true})
	}
	return stayed, nil
}

// notAwaited is what follows where a host couldn't do what is wanted of a server
// that is on its way: only that its next host can't get ready for it counts.
func notAwaited(s *view.Server, c *cmd.ReportServerFailed) []events.Event {
	if c.Host != s.Live.To || s.Live.Endpoint != "" || c.Generation != s.Generation {
		return nil
	}
	return stays(s, evt.ServerLiveMigrationFailed{Message: "The host that the server was to go to could not get ready for it.", Details: c.Reason})
}

// sentTooLong is what follows when a live migration takes too long. Before the
// server is sent, it stays; then its host is asked to stop, and if that doesn't
// answer either, somebody has to look: whichever host has the server may still say so.
func sentTooLong(w *projections.World, s *view.Server) []events.Event {
	switch {
	case s.Live.Endpoint == "":
		return stays(s, evt.ServerLiveMigrationFailed{Message: "The host that the server was to go to did not get ready in time."})
	case !s.Live.Abort:
		return events.List(evt.ServerLiveMigrationAbortRequested{ID: s.ID, Overdue: true, By: w.Time.Add(actionTime)})
	}
	return events.List(evt.ServerActionFailed{ID: s.ID, Error: true, Message: "The host of the server does not say whether it was sent."})
}

// letGo ends a server's live migration, or asks for that where it may be sent by
// now, since something else is to become of it.
func letGo(w *projections.World, s *view.Server) []events.Event {
	switch {
	case s.Live == nil:
		return nil
	case s.Live.Endpoint == "":
		return stays(s, evt.ServerLiveMigrationFailed{Cancelled: true, Message: cancelled})
	case !s.Live.Abort:
		return events.List(evt.ServerLiveMigrationAbortRequested{ID: s.ID, By: w.Time.Add(actionTime)})
	}
	return nil
}
