package projections

import (
	"math"

	"skylog/projections/identity"
)

// cloudRegion is the region that a cell is: limits are registered for it, or for
// any region.
const cloudRegion = "RegionOne"

// Limit is how much of a service's resource a project may have: what the unified
// limits say, the project's own before the registered default, and otherwise
// what is given here. Less than zero is without bound.
func (w *World) Limit(projectID, serviceType, resource string, otherwise int64) int64 {
	limit := otherwise
search:
	for id := range w.Identity.Services.OfType(serviceType) {
		for _, region := range []string{cloudRegion, ""} {
			what := identity.Limited{ServiceID: id, RegionID: region, ResourceName: resource}
			if own, ok := w.Identity.Limits.Owned(projectID, what); ok {
				limit = int64(own.Limit)
				break search
			}
			if registered, ok := w.Identity.RegisteredLimits.On(what); ok {
				limit = int64(registered.Default)
				break search
			}
		}
	}
	if limit < 0 {
		return math.MaxInt64
	}
	return limit
}
