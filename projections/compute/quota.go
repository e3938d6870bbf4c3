package compute

import (
	"maps"
	"strings"

	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections/table"
)

// DefaultQuota is what every project may have, by Nova's names (nova.conf [quota]).
var DefaultQuota = map[string]int{
	"instances": 10, "cores": 20, "ram": 51200, "metadata_items": 128, "key_pairs": 100,
	"server_groups": 10, "server_group_members": 10,
	"injected_files": 5, "injected_file_content_bytes": 10240, "injected_file_path_bytes": 255,
}

// Quota is what one project may have where that differs.
type Quota struct{ Limits map[string]int }

// Quotas is the table of quotas by project.
type Quotas struct{ table.Of[string, Quota] }

func newQuotas() Quotas { return Quotas{table.New[string, Quota](strings.Compare)} }

// DefaultClass stands for the project in the row of what every project may have
// that has no limit of its own.
const DefaultClass = ""

// Limit is how much of a resource a project may have; -1 is no limit.
func (t *Quotas) Limit(project, resource string) int {
	for _, of := range [...]string{project, DefaultClass} {
		if q, ok := t.Get(of); ok {
			if n, ok := q.Limits[resource]; ok {
				return n
			}
		}
	}
	return DefaultQuota[resource]
}

// Apply folds one event into the table.
func (t *Quotas) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.QuotaSet:
		q, _ := t.Get(e.ProjectID)
		limits := maps.Clone(q.Limits)
		if limits == nil {
			limits = map[string]int{}
		}
		maps.Copy(limits, e.Limits)
		t.Put(e.ProjectID, Quota{limits})
	case evt.QuotaReset:
		t.Delete(e.ProjectID)
	}
}
