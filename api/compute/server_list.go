package compute

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"skylog/api"
	"skylog/commands"
	view "skylog/projections/compute"
)

type serverItem struct {
	ID    string     `json:"id"`
	Name  string     `json:"name"`
	Links []api.Link `json:"links"`
}

type (
	serversOut struct {
		Body struct {
			Servers []serverItem `json:"servers"`
			Links   []api.Link   `json:"servers_links,omitempty"`
		}
	}
	serversDetailOut struct {
		Body struct {
			Servers api.Items[server] `json:"servers"`
			Links   []api.Link        `json:"servers_links,omitempty"`
		}
	}
)

type listServersIn struct{ api.Paging }

func (s *Service) listServers(ctx context.Context, in *listServersIn) (*serversOut, error) {
	page, links, err := pageOfServers(ctx, in, "index")
	out := &serversOut{}
	out.Body.Links = links
	for _, one := range page {
		out.Body.Servers = append(out.Body.Servers, serverItem{one.ID, one.Name, link(ctx, "servers", one.ID)})
	}
	return out, err
}

func (s *Service) listServersDetail(ctx context.Context, in *listServersIn) (*serversDetailOut, error) {
	page, links, err := pageOfServers(ctx, in, "detail")
	out := &serversDetailOut{}
	out.Body.Links = links
	out.Body.Servers = api.PartsOf(page, func(part []*view.Server) func(yield func(*server) bool) {
		v := newViewer(ctx, api.World(ctx))
		return func(yield func(*server) bool) {
			for _, one := range part {
				if !yield(v.full(one)) {
					return
				}
			}
		}
	})
	return out, err
}

// maxLooked is how many servers one list looks at; filters that let hardly any
// pass may end a page early, and its link goes on from there.
const maxLooked = 20000

func pageOfServers(ctx context.Context, in *listServersIn, kind string) (page []*view.Server, links []api.Link, err error) {
	size, err := in.Size(ctx)
	if err != nil {
		return nil, nil, err
	}
	from := serverSource{tables: &api.World(ctx).Compute}
	if from.project, err = scopeOf(ctx, kind); err != nil {
		return nil, nil, err
	}
	fits, err := from.filters(ctx)
	if err != nil {
		return nil, nil, err
	}
	if in.Marker != "" {
		m, ok := from.find(in.Marker)
		if !ok {
			return nil, nil, api.BadMarker(in.Marker)
		}
		from.marker = &m
	}
	all, err := from.sorted(ctx)
	if err != nil {
		return nil, nil, err
	}
	more, looked, last := false, 0, ""
	page = make([]*view.Server, 0, min(size, 64))
	for one := range all {
		if len(page) == size || looked == maxLooked {
			more = true
			break
		}
		looked, last = looked+1, one.ID
		if fits(one) {
			page = append(page, one)
		}
	}
	if more && size > 0 {
		links = api.Next(ctx, true, last)
	}
	return page, links, nil
}

// scopeOf is the project whose servers are listed; empty for all.
func scopeOf(ctx context.Context, kind string) (string, error) {
	query, who := api.Query(ctx), api.From(ctx)
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
	return cmp.Or(query.Get("project_id"), query.Get("tenant_id")), api.AllowRule(ctx, "os_compute_api:servers:"+kind+":get_all_tenants", api.Target{})
}

// serverSource is where a list takes its servers from.
type serverSource struct {
	tables        *view.Tables
	project       string // empty: all
	host          string // where only those on one are asked for
	there, gone   bool   // those that are there, those that are only remembered
	softlyDeleted bool   // and those that are kept for a while
	onlyDeleted   bool   // of those that are there none but these
	marker        *view.Server
}

// find is a server that the list may have.
func (f *serverSource) find(id string) (view.Server, bool) {
	s, ok := f.tables.Servers.Get(id)
	if !ok && f.gone {
		s, ok = f.tables.Ended.Get(id)
	}
	return s, ok && (f.project == "" || s.ProjectID == f.project)
}

// byAge goes through the servers in the order of their creation.
func (f *serverSource) byAge(newest bool) iter.Seq[*view.Server] {
	there, gone := f.tables.Servers.Oldest, f.tables.Ended.Oldest
	if newest {
		there, gone = f.tables.Servers.Newest, f.tables.Ended.Newest
	}
	switch {
	case !f.gone:
		return there(f.project, f.marker)
	case !f.there:
		return gone(f.project, f.marker)
	}
	return merged(there(f.project, f.marker), gone(f.project, f.marker), func(a, b *view.Server) bool {
		order := cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
		return order < 0 != newest
	})
}

// merged goes through two sequences that are in order as through one.
func merged(a, b iter.Seq[*view.Server], first func(a, b *view.Server) bool) iter.Seq[*view.Server] {
	return func(yield func(*view.Server) bool) {
		next, stop := iter.Pull(b)
		defer stop()
		other, more := next()
		for one := range a {
			for more && !first(one, other) {
				if !yield(other) {
					return
				}
				other, more = next()
			}
			if !yield(one) {
				return
			}
		}
		for more && yield(other) {
			other, more = next()
		}
	}
}

// sorted goes through the servers behind the marker as sort_key and sort_dir
// say. Creation time goes by an index; other keys sort what a project has.
func (f *serverSource) sorted(ctx context.Context) (iter.Seq[*view.Server], error) {
	sorts, err := serverSortsOf(ctx)
	if err != nil {
		return nil, err
	}
	var all []*view.Server
	switch {
	case f.host != "":
		for _, s := range f.tables.Servers.OfHost(f.host) {
			if f.project == "" || s.ProjectID == f.project {
				all = append(all, &s)
			}
		}
	case sorts[0].Key == "created_at":
		return f.byAge(sorts[0].Desc), nil
	default:
		unmarked := *f
		unmarked.marker = nil
		for s := range unmarked.byAge(true) {
			if len(all) == maxLooked {
				return nil, commands.Refuse(commands.Invalid, "More than %d servers can't be sorted by %s.", maxLooked, sorts[0].Key)
			}
			all = append(all, s)
		}
	}
	in := func(a, b *view.Server) int {
		for _, s := range sorts {
			if n := serverSorts[s.Key](a, b); n != 0 {
				if s.Desc {
					return -n
				}
				return n
			}
		}
		return strings.Compare(b.ID, a.ID)
	}
	slices.SortFunc(all, in)
	if f.marker != nil {
		all = all[len(all)-countBehind(all, f.marker, in):]
	}
	return slices.Values(all), nil
}

func countBehind(all []*view.Server, marker *view.Server, in func(a, b *view.Server) int) int {
	at, found := slices.BinarySearchFunc(all, marker, in)
	if found {
		at++
	}
	return len(all) - at
}
