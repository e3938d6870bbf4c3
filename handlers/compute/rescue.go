package compute

import (
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

// RescueServer runs a server from another image, so that its own disk can be mended.
func RescueServer(w *projections.World, c cmd.RescueServer) ([]events.Event, error) {
	s, err := act(w, c.ID, "rescue", c.By, view.Active, view.Stopped, view.Errored)
	if err != nil {
		return nil, err
	}
	from := s.Base
	if c.Image != nil {
		if err := bootable(&s.Flavor, c.Image); err != nil {
			return nil, err
		}
		from = useOf(c.Image)
	}
	return events.List(evt.ServerRescueRequested{ID: c.ID, Image: from, Password: c.Password, By: c.At.Add(buildTime)}), nil
}

// UnrescueServer runs a rescued server from its own disk again.
func UnrescueServer(w *projections.World, c cmd.UnrescueServer) ([]events.Event, error) {
	if _, err := act(w, c.ID, "unrescue", c.By, view.Rescued); err != nil {
		return nil, err
	}
	return events.List(evt.ServerUnrescueRequested{ID: c.ID, By: c.At.Add(actionTime)}), nil
}
