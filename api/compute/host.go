package compute

import (
	"skylog/projections"
	"slices"
)

// zonesOf are the availability zones there are hosts in, in order.
func zonesOf(w *projections.World) []string {
	var zones []string
	for _, h := range w.Compute.Hosts.All() {
		if !slices.Contains(zones, h.Zone) {
			zones = append(zones, h.Zone)
		}
	}
	slices.Sort(zones)
	return zones
}
