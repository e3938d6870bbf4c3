package compute

import (
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	"skylog/projections"
	view "skylog/projections/compute"
)

func (s *Service) mountUsage(a huma.API) {
	const path, rule = "/os-simple-tenant-usage", "os_compute_api:os-simple-tenant-usage:"
	api.Handle(a, "GET "+path, rule+"list", http.StatusOK, s.listUsages)
	api.Handle(a, "GET "+path+"/{id}", rule+"show", http.StatusOK, s.showUsage)
}

const usageTime = "2006-01-02T15:04:05.000000"

type serverUsage struct {
	ID        string    `json:"instance_id"`
	Name      string    `json:"name"`
	TenantID  string    `json:"tenant_id"`
	Flavor    string    `json:"flavor"`
	Hours     float64   `json:"hours"`
	VCPUs     int       `json:"vcpus"`
	RAM       int       `json:"memory_mb"`
	Disk      int       `json:"local_gb"`
	StartedAt time.Time `json:"started_at" layout:"2006-01-02T15:04:05.000000"`
	EndedAt   time.Time `json:"ended_at" layout:"2006-01-02T15:04:05.000000"`
	Uptime    int       `json:"uptime"`
	State     string    `json:"state"`
}

type tenantUsage struct {
	TenantID string         `json:"tenant_id"`
	Start    string         `json:"start"`
	Stop     string         `json:"stop"`
	Hours    float64        `json:"total_hours"`
	VCPUs    float64        `json:"total_vcpus_usage"`
	RAM      float64        `json:"total_memory_mb_usage"`
	Disk     float64        `json:"total_local_gb_usage"`
	Servers  *[]serverUsage `json:"server_usages,omitempty"`
}

type (
	// UsageQuery says of what time usage is asked for. It is exported for the reader
	// of queries, which sees no other fields.
	UsageQuery struct {
		Start    string `query:"start" maxLength:"64"`
		End      string `query:"end" maxLength:"64"`
		Detailed string `query:"detailed" maxLength:"8"`
		Limit    string `query:"limit" maxLength:"20"`
		Marker   string `query:"marker" maxLength:"255"`
	}
	listUsagesIn struct{ UsageQuery }
	showUsageIn  struct {
		ID string `path:"id" maxLength:"255"`
		UsageQuery
	}
	usagesOut struct {
		Body struct {
			Usages []*tenantUsage `json:"tenant_usages"`
			Links  []api.Link     `json:"tenant_usages_links,omitempty" since:"2.40"`
		}
	}
	usageOut struct {
		Body struct {
			Usage any        `json:"tenant_usage"` // {} for a project without servers in that time
			Links []api.Link `json:"tenant_usage_links,omitempty" since:"2.40"`
		}
	}
)

// period reads from when until when usage is asked for.
func (q *UsageQuery) period(now time.Time) (start, stop time.Time, err error) {
	read := func(text string) time.Time {
		if text == "" {
			return now
		}
		for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04:05.999999", "2006-01-02 15:04:05.999999"} {
			if t, wrong := time.Parse(layout, text); wrong == nil {
				return t
			}
		}
		err = commands.Refuse(commands.Invalid, "Invalid datetime string: Datetime is in invalid format")
		return now
	}
	start, stop = read(q.Start), read(q.End)
	if err == nil && !start.Before(stop) {
		err = commands.Refuse(commands.Invalid, "Invalid start time. The start time cannot occur after the end time.")
	}
	if stop.After(now) {
		stop = now
	}
	return start, stop, err
}

// lives goes through the servers of a project (empty: of all) that were there in
// a time, those there are now and those that ended since, behind a marker.
func lives(w *projections.World, project, marker string, start, stop time.Time) iter.Seq[serverUsage] {
	return func(yield func(serverUsage) bool) {
		ended, gone := w.Compute.Ended.Get(marker)
		if !gone {
			var from *view.Server
			if s, ok := w.Compute.Servers.Get(marker); ok {
				from = &s
			}
			for s := range w.Compute.Servers.Oldest(project, from) {
				if s.CreatedAt.After(stop) {
					break // as all behind it: they come as they were made
				}
				if s.LaunchedAt.IsZero() || s.LaunchedAt.After(stop) {
					continue
				}
				u := view.UsageOf(&s.Flavor)
				if !yield(serverUsage{ID: s.ID, Name: s.Name, TenantID: s.ProjectID, Flavor: s.Flavor.Name, VCPUs: u.VCPUs, RAM: u.RAMMiB, Disk: u.DiskGiB,
					StartedAt: s.LaunchedAt, State: s.VMState}) {
					return
				}
			}
		}
		var behind *view.Server
		if gone {
			behind = &ended
		}
		for e := range w.Compute.Ended.Since(project, start, behind) {
			if e.LaunchedAt.IsZero() || e.LaunchedAt.After(stop) {
				continue
			}
			u := view.UsageOf(&e.Flavor)
			if !yield(serverUsage{ID: e.ID, Name: e.Name, TenantID: e.ProjectID, Flavor: e.Flavor.Name, VCPUs: u.VCPUs, RAM: u.RAMMiB, Disk: u.DiskGiB,
				StartedAt: e.LaunchedAt, EndedAt: e.EndedAt, State: "terminated"}) {
				return
			}
		}
	}
}

// usagesOf adds up what servers used in a time, by project, as far as a page goes.
func usagesOf(ctx context.Context, q *UsageQuery, project string, detailed bool) (usages []*tenantUsage, links []api.Link, err error) {
	w, now := api.World(ctx), time.Now().UTC()
	start, stop, err := q.period(now)
	if err != nil {
		return nil, nil, err
	}
	size := api.MaxPage
	if !api.From(ctx).Version.Before(2, 40) {
		if size, err = count("limit", q.Limit, api.MaxPage); err != nil {
			return nil, nil, err
		}
		if q.Marker != "" && !w.Compute.Servers.Has(q.Marker) && !w.Compute.Ended.Has(q.Marker) {
			return nil, nil, api.BadMarker(q.Marker)
		}
	} else {
		q.Marker = ""
	}
	by, last, n := map[string]*tenantUsage{}, "", 0
	for one := range lives(w, project, q.Marker, start, stop) {
		if n == min(size, api.MaxPage) {
			if n > 0 && !api.From(ctx).Version.Before(2, 40) {
				links = api.Next(ctx, true, last)
			}
			break
		}
		n, last = n+1, one.ID
		of := by[one.TenantID]
		if of == nil {
			of = &tenantUsage{TenantID: one.TenantID, Start: start.Format(usageTime), Stop: stop.Format(usageTime)}
			if detailed {
				of.Servers = &[]serverUsage{}
			}
			by[one.TenantID] = of
			usages = append(usages, of)
		}
		of.add(one, start, stop, now)
	}
	return usages, links, nil
}

// add counts one server's hours in a time.
func (u *tenantUsage) add(one serverUsage, start, stop, now time.Time) {
	from, to, until := one.StartedAt, stop, now
	if from.Before(start) {
		from = start
	}
	if !one.EndedAt.IsZero() {
		until = one.EndedAt
		if until.Before(to) {
			to = until
		}
	}
	one.Hours, one.Uptime = max(0, to.Sub(from).Hours()), int(until.Sub(one.StartedAt).Seconds())
	u.Hours += one.Hours
	u.VCPUs += one.Hours * float64(one.VCPUs)
	u.RAM += one.Hours * float64(one.RAM)
	u.Disk += one.Hours * float64(one.Disk)
	if u.Servers != nil {
		*u.Servers = append(*u.Servers, one)
	}
}

func (s *Service) listUsages(ctx context.Context, in *listUsagesIn) (out *usagesOut, err error) {
	out = &usagesOut{}
	out.Body.Usages, out.Body.Links, err = usagesOf(ctx, &in.UsageQuery, "", in.Detailed == "1")
	return out, err
}

func (s *Service) showUsage(ctx context.Context, in *showUsageIn) (*usageOut, error) {
	if err := api.Allow(ctx, api.Target{ProjectID: in.ID}); err != nil {
		return nil, api.Fail(http.StatusForbidden, "Policy doesn't allow os_compute_api:os-simple-tenant-usage:show to be performed.")
	}
	usages, links, err := usagesOf(ctx, &in.UsageQuery, in.ID, true)
	if err != nil {
		return nil, err
	}
	out := &usageOut{}
	out.Body.Usage, out.Body.Links = struct{}{}, links
	if len(usages) > 0 {
		out.Body.Usage = usages[0]
	}
	return out, nil
}
