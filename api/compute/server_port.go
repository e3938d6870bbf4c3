package compute

import (
	"cmp"
	"slices"

	"skylog/projections"
	view "skylog/projections/compute"
	netview "skylog/projections/network"
)

// portsOf are a server's ports in the order in which the guest has them. Anybody
// may say of a port of theirs that this server is its device: one that the server
// wasn't made with counts if it is bound to the server's host.
func portsOf(w *projections.World, s *view.Server) []*netview.Port { return appendPorts(nil, w, s) }

func appendPorts(ports []*netview.Port, w *projections.World, s *view.Server) []*netview.Port {
	for p := range w.Network.Ports.Plugged(s.ID) {
		if p.Host != "" && p.Host == s.Host || slices.Contains(s.PortIDs, p.ID) {
			ports = append(ports, p)
		}
	}
	if len(ports) > 1 {
		place := func(p *netview.Port) int { // those it was made with come first
			if i := slices.Index(s.PortIDs, p.ID); i >= 0 {
				return i
			}
			return len(s.PortIDs)
		}
		slices.SortStableFunc(ports, func(a, b *netview.Port) int { return cmp.Compare(place(a), place(b)) })
	}
	return ports
}

// groupsOf are the security groups of a server's ports, each once.
func groupsOf(w *projections.World, s view.Server) (groups []netview.Group) {
	for _, p := range portsOf(w, &s) {
		for _, id := range p.SecurityGroupIDs {
			g, ok := w.Network.Groups.Get(id)
			if ok && !slices.ContainsFunc(groups, func(o netview.Group) bool { return o.ID == id }) {
				groups = append(groups, g)
			}
		}
	}
	return groups
}
