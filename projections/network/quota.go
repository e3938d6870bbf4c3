package network

import (
	"maps"

	"skylog/events"
	evt "skylog/events/network"
	"skylog/projections/table"
)

// Quota is a project's limits where they aren't the defaults.
type Quota struct{ Limits map[string]int }

// Quotas is the table of projects that have limits of their own.
type Quotas struct{ table.Of[string, Quota] }

// DefaultQuota returns the limits of a project for which none were set, -1 is no
// limit. The map is the caller's.
func DefaultQuota() map[string]int {
	return map[string]int{"network": 100, "subnet": 100, "port": 500, "security_group": 10, "security_group_rule": 100}
}

// Limits are all limits of a project. The map is the caller's.
func (q *Quotas) Limits(projectID string) map[string]int {
	all := DefaultQuota()
	own, _ := q.Get(projectID)
	maps.Copy(all, own.Limits)
	return all
}

// Used is how much of a limited resource a project has.
func (t *Tables) Used(projectID, resource string) int {
	switch resource {
	case "network":
		return t.Networks.CountOf(projectID)
	case "subnet":
		return t.Subnets.CountOf(projectID)
	case "port":
		return t.Ports.CountOf(projectID)
	case "security_group":
		return t.Groups.CountOf(projectID)
	case "security_group_rule":
		return t.Rules.CountOf(projectID)
	}
	return 0
}

func (q *Quotas) apply(e events.Event) {
	switch e := e.(type) {
	case evt.QuotaSet:
		own, _ := q.Get(e.ProjectID)
		limits := maps.Clone(own.Limits)
		if limits == nil {
			limits = map[string]int{}
		}
		maps.Copy(limits, e.Limits)
		q.Put(e.ProjectID, Quota{limits})
	case evt.QuotaReset:
		q.Delete(e.ProjectID)
	}
}
