package network

import (
	"slices"
	"strings"

	"skylog/commands"
	cmd "skylog/commands/network"
	"skylog/events"
	evt "skylog/events/network"
	"skylog/projections"
	view "skylog/projections/network"
)

// SetQuota sets some of a project's limits.
func SetQuota(w *projections.World, c cmd.SetQuota) ([]events.Event, error) {
	known := view.DefaultQuota()
	var under []string
	for resource, limit := range c.Limits {
		if _, ok := known[resource]; !ok {
			return nil, commands.RefuseAs(commands.Invalid, "HTTPBadRequest", "Unrecognized attribute(s) '%s'", resource)
		}
		if limit < -1 {
			return nil, invalid("'%d' is no limit of %s", limit, resource)
		}
		if c.NotBelowUsage && limit >= 0 && limit < w.Network.Used(c.ProjectID, resource) {
			under = append(under, resource)
		}
	}
	if len(under) > 0 {
		slices.Sort(under)
		return nil, commands.RefuseAs(commands.Conflict, "InvalidQuotaValue", "Change would make usage less than 0 for the following resources: %s.", strings.Join(under, ", "))
	}
	if len(c.Limits) == 0 {
		return nil, nil
	}
	return events.List(evt.QuotaSet{ProjectID: c.ProjectID, Limits: c.Limits}), nil
}

// ResetQuota gives a project the default limits.
func ResetQuota(w *projections.World, c cmd.ResetQuota) ([]events.Event, error) {
	if !w.Network.Quotas.Has(c.ProjectID) {
		return nil, commands.RefuseAs(commands.NotFound, "TenantQuotaNotFound", "Quota for tenant %s could not be found.", c.ProjectID)
	}
	return events.List(evt.QuotaReset{ProjectID: c.ProjectID}), nil
}
