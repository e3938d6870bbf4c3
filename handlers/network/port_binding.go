package network

import (
	"skylog/commands"
	cmd "skylog/commands/network"
	"skylog/events"
	evt "skylog/events/network"
	"skylog/projections"
	view "skylog/projections/network"
)

// BindPort puts a port on a host.
func BindPort(w *projections.World, c cmd.BindPort) ([]events.Event, error) {
	p, err := findPort(w, c.ID)
	if err != nil {
		return nil, err
	}
	return rebound(p, &c.Host), nil
}

// ReportPortUp takes a host's word that a port is plugged, provided it is bound there.
func ReportPortUp(w *projections.World, c cmd.ReportPortUp) ([]events.Event, error) {
	p, err := boundTo(w, c.ID, c.Host)
	switch {
	case err != nil:
		return nil, err
	case p.Status == view.Active && p.VIFType == c.VIFType:
		return nil, nil
	case c.VIFType != "bridge" && c.VIFType != "ovs" && c.VIFType != "tap":
		return nil, commands.Refuse(commands.Invalid, "%q is no kind of interface", c.VIFType)
	}
	return events.List(evt.PortWentUp{ID: c.ID, VIFType: c.VIFType}), nil
}

// ReportPortDown takes a host's word that nothing passes a port, provided it is bound there.
func ReportPortDown(w *projections.World, c cmd.ReportPortDown) ([]events.Event, error) {
	p, err := boundTo(w, c.ID, c.Host)
	if err != nil || p.Status == view.Down {
		return nil, err
	}
	return events.List(evt.PortWentDown{ID: c.ID}), nil
}

// boundTo refuses what a host says about a port that isn't its own to speak of.
func boundTo(w *projections.World, id, host string) (view.Port, error) {
	p, err := findPort(w, id)
	if err == nil && (host == "" || p.Host != host) {
		err = commands.Refuse(commands.Forbidden, "port %s is not bound to host %s", id, host)
	}
	return p, err
}
