package compute

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"skylog/api"
	"skylog/commands"
	view "skylog/projections/compute"
)

type filter func(s *view.Server) bool

// column is something of a server that lists can be filtered by: by what it is
// exactly, one of several values, or by a pattern.
type column struct {
	of    func(*view.Server) string
	exact bool
	// since is the microversion 2.x from which everybody may filter by it; zero:
	// those may to whom policy allows all filters.
	since int
}

var serverColumns = map[string]column{
	"name":                {of: func(s *view.Server) string { return s.Name }, since: 1},
	"display_name":        {of: func(s *view.Server) string { return s.Name }},
	"description":         {of: func(s *view.Server) string { return s.Description }},
	"display_description": {of: func(s *view.Server) string { return s.Description }},
	"image":               {of: func(s *view.Server) string { return s.Image.ID }, exact: true, since: 1},
	"image_ref":           {of: func(s *view.Server) string { return s.Image.ID }, exact: true},
	"flavor":              {of: func(s *view.Server) string { return s.Flavor.ID }, exact: true, since: 1},
	"reservation_id":      {of: func(s *view.Server) string { return s.ReservationID }, since: 1},
	"hostname":            {of: func(s *view.Server) string { return s.Hostname }, since: 90},
	"key_name":            {of: func(s *view.Server) string { return s.KeyName }, since: 83},
	"availability_zone":   {since: 83}, // known from its host
	"config_drive":        {of: configDrive, since: 83},
	"created_at":          {of: func(s *view.Server) string { return moment(s.CreatedAt) }, since: 83},
	"launched_at":         {of: func(s *view.Server) string { return moment(s.LaunchedAt) }, since: 83},
	"terminated_at":       {of: func(s *view.Server) string { return moment(s.EndedAt) }, since: 83},
	"power_state":         {of: func(s *view.Server) string { return strconv.Itoa(s.PowerState) }, since: 83},
	"task_state":          {of: func(s *view.Server) string { return s.TaskState }, exact: true, since: 83},
	"vm_state":            {of: func(s *view.Server) string { return s.VMState }, exact: true, since: 83},
	"progress":            {of: func(*view.Server) string { return "0" }, since: 83},
	"user_id":             {of: func(s *view.Server) string { return s.UserID }, exact: true, since: 83},
	"uuid":                {of: func(s *view.Server) string { return s.ID }, exact: true},
	"host":                {of: func(s *view.Server) string { return s.Host }, exact: true},
	"node":                {of: func(s *view.Server) string { return s.Host }},
	"launch_index":        {of: func(s *view.Server) string { return strconv.Itoa(s.LaunchIndex) }},
	"kernel_id":           {of: func(*view.Server) string { return "" }},
	"ramdisk_id":          {of: func(*view.Server) string { return "" }},
	"root_device_name":    {of: func(*view.Server) string { return rootDevice }},
	"access_ip_v4":        {of: func(s *view.Server) string { return s.AccessIPv4 }},
	"access_ip_v6":        {of: func(s *view.Server) string { return s.AccessIPv6 }},
	"auto_disk_config":    {of: func(s *view.Server) string { return oneIf(s.DiskConfig == "AUTO") }},
	"locked_by":           {of: lockedBy},
}

// rootDevice is what guests have their own disk as.
const rootDevice = "/dev/vda"

func configDrive(s *view.Server) string {
	if s.ConfigDrive {
		return "True"
	}
	return ""
}

func lockedBy(s *view.Server) string {
	switch {
	case !s.Locked:
		return ""
	case s.LockedByUser:
		return "owner"
	}
	return "admin"
}

func oneIf(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}

// moment is a time as patterns are matched against; empty if it never was.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateTime)
}

// otherParameters are those besides columns that a list of servers may have.
var otherParameters = []string{"project_id", "tenant_id", "all_tenants", "sort_key", "sort_dir", "limit", "marker", "soft_deleted", "deleted", "status",
	"changes-since", "changes-before", "ip", "ip6", "tags", "tags-any", "not-tags", "not-tags-any", "locked", "page_size", "offset"}

// joinedTables are names that must not be asked by.
var joinedTables = []string{"block_device_mapping", "services", "metadata", "system_metadata", "info_cache", "security_groups", "pci_devices"}

// filters makes one filter of the query, and notes what it says of where the
// servers are taken from. What the caller may not filter by is passed over.
func (f *serverSource) filters(ctx context.Context) (filter, error) {
	query, version := api.Query(ctx), api.From(ctx).Version
	every := api.Can(ctx, "os_compute_api:servers:allow_all_filters", api.Target{})
	var all []filter
	for name, values := range query {
		value := values[len(values)-1]
		c, is := serverColumns[name]
		switch {
		case every && (slices.Contains(joinedTables, name) || strings.HasPrefix(name, "_")):
			return nil, commands.Refuse(commands.Invalid, "Invalid filter field: %.40s.", name)
		case !is && !version.Before(2, 75) && !slices.Contains(otherParameters, name):
			return nil, commands.Refuse(commands.Invalid, "Additional properties are not allowed ('%.40s' was unexpected)", name)
		case is && !every && (c.since == 0 || version.Before(2, c.since)):
			continue
		}
		fits, err := f.filterOf(ctx, name, value, every)
		switch {
		case err != nil:
			return nil, err
		case is && c.exact:
			fits = func(s *view.Server) bool { return slices.Contains(values, c.of(s)) }
		case is && c.of != nil:
			fits, err = columnPattern(value, c.of)
		}
		if err != nil {
			return nil, err
		}
		if fits != nil {
			all = append(all, fits)
		}
	}
	if err := f.whether(ctx, every); err != nil {
		return nil, err
	}
	return func(s *view.Server) bool {
		if s.VMState == view.SoftDeleted && !f.softlyDeleted || f.onlyDeleted && s.EndedAt.IsZero() && s.VMState != view.SoftDeleted {
			return false
		}
		for _, fits := range all {
			if !fits(s) {
				return false
			}
		}
		return true
	}, nil
}

// whether notes if servers are asked for that are there or that are deleted.
func (f *serverSource) whether(ctx context.Context, every bool) error {
	query := api.Query(ctx)
	asked := func(name string) bool {
		v, _ := api.ParseBool(query.Get(name))
		return v
	}
	changes := query.Has("changes-since") || query.Has("changes-before") && !api.From(ctx).Version.Before(2, 66)
	switch {
	case every && asked("deleted"): // those that are kept for a while, too, unless nobody wants them
		f.gone, f.onlyDeleted = true, true
		f.softlyDeleted = asked("soft_deleted") || !query.Has("soft_deleted")
		f.there = f.softlyDeleted && f.tables.Servers.CountByState(view.SoftDeleted) > 0
	case every && query.Has("deleted"):
		f.there, f.softlyDeleted = true, asked("soft_deleted")
	default:
		f.there, f.gone = true, changes
		f.softlyDeleted = every && asked("soft_deleted") || changes
	}
	for _, status := range query["status"] {
		switch strings.ToUpper(status) {
		case "SOFT_DELETED":
			f.softlyDeleted = true
		case "DELETED":
			if len(query["status"]) > 1 {
				break
			}
			if !isAdmin(ctx) {
				return commands.Refuse(commands.Forbidden, "Only administrators may list deleted instances")
			}
			f.there, f.gone = false, true
		}
	}
	if every && f.there && !f.gone {
		f.host = query.Get("host")
	}
	return nil
}

// filterOf is the filter of a parameter that is no column; nil if it is none.
func (f *serverSource) filterOf(ctx context.Context, name, value string, every bool) (filter, error) {
	version := api.From(ctx).Version
	switch name {
	case "status":
		return statusFilter(api.Query(ctx)[name], version)
	case "availability_zone":
		hosts := &api.World(ctx).Compute.Hosts
		return columnPattern(value, func(s *view.Server) string {
			if h, ok := hosts.Get(s.Host); ok {
				return h.InZone()
			}
			return s.Zone
		})
	case "ip":
		return addressPattern(ctx, value)
	case "ip6":
		if every || !version.Before(2, 5) {
			return addressPattern(ctx, value)
		}
	case "changes-since", "changes-before":
		return changesFilter(ctx, name, value)
	case "locked":
		if version.Before(2, 73) {
			return nil, nil
		}
		locked, ok := api.ParseBool(value)
		if !ok {
			return nil, commands.Refuse(commands.Invalid, "Invalid value '%.40s' for query parameter locked", value)
		}
		return func(s *view.Server) bool { return s.Locked == locked }, nil
	}
	return tagFilter(ctx, name, value), nil
}

// maxPattern is how long a pattern may be that something of servers is matched against.
const maxPattern = 255

// pattern reads a regular expression, which takes time in proportion to what it
// is matched against, whatever it is.
func pattern(value string) (*regexp.Regexp, error) {
	if len(value) > maxPattern {
		return nil, commands.Refuse(commands.Invalid, "A filter may have %d characters at most.", maxPattern)
	}
	re, err := regexp.Compile(value)
	if err != nil {
		return nil, commands.Refuse(commands.Invalid, "'%s' is not a regular expression", value)
	}
	return re, nil
}

func columnPattern(value string, of func(*view.Server) string) (filter, error) {
	re, err := pattern("(?i)" + value)
	return func(s *view.Server) bool {
		text := of(s)
		return text != "" && re.MatchString(text) // what isn't set matches nothing
	}, err
}

func addressPattern(ctx context.Context, value string) (filter, error) {
	re, err := pattern(value)
	w := api.World(ctx)
	return func(s *view.Server) bool {
		for _, p := range portsOf(w, s) {
			for _, ip := range p.FixedIPs {
				if re.MatchString(ip.Address.String()) {
					return true
				}
			}
		}
		return false
	}, err
}

func statusFilter(values []string, version api.Version) (filter, error) {
	known := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return !knownStatus(strings.ToUpper(v)) })
	if len(known) == 0 && !version.Before(2, 38) {
		return nil, commands.Refuse(commands.Invalid, "Invalid status value")
	}
	return func(s *view.Server) bool {
		return slices.ContainsFunc(known, func(v string) bool { return strings.EqualFold(v, s.Status()) })
	}, nil
}

func changesFilter(ctx context.Context, name, value string) (filter, error) {
	if name == "changes-before" && api.From(ctx).Version.Before(2, 66) {
		return nil, nil
	}
	at, err := readMoment(name, value)
	if err != nil {
		return nil, err
	}
	if name == "changes-since" {
		return func(s *view.Server) bool { return !s.UpdatedAt.Before(at) }, nil
	}
	if since := api.Query(ctx).Get("changes-since"); since != "" {
		if from, err := readMoment("changes-since", since); err == nil && at.Before(from) {
			return nil, commands.Refuse(commands.Invalid, "The value of changes-since must be less than or equal to changes-before.")
		}
	}
	return func(s *view.Server) bool { return !s.UpdatedAt.After(at) }, nil
}

func readMoment(name, value string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if at, err := time.Parse(layout, value); err == nil {
			return at, nil
		}
	}
	return time.Time{}, commands.Refuse(commands.Invalid, "Invalid input for query parameters %s. Value: %.40s. It is not a 'date-time'.", name, value)
}

// tagFilter is that of one of the four tag queries, since 2.26.
func tagFilter(ctx context.Context, name, value string) filter {
	if api.From(ctx).Version.Before(2, 26) {
		return nil
	}
	want := strings.Split(value, ",")
	count := func(s *view.Server) (n int) {
		for _, t := range want {
			if slices.Contains(s.Tags, t) {
				n++
			}
		}
		return n
	}
	switch name {
	case "tags":
		return func(s *view.Server) bool { return count(s) == len(want) }
	case "tags-any":
		return func(s *view.Server) bool { return count(s) > 0 }
	case "not-tags":
		return func(s *view.Server) bool { return count(s) < len(want) }
	case "not-tags-any":
		return func(s *view.Server) bool { return count(s) == 0 }
	}
	return nil
}
