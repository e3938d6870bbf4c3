package network

import (
	"context"
	"iter"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	"skylog/projections"
)

// kind is what a sort of things needs so that it can be listed, shown and
// removed like every other. R is its row.
type kind[R any] struct {
	singular, plural string // "security_group", "security_groups"
	missing          string // the name of Neutron's error, "SecurityGroupNotFound"
	sentence         string // what it says, with %s for the id
	wire             reflect.Type
	hidden           []string // attributes that the rule "get_<singular>:<attribute>" shows
	get              func(w *projections.World, id string) (R, bool)
	// find goes through what the caller may see, in the order of ids, from the id
	// given on, by the narrowest index that the filters have.
	find   func(f *finder, from string) iter.Seq2[string, R]
	target func(w *projections.World, r R) api.Target
	show   func(w *projections.World, r R) any
	remove func(ctx context.Context, id string, revision int) commands.Command
	// before, where there is one, brings the world into the state in which the
	// collection is listed.
	before func(context.Context, *projections.World) (*projections.World, error)
}

// path is the collection's, below the version.
func (k *kind[R]) path() string { return "/" + strings.ReplaceAll(k.plural, "_", "-") }

func (k *kind[R]) absent(id string) error {
	return commands.RefuseAs(commands.NotFound, k.missing, k.sentence, clip(id))
}

// IDIn is embedded in the input of operations on one thing.
type IDIn struct {
	ID string `path:"id" maxLength:"255"`
}

// mountKind mounts list, show and delete.
func mountKind[R any](s *Service, a huma.API, k *kind[R]) {
	api.Handle(a, "GET "+k.path(), "get_"+k.singular, http.StatusOK, func(ctx context.Context, _ *struct{}) (*api.Respond, error) { return k.list(ctx) })
	api.Handle(a, "GET "+k.path()+"/{id}", "get_"+k.singular, http.StatusOK, func(ctx context.Context, in *IDIn) (*api.Respond, error) {
		w := api.World(ctx)
		r, err := k.reach(ctx, w, in.ID, "get_"+k.singular)
		if err != nil {
			return nil, err
		}
		return k.reply(ctx, w, http.StatusOK, r), nil
	})
	api.Handle(a, "DELETE "+k.path()+"/{id}", "delete_"+k.singular, http.StatusNoContent, func(ctx context.Context, in *IDIn) (*api.Empty, error) {
		if _, err := k.reach(ctx, api.World(ctx), in.ID, "delete_"+k.singular); err != nil {
			return nil, err
		}
		n, err := revision(ctx)
		if err != nil {
			return nil, err
		}
		_, err = s.Do(ctx, k.remove(ctx, in.ID, n))
		return &api.Empty{Status: http.StatusNoContent}, err
	})
}

// reach finds a thing for an operation of a rule. What the caller may not see
// isn't there; what they may see but not change is forbidden.
func (k *kind[R]) reach(ctx context.Context, w *projections.World, id, rule string) (R, error) {
	var none R
	r, ok := k.get(w, id)
	if !ok {
		return none, k.absent(id)
	}
	t := k.target(w, r)
	switch {
	case !api.Can(ctx, "get_"+k.singular, t):
		return none, k.absent(id)
	case !api.Can(ctx, rule, t):
		return none, forbidden(rule)
	}
	return r, nil
}

// present is how the caller gets to see a thing, of which wire is the whole.
func (k *kind[R]) present(ctx context.Context, w *projections.World, r R, wire any, only []string) api.Chosen {
	c := api.Chosen{Value: wire, Only: only}
	for _, name := range k.hidden {
		if !api.Can(ctx, "get_"+k.singular+":"+name, k.target(w, r)) {
			c.Hide = append(c.Hide, name)
		}
	}
	return c
}

func (k *kind[R]) reply(ctx context.Context, w *projections.World, status int, r R) *api.Respond {
	return &api.Respond{Status: status, Body: map[string]any{k.singular: k.present(ctx, w, r, k.show(w, r), api.Query(ctx)["fields"])}}
}

// made replies with things that were made, in the form in which they were asked for.
func (k *kind[R]) made(ctx context.Context, w *projections.World, ids []string, several bool) *api.Respond {
	all := []api.Chosen{}
	for _, id := range ids {
		if r, ok := k.get(w, id); ok {
			all = append(all, k.present(ctx, w, r, k.show(w, r), nil))
		}
	}
	if several {
		return &api.Respond{Status: http.StatusCreated, Body: map[string]any{k.plural: all}}
	}
	if len(all) == 0 { // the answer of a request made before, whose thing is gone since
		return &api.Respond{Status: http.StatusCreated, Body: map[string]any{k.singular: map[string]any{"id": ids[0]}}}
	}
	return &api.Respond{Status: http.StatusCreated, Body: map[string]any{k.singular: all[0]}}
}

// maxScan is how many things are looked at for one page, and maxSort how many
// can be sorted otherwise than by id.
const (
	maxScan = 20_000
	maxSort = 20_000
)

func (k *kind[R]) list(ctx context.Context) (*api.Respond, error) {
	w := api.World(ctx)
	if k.before != nil {
		var err error
		if w, err = k.before(ctx, w); err != nil {
			return nil, err
		}
	}
	hide := slices.DeleteFunc(slices.Clone(k.hidden), func(name string) bool {
		return api.Can(ctx, "get_"+k.singular+":"+name, api.Target{ProjectID: api.From(ctx).ProjectID})
	})
	q, err := queryOf(ctx, k.wire, hide)
	if err != nil {
		return nil, err
	}
	if q.marker != "" {
		if _, err := k.reach(ctx, w, q.marker, "get_"+k.singular); err != nil {
			return nil, api.BadMarker(q.marker)
		}
	}
	f := &finder{world: w, query: q, projectID: api.From(ctx).ProjectID, all: isAdmin(ctx)}
	page := &page[R]{kind: k, ctx: ctx, f: f}
	if len(q.sorts) == 0 && !q.reverse {
		page.byID()
	} else if err := page.sorted(); err != nil {
		return nil, err
	}
	items := make([]api.Chosen, len(page.items))
	for i, one := range page.items {
		items[i] = k.present(ctx, w, one.row, one.wire, q.fields)
	}
	body := map[string]any{k.plural: items}
	if links := page.links(); len(links) > 0 && (api.Query(ctx).Has("limit") || page.more) {
		body[k.plural+"_links"] = links
	}
	return &api.Respond{Status: http.StatusOK, Body: body}, nil
}

// page is one page of a list in the making.
type page[R any] struct {
	kind *kind[R]
	ctx  context.Context
	f    *finder

	items       []item[R]
	first, last string
	more        bool // there is a page behind this one in the direction that was asked for
}

// item is a thing of a page, and how it is shown.
type item[R any] struct {
	id   string
	row  R
	wire any
}

func (p *page[R]) wanted(r R) (any, bool) {
	if !api.Can(p.ctx, "get_"+p.kind.singular, p.kind.target(p.f.world, r)) {
		return nil, false
	}
	wire := p.kind.show(p.f.world, r)
	return wire, p.f.query.matches(wire)
}

// byID takes the page behind the marker.
func (p *page[R]) byID() {
	scanned := 0
	for id, r := range p.kind.find(p.f, p.f.query.marker) {
		if id == p.f.query.marker {
			continue
		}
		if scanned++; scanned > maxScan {
			p.more = true // the next page goes on from here, even if this one found little
			return
		}
		wire, ok := p.wanted(r)
		if !ok {
			p.last = id
			continue
		}
		if len(p.items) == p.f.query.limit {
			p.more = true
			return
		}
		if p.first == "" {
			p.first = id
		}
		p.items, p.last = append(p.items, item[R]{id, r, wire}), id
	}
}

// sorted takes the page behind the marker in the order asked for, or before it.
func (p *page[R]) sorted() error {
	var items []item[R]
	scanned := 0
	for id, r := range p.kind.find(p.f, "") {
		if scanned++; scanned > maxSort {
			return commands.Refuse(commands.Invalid, "More than %d %s can't be sorted. Filter them further, or ask for them in the order of their ids.", maxSort, p.kind.plural)
		}
		if wire, ok := p.wanted(r); ok {
			items = append(items, item[R]{id, r, wire})
		}
	}
	q := p.f.query
	slices.SortFunc(items, func(a, b item[R]) int { return q.compare(a.wire, b.wire) })
	at := slices.IndexFunc(items, func(i item[R]) bool { return i.id == q.marker })
	switch {
	case q.reverse && at >= 0:
		items = items[:at]
	case at >= 0:
		items = items[at+1:]
	}
	p.more = len(items) > q.limit
	switch {
	case p.more && q.reverse:
		items = items[len(items)-q.limit:]
	case p.more:
		items = items[:q.limit]
	}
	p.items = items
	if len(items) > 0 {
		p.first, p.last = items[0].id, items[len(items)-1].id
	}
	return nil
}

// links lead to the pages around this one.
func (p *page[R]) links() []api.Link {
	var links []api.Link
	q := p.f.query
	if p.last != "" && (p.more && !q.reverse || q.reverse && q.marker != "") {
		links = append(links, api.Link{Rel: "next", Href: api.With(p.ctx, map[string]string{"marker": p.last, "page_reverse": ""})})
	}
	if p.first != "" && (p.more && q.reverse || !q.reverse && q.marker != "") {
		links = append(links, api.Link{Rel: "previous", Href: api.With(p.ctx, map[string]string{"marker": p.first, "page_reverse": "True"})})
	}
	return links
}

// finder is for whom and by what a list is looked for.
type finder struct {
	world     *projections.World
	query     *query
	projectID string
	all       bool // the caller sees all projects
}

// scope is within which things are found by name and the like: the caller's
// project, or everywhere.
func (f *finder) scope() string {
	if f.all {
		return ""
	}
	return f.projectID
}

// values are the alternatives of a filter, each once.
func (f *finder) values(name string) []string {
	v := slices.Clone(f.query.filters[name])
	slices.Sort(v)
	return slices.Compact(v)
}

// narrow is an index that a filter can be answered from.
type narrow[R any] struct {
	filter string
	of     func(value, from string) iter.Seq2[string, R]
}

// byIndex goes through what the first filter that was given leads to.
func byIndex[R any](f *finder, from string, get func(id string) (R, bool), indexes ...narrow[R]) (iter.Seq2[string, R], bool) {
	if ids := f.values("id"); len(ids) > 0 {
		return func(yield func(string, R) bool) {
			for _, id := range ids {
				if r, ok := get(id); ok && id >= from && !yield(id, r) {
					return
				}
			}
		}, true
	}
	for _, x := range indexes {
		values := f.values(x.filter)
		if len(values) == 0 {
			continue
		}
		var found []iter.Seq2[string, R]
		for _, v := range values {
			found = append(found, x.of(v, from))
		}
		return merge(found...), true
	}
	return nil, false
}

// merge goes through sequences in the order of ids, each id once.
func merge[R any](all ...iter.Seq2[string, R]) iter.Seq2[string, R] {
	if len(all) == 1 {
		return all[0]
	}
	return func(yield func(string, R) bool) {
		type head struct {
			id   string
			row  R
			next func() (string, R, bool)
		}
		var heads []*head
		for _, seq := range all {
			next, stop := iter.Pull2(seq)
			defer stop()
			if id, r, ok := next(); ok {
				heads = append(heads, &head{id, r, next})
			}
		}
		last := ""
		for len(heads) > 0 {
			least := slices.MinFunc(heads, func(a, b *head) int { return strings.Compare(a.id, b.id) })
			if least.id != last && !yield(least.id, least.row) {
				return
			}
			last = least.id
			var ok bool
			if least.id, least.row, ok = least.next(); !ok {
				heads = slices.DeleteFunc(heads, func(h *head) bool { return h == least })
			}
		}
	}
}

// filtered leaves out what doesn't hold.
func filtered[R any](all iter.Seq2[string, R], hold func(R) bool) iter.Seq2[string, R] {
	return func(yield func(string, R) bool) {
		for id, r := range all {
			if hold(r) && !yield(id, r) {
				return
			}
		}
	}
}
