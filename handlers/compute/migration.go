package compute

import (
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

// EvacuateServer makes a server whose host is lost anew on another, with its
// ports. Should the lost host come back, it removes what it has: no guest runs twice.
func EvacuateServer(w *projections.World, c cmd.EvacuateServer) ([]events.Event, error) {
	s, err := act(w, c.ID, "evacuate", c.By, view.Active, view.Stopped, view.Errored)
	if err != nil {
		return nil, err
	}
	if h, ok := w.Compute.Hosts.Get(s.Host); ok && h.Alive() {
		return nil, commands.Refuse(commands.Invalid, "Compute service of %s is still in use.", s.Host)
	}
	ask := want{Usage: view.UsageOf(&s.Flavor), zone: s.Zone, host: c.Host, not: s.Host, server: s.ID, group: s.GroupID, specs: s.Flavor.ExtraSpecs}
	var left []events.Event
	if s.Live != nil { // its lost host can't say any more whether it was sent
		ask.also = func(h *view.Host) bool { return h.Name != s.Live.To }
		left = stays(&s, evt.ServerLiveMigrationFailed{Message: "The host of the server was lost."})
	}
	host, why := place(w, ask)
	if why != "" {
		return nil, commands.Refuse(commands.Invalid, "%s", why)
	}
	asked := evt.ServerEvacuationRequested{ID: c.ID, Host: host, Disk: s.Disk + 1, Migration: c.Migration, By: c.At.Add(buildTime)}
	if c.Password != nil {
		left = append(left, evt.ServerFirstPasswordChanged{ID: c.ID, Password: c.Password})
	}
	left = append(left, evt.ServerLeft{ID: c.ID, Host: s.Host}, asked)
	return append(left, rebind(w, &s, host)...), nil
}
