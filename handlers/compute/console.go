package compute

import (
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

// tokenLife is how long a console may be connected to (nova.conf consoleauth/token_ttl).
const tokenLife = 10 * time.Minute

// GrantConsole lets somebody connect to a console of a server that runs.
func GrantConsole(w *projections.World, c cmd.GrantConsole) ([]events.Event, error) {
	s, ok := w.Compute.Servers.Get(c.ID)
	switch {
	case !ok || s.Gone():
		return nil, serverMissing(c.ID)
	case s.Host == "" || s.PowerState != view.PowerRunning && s.PowerState != view.PowerPaused:
		return nil, commands.Refuse(commands.Conflict, "Instance %s is not ready", c.ID)
	case c.TokenHash == "" || w.Compute.Grants.Has(c.TokenHash):
		return nil, commands.Refuse(commands.Conflict, "The token is taken.")
	}
	return events.List(evt.ServerConsoleGranted{ID: c.ID, Console: c.Console, TokenHash: c.TokenHash, Until: c.At.Add(tokenLife)}), nil
}

// OpenConsole uses a token up: a second one who comes with it is refused. While
// the server doesn't run the token stays good: it may be started meanwhile.
func OpenConsole(w *projections.World, c cmd.OpenConsole) ([]events.Event, error) {
	g, ok := w.Compute.Grants.Get(c.TokenHash)
	s, there := w.Compute.Servers.Get(g.ServerID)
	if !ok || !there || s.Gone() || c.At.After(g.Until) || w.Time.After(g.Until) {
		return nil, commands.Refuse(commands.NotFound, "The token is unknown, was used or has expired, or its server is gone.")
	}
	if s.Host == "" || s.PowerState != view.PowerRunning && s.PowerState != view.PowerPaused {
		return nil, commands.Refuse(commands.Conflict, "Instance %s is not running.", s.ID)
	}
	return events.List(evt.ServerConsoleOpened{ID: g.ServerID, TokenHash: c.TokenHash}), nil
}
