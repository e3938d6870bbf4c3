package compute

import (
	"iter"

	"skylog/projections"
	view "skylog/projections/compute"
	placementview "skylog/projections/placement"
)

// noHost is Nova's text when no host will do (exception.NoValidHost).
const noHost = "No valid host was found. There are not enough hosts available."

// placeTries bounds how many hosts are looked at that a server may be on: the
// roomiest come first, so what doesn't fit on these fits hardly anywhere.
// placeLooks bounds how many are looked at in all.
const (
	placeTries = 64
	placeLooks = 2000
)

// want is what a server asks of a host.
type want struct {
	view.Usage
	zone, host    string
	not           string // the host where it is
	server, group string // whose group has a say
	specs         map[string]string
	also          func(*view.Host) bool // what else is asked of the host; nil: nothing
}

// suits says whether a host is what is asked for beside its room.
func (ask *want) suits(h *view.Host) bool {
	return h.Name != ask.not && (ask.also == nil || ask.also(h))
}

// place picks the host with the most free RAM on which the server fits, and says
// why if there is none. Hosts come from an index, so it takes no time in
// proportion to their number.
func place(w *projections.World, ask want) (host, why string) {
	with, asks, traits := companyOf(w, ask.group, ask.server), aggregateSpecs(ask.specs), traitSpecs(ask.specs)
	if ask.host != "" { // named by an administrator: only whether it can be is asked
		h, ok := w.Compute.Hosts.Get(ask.host)
		if !ok || !h.Alive() || !ask.suits(&h) || !fits(w, &h, ask.Usage) || !traits.allow(w, &h) || !with.allows(h.Name) {
			return "", noHost
		}
		return h.Name, ""
	}
	tries, looks, second := 0, 0, ""
	for h := range candidates(w, ask.zone, asks, traits) {
		if looks++; looks > placeLooks || tries == placeTries {
			break
		}
		if !ask.suits(&h) || !with.allows(h.Name) || !meets(w, h.Name, asks) || !traits.allow(w, &h) {
			continue
		}
		tries++
		switch {
		case !fits(w, &h, ask.Usage):
		case with.prefers(h.Name):
			return h.Name, ""
		case second == "":
			second = h.Name
		}
	}
	if second == "" {
		why = noHost
	}
	return second, why
}

// candidates are the hosts on which a server may be put at all, the roomiest
// first: those of aggregates that have what its flavor asks of them, or those with
// a trait that it requires, if it does.
func candidates(w *projections.World, zone string, asks map[string]string, traits traits) iter.Seq[view.Host] {
	var names []string
	switch {
	case len(asks) > 0:
		names = offering(w, asks)
	case len(traits.required) > 0:
		names = endowed(w, traits.required[0])
	default:
		return w.Compute.Hosts.Roomy(zone)
	}
	return func(yield func(view.Host) bool) {
		for _, h := range roomiest(w, names) {
			if (zone == "" || h.InZone() == zone) && !yield(h) {
				return
			}
		}
	}
}

// fits says whether a host has room for a server, by what the host's resource
// provider has.
func fits(w *projections.World, h *view.Host, u view.Usage) bool {
	p, ok := w.Placement.Providers.Get(h.ID)
	if !ok || p.Host != h.Name { // a host without an id has no provider
		return h.Fits(u)
	}
	for _, class := range []string{placementview.VCPU, placementview.MemoryMB, placementview.DiskGB} {
		if !w.HasRoom(&p, class, projections.Portion(u, class)) {
			return false
		}
	}
	return true
}
