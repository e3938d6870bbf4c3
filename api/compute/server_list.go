package compute

import (
	"cmp"
	"context"
	"iter"
	"regexp"
	"slices"
	"strings"
	"time"

	"skylog/api"
	"skylog/commands"
	"skylog/projections"
	view "skylog/projections/compute"
	netview "skylog/projections/network"
)

type serverItem struct {
	ID    string     `json:"id"`
	Name  string     `json:"name"`
	Links []api.Link `json:"links"`
}

type serversOut[T any] struct {
	Body struct {
		Servers []T        `json:"servers"`
		Links   []api.Link `json:"servers_links,omitempty"`
	}
}

type listServersIn struct{ api.Paging }

func (s *Service) listServers(ctx context.Context, in *listServersIn) (*serversOut[serverItem], error) {
	page, links, err := pageOfServers(ctx, in)
	out := &serversOut[serverItem]{}
	out.Body.Links = links
	for _, one := range page {
		out.Body.Servers = append(out.Body.Servers, serverItem{one.ID, one.Name, link(ctx, "servers", one.ID)})
	}
	return out, err
}

func (s *Service) listServersDetail(ctx context.Context, in *listServersIn) (*serversOut[server], error) {
	page, links, err := pageOfServers(ctx, in)
	out, v := &serversOut[server]{}, newViewer(ctx, api.World(ctx))
	out.Body.Links, out.Body.Servers = links, make([]server, 0, len(page))
	for _, one := range page {
		out.Body.Servers = append(out.Body.Servers, v.full(one))
	}
	return out, err
}

// maxLooked is how many servers one list looks at; filters that let hardly any
// pass may end a page early, and its link goes on from there.
const maxLooked = 20000

func pageOfServers(ctx context.Context, in *listServersIn) (page []view.Server, links []api.Link, err error) {
	size, err := in.Size(ctx)
	if err != nil {
		return nil, nil, err
	}
	project, err := scopeOf(ctx)
	if err != nil {
		return nil, nil, err
	}
	fits, err := filtersOf(ctx)
	if err != nil {
		return nil, nil, err
	}
	servers := &api.World(ctx).Compute.Servers
	var marker *view.Server
	if in.Marker != "" {
		m, ok := servers.Get(in.Marker)
		if !ok || project != "" && m.ProjectID != project {
			return nil, nil, api.BadMarker(in.Marker)
		}
		marker = &m
	}
	all, err := orderOf(ctx, servers, project, marker)
	if err != nil {
		return nil, nil, err
	}
	more, looked, last := false, 0, ""
	page = make([]view.Server, 0, min(size, servers.Len()))
	for one := range all {
		if len(page) == size || looked == maxLooked {
			more = true
			break
		}
		looked, last = looked+1, one.ID
		if fits(&one) {
			page = append(page, one)
		}
	}
	if more && size > 0 {
		links = api.Next(ctx, true, last)
	}
	return page, links, nil
}

// scopeOf is the project whose servers are listed; empty for all.
func scopeOf(ctx context.Context) (string, error) {
	query, who := api.Query(ctx), api.From(ctx)
	tenant := cmp.Or(query.Get("project_id"), query.Get("tenant_id"))
	all := false
	if query.Has("all_tenants") {
		v, ok := api.ParseBool(cmp.Or(query.Get("all_tenants"), "1"))
		if !ok {
			return "", commands.Refuse(commands.Invalid, "Invalid value for all_tenants: %.40s", query.Get("all_tenants"))
		}
		all = v
	}
	if !all {
		return who.ProjectID, nil
	}
	return tenant, api.AllowRule(ctx, "os_compute_api:servers:index:get_all_tenants", api.Target{})
}

// orderOf goes through servers as sort_key and sort_dir say. Creation time goes
// by an index; other keys sort what a project has.
func orderOf(ctx context.Context, servers *view.Servers, project string, marker *view.Server) (iter.Seq[view.Server], error) {
	sorts, err := api.SortsOf(ctx, keysOfMap(serverSorts)...)
	if err != nil {
		return nil, err
	}
	switch {
	case len(sorts) == 0, sorts[0].Key == "created_at" && sorts[0].Desc:
		return servers.Newest(project, marker), nil
	case sorts[0].Key == "created_at":
		return servers.Oldest(project, marker), nil
	}
	var all []view.Server
	for s := range servers.Newest(project, nil) {
		if len(all) == maxLooked {
			return nil, commands.Refuse(commands.Invalid, "More than %d servers can't be sorted by %s.", maxLooked, sorts[0].Key)
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b view.Server) int {
		for _, s := range sorts {
			if n := serverSorts[s.Key](&a, &b); n != 0 {
				if s.Desc {
					return -n
				}
				return n
			}
		}
		return 0
	})
	if marker != nil {
		at := slices.IndexFunc(all, func(s view.Server) bool { return s.ID == marker.ID })
		all = all[at+1:]
	}
	return slices.Values(all), nil
}

var serverSorts = map[string]func(a, b *view.Server) int{
	"created_at":        func(a, b *view.Server) int { return a.CreatedAt.Compare(b.CreatedAt) },
	"updated_at":        func(a, b *view.Server) int { return a.UpdatedAt.Compare(b.UpdatedAt) },
	"launched_at":       func(a, b *view.Server) int { return a.LaunchedAt.Compare(b.LaunchedAt) },
	"display_name":      func(a, b *view.Server) int { return strings.Compare(a.Name, b.Name) },
	"name":              func(a, b *view.Server) int { return strings.Compare(a.Name, b.Name) },
	"uuid":              func(a, b *view.Server) int { return strings.Compare(a.ID, b.ID) },
	"vm_state":          func(a, b *view.Server) int { return strings.Compare(a.VMState, b.VMState) },
	"task_state":        func(a, b *view.Server) int { return strings.Compare(a.TaskState, b.TaskState) },
	"power_state":       func(a, b *view.Server) int { return cmp.Compare(a.PowerState, b.PowerState) },
	"host":              func(a, b *view.Server) int { return strings.Compare(a.Host, b.Host) },
	"user_id":           func(a, b *view.Server) int { return strings.Compare(a.UserID, b.UserID) },
	"project_id":        func(a, b *view.Server) int { return strings.Compare(a.ProjectID, b.ProjectID) },
	"image_ref":         func(a, b *view.Server) int { return strings.Compare(a.Image.ID, b.Image.ID) },
	"key_name":          func(a, b *view.Server) int { return strings.Compare(a.KeyName, b.KeyName) },
	"availability_zone": func(a, b *view.Server) int { return strings.Compare(a.Zone, b.Zone) },
}

type filter func(s *view.Server) bool

// filtersOf makes one filter of the query. Names that mean nothing are ignored,
// as Nova does for those who aren't administrators.
func filtersOf(ctx context.Context) (filter, error) {
	var all []filter
	for name, values := range api.Query(ctx) {
		f, err := filterOf(ctx, name, values)
		if err != nil {
			return nil, err
		}
		if f != nil {
			all = append(all, f)
		}
	}
	kept := wantsDeleted(ctx)
	return func(s *view.Server) bool {
		if s.VMState == view.SoftDeleted && !kept {
			return false
		}
		for _, f := range all {
			if !f(s) {
				return false
			}
		}
		return true
	}, nil
}

// wantsDeleted says whether servers are asked for that were deleted and are kept
// for a while: other lists don't have them.
func wantsDeleted(ctx context.Context) bool {
	for _, status := range api.Query(ctx)["status"] {
		if strings.EqualFold(status, "SOFT_DELETED") {
			return true
		}
	}
	return false
}

// maxPattern is how long a pattern may be that names are matched against.
const maxPattern = 255

func filterOf(ctx context.Context, name string, values []string) (filter, error) {
	value := values[len(values)-1]
	equal := func(of func(*view.Server) string) filter {
		return func(s *view.Server) bool { return slices.Contains(values, of(s)) }
	}
	switch name {
	case "name", "display_name":
		return namePattern(value)
	case "status":
		return statusFilter(values), nil
	case "vm_state":
		return equal(func(s *view.Server) string { return s.VMState }), nil
	case "image":
		return equal(func(s *view.Server) string { return s.Image.ID }), nil
	case "flavor":
		return equal(func(s *view.Server) string { return s.Flavor.ID }), nil
	case "key_name":
		return equal(func(s *view.Server) string { return s.KeyName }), nil
	case "uuid":
		return equal(func(s *view.Server) string { return s.ID }), nil
	case "user_id":
		return equal(func(s *view.Server) string { return s.UserID }), nil
	case "reservation_id":
		return equal(func(s *view.Server) string { return s.ReservationID }), nil
	case "ip", "ip6":
		return addressPattern(ctx, value)
	case "changes-since", "changes-before":
		return changesFilter(ctx, name, value)
	case "deleted":
		if v, _ := api.ParseBool(value); v {
			return func(*view.Server) bool { return false }, nil
		}
	}
	if isAdmin(ctx) {
		switch name {
		case "host", "node":
			return equal(func(s *view.Server) string { return s.Host }), nil
		}
	}
	return tagFilter(ctx, name, value), nil
}

func pattern(value string) (*regexp.Regexp, error) {
	if len(value) > maxPattern {
		return nil, commands.Refuse(commands.Invalid, "A filter may have %d characters at most.", maxPattern)
	}
	re, err := regexp.Compile(value) // takes time in proportion to what it is matched against, whatever it is
	if err != nil {
		return nil, commands.Refuse(commands.Invalid, "'%s' is not a regular expression", value)
	}
	return re, nil
}

func namePattern(value string) (filter, error) {
	re, err := pattern("(?i)" + value)
	return func(s *view.Server) bool { return re.MatchString(s.Name) }, err
}

func addressPattern(ctx context.Context, value string) (filter, error) {
	re, err := pattern(value)
	w := api.World(ctx)
	return func(s *view.Server) bool {
		for _, p := range portsOf(w, *s) {
			for _, ip := range p.FixedIPs {
				if re.MatchString(ip.Address.String()) {
					return true
				}
			}
		}
		return false
	}, err
}

func statusFilter(values []string) filter {
	return func(s *view.Server) bool {
		return slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, s.Status()) && knownStatus(strings.ToUpper(v)) })
	}
}

func changesFilter(ctx context.Context, name, value string) (filter, error) {
	if name == "changes-before" && api.From(ctx).Version.Before(2, 66) {
		return nil, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		at, err := time.Parse(layout, value)
		if err != nil {
			continue
		}
		if name == "changes-since" {
			return func(s *view.Server) bool { return !s.UpdatedAt.Before(at) }, nil
		}
		return func(s *view.Server) bool { return !s.UpdatedAt.After(at) }, nil
	}
	return nil, commands.Refuse(commands.Invalid, "Invalid input for query parameters %s. Value: %.40s. It is not a 'date-time'.", name, value)
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

// portsOf are a server's ports in the order in which the guest has them. Anybody
// may say of a port of theirs that this server is its device: one that the server
// wasn't made with counts if it is bound to the server's host.
func portsOf(w *projections.World, s view.Server) (ports []netview.Port) {
	for id, p := range w.Network.Ports.OfDevice(s.ID, "") {
		if p.Host != "" && p.Host == s.Host || slices.Contains(s.PortIDs, id) {
			ports = append(ports, p)
		}
	}
	if len(ports) > 1 {
		place := func(p netview.Port) int { // those it was made with come first
			if i := slices.Index(s.PortIDs, p.ID); i >= 0 {
				return i
			}
			return len(s.PortIDs)
		}
		slices.SortStableFunc(ports, func(a, b netview.Port) int { return cmp.Compare(place(a), place(b)) })
	}
	return ports
}

// groupsOf are the security groups of a server's ports, each once.
func groupsOf(w *projections.World, s view.Server) (groups []netview.Group) {
	for _, p := range portsOf(w, s) {
		for _, id := range p.SecurityGroupIDs {
			g, ok := w.Network.Groups.Get(id)
			if ok && !slices.ContainsFunc(groups, func(o netview.Group) bool { return o.ID == id }) {
				groups = append(groups, g)
			}
		}
	}
	return groups
}
