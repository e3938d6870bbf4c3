package compute

import (
	"maps"
	"slices"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

// SetQuota changes a project's limits; without force not to below what is in use.
func SetQuota(w *projections.World, c cmd.SetQuota) ([]events.Event, error) {
	used := w.Compute.Servers.UsageOf(c.ProjectID)
	inUse := map[string]int{"instances": used.Servers, "cores": used.VCPUs, "ram": used.RAMMiB}
	for _, name := range slices.Sorted(maps.Keys(c.Limits)) {
		limit := c.Limits[name]
		if _, known := view.DefaultQuota[name]; !known || limit < -1 {
			return nil, commands.Refuse(commands.Invalid, "Bad quota limit %d for %s.", limit, name)
		}
		if limit >= 0 && limit < inUse[name] && !c.Force {
			return nil, commands.Refuse(commands.Invalid, "Quota limit %d for %s must be greater than or equal to already used and reserved %d.", limit, name, inUse[name])
		}
	}
	return events.List(evt.QuotaSet{ProjectID: c.ProjectID, Limits: c.Limits}), nil
}

// ResetQuota gives a project again what all may have.
func ResetQuota(w *projections.World, c cmd.ResetQuota) ([]events.Event, error) {
	if !w.Compute.Quotas.Has(c.ProjectID) {
		return nil, nil
	}
	return events.List(evt.QuotaReset(c)), nil
}
