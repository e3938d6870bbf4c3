package compute

import (
	"skylog/projections"
	view "skylog/projections/compute"
)

// noHost is Nova's text when no host will do (exception.NoValidHost).
const noHost = "No valid host was found. There are not enough hosts available."

// placeTries bounds how many hosts are looked at: the roomiest come first, so
// what doesn't fit on these fits hardly anywhere.
const placeTries = 64

// want is what a server asks of a host.
type want struct {
	view.Usage
	zone, host string
	not        string // the host where it is
}

// place picks the host with the most free RAM on which the server fits, and says
// why if there is none. Hosts come from an index, so it takes no time in
// proportion to their number.
func place(w *projections.World, ask want) (host, why string) {
	if ask.host != "" {
		h, ok := w.Compute.Hosts.Get(ask.host)
		if !ok || !h.Up || ask.host == ask.not || !h.Fits(ask.Usage) {
			return "", noHost
		}
		return h.Name, ""
	}
	tries := 0
	for h := range w.Compute.Hosts.Roomy(ask.zone) {
		if h.Name != ask.not && h.Fits(ask.Usage) {
			return h.Name, ""
		}
		if tries++; tries == placeTries {
			break
		}
	}
	return "", noHost
}
