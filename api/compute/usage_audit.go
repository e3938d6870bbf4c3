package compute

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
)

// mountUsageAudits mounts the log of hosts' usage audits. Usage comes from the
// event log here, and no host runs audits: the log says that of each period.
func (s *Service) mountUsageAudits(a huma.API) {
	const path, rule = "/os-instance_usage_audit_log", "os_compute_api:os-instance-usage-audit-log:"
	api.Handle(a, "GET "+path, rule+"list", http.StatusOK, s.listUsageAudits)
	api.Handle(a, "GET "+path+"/{before}", rule+"show", http.StatusOK, s.showUsageAudit)
}

type usageAudit struct {
	Begin          string   `json:"period_beginning"`
	End            string   `json:"period_ending"`
	Hosts          int      `json:"num_hosts"`
	Done           int      `json:"num_hosts_done"`
	Running        int      `json:"num_hosts_running"`
	NotRun         int      `json:"num_hosts_not_run"`
	HostsNotRun    []string `json:"hosts_not_run"`
	TotalInstances int      `json:"total_instances"`
	TotalErrors    int      `json:"total_errors"`
	Status         string   `json:"overall_status"`
	Log            struct{} `json:"log"`
}

type (
	usageAuditsOut struct {
		Body struct {
			Audits usageAudit `json:"instance_usage_audit_logs"`
		}
	}
	usageAuditIn struct {
		Before string `path:"before" maxLength:"64"`
	}
	usageAuditOut struct {
		Body struct {
			Audit usageAudit `json:"instance_usage_audit_log"`
		}
	}
)

// auditOf is the month that was over before a time, as Nova counts unless told otherwise.
func auditOf(ctx context.Context, before time.Time) usageAudit {
	end := time.Date(before.Year(), before.Month(), 1, 0, 0, 0, 0, time.UTC)
	out := usageAudit{Begin: end.AddDate(0, -1, 0).Format(time.DateTime), End: end.Format(time.DateTime)}
	for name := range api.World(ctx).Compute.Hosts.All() {
		if out.Hosts == maxLooked {
			break
		}
		out.Hosts++
		out.HostsNotRun = append(out.HostsNotRun, name)
	}
	out.NotRun, out.Status = out.Hosts, "ALL hosts done. 0 errors."
	if out.Hosts > 0 {
		out.Status = "0 of " + strconv.Itoa(out.Hosts) + " hosts done. 0 errors."
	}
	return out
}

func (s *Service) listUsageAudits(ctx context.Context, _ *nothing) (*usageAuditsOut, error) {
	out := &usageAuditsOut{}
	out.Body.Audits = auditOf(ctx, time.Now().UTC())
	return out, nil
}

func (s *Service) showUsageAudit(ctx context.Context, in *usageAuditIn) (*usageAuditOut, error) {
	before, err := time.Parse("2006-01-02 15:04:05.999999", in.Before)
	if err != nil {
		return nil, commands.Refuse(commands.Invalid, "Invalid timestamp for date %s", in.Before)
	}
	out := &usageAuditOut{}
	out.Body.Audit = auditOf(ctx, before)
	return out, nil
}
