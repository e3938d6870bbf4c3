package api

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"skylog/commands"
)

// MaxPage is how many items a page may have, and has where no limit is asked for.
const MaxPage = 1000

// Paging is embedded in the input of a list.
type Paging struct {
	Limit  string `query:"limit" doc:"how many items a page may have, at most 1000"`
	Marker string `query:"marker" maxLength:"255" doc:"the id of the last item of the page before"`
}

// Size is how many items the page may have. Zero means all there may be in the
// network dialect, and none elsewhere.
func (p Paging) Size(ctx context.Context) (int, error) {
	if p.Limit == "" {
		return MaxPage, nil
	}
	n, err := strconv.ParseUint(p.Limit, 10, 63)
	if err != nil {
		return 0, commands.Refuse(commands.Invalid, "Invalid input for query parameters limit. Value: %.40s. It must be a non-negative integer.", p.Limit)
	}
	if n == 0 && of(ctx).service.Dialect == NetworkDialect {
		return MaxPage, nil
	}
	return int(min(n, MaxPage)), nil
}

// BadMarker is the refusal of a marker that names nothing.
func BadMarker(marker string) error {
	return commands.Refuse(commands.Invalid, "marker [%.100s] not found", marker)
}

// Take takes the first n of a sequence, and tells whether there are more.
func Take[T any](all iter.Seq[T], n int) (page []T, more bool) {
	for v := range all {
		if len(page) == n {
			return page, true
		}
		page = append(page, v)
	}
	return page, false
}

// Link is one link of a body.
type Link struct {
	Rel  string `json:"rel"`
	Href string `json:"href"`
	Type string `json:"type,omitempty"`
}

// Base is where clients reach this cloud, without a slash at the end.
func Base(ctx context.Context) string { return of(ctx).base() }

// Root is where clients reach the service of this request, such as
// "http://cloud/compute/v2.1".
func Root(ctx context.Context) string {
	r := of(ctx)
	root := r.base() + r.service.Root + r.service.Prefix
	if r.project != "" {
		root += "/" + r.project
	}
	return root
}

func (r *request) base() string { return r.gateway.base(r.http) }

func (g *Gateway) base(r *http.Request) string {
	if g.publicURL != "" {
		return g.publicURL
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// Self is the address of this request, as the client sent it.
func Self(ctx context.Context) string { return of(ctx).self(nil) }

// With is the address of this request with query parameters changed; an empty
// value takes one away.
func With(ctx context.Context, set map[string]string) string { return of(ctx).self(set) }

func (r *request) self(set map[string]string) string {
	query := r.http.URL.Query()
	for name, value := range set {
		query.Del(name)
		if value != "" {
			query.Set(name, value)
		}
	}
	address := r.base() + r.service.Root + r.service.Prefix
	if r.project != "" {
		address += "/" + r.project
	}
	address += r.http.URL.EscapedPath()
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return address
}

// Next is the link to the page behind an item, in the form of compute and block
// storage; nil when there is none.
func Next(ctx context.Context, more bool, last string) []Link {
	if !more {
		return nil
	}
	return []Link{{Rel: "next", Href: With(ctx, map[string]string{"marker": last})}}
}

// Links is how the identity service tells of other pages: null, never absent.
type Links struct {
	Next     *string `json:"next"`
	Self     string  `json:"self"`
	Previous *string `json:"previous"`
}

// LinksOf makes the identity service's links.
func LinksOf(ctx context.Context, more bool, last string) Links {
	l := Links{Self: Self(ctx)}
	if more {
		next := With(ctx, map[string]string{"marker": last})
		l.Next = &next
	}
	return l
}

// Sort is one key to sort by.
type Sort struct {
	Key  string
	Desc bool
}

// maxSorts is how many keys a list is sorted by.
const maxSorts = 8

// SortsOf reads sort_key and sort_dir, and sort=key:dir, and refuses keys that
// aren't among those that can be sorted by.
func SortsOf(ctx context.Context, keys ...string) ([]Sort, error) {
	query := of(ctx).http.URL.Query()
	var sorts []Sort
	for _, pair := range strings.Split(query.Get("sort"), ",") {
		if key, dir, _ := strings.Cut(strings.TrimSpace(pair), ":"); key != "" {
			sorts = append(sorts, Sort{key, dir == "desc"})
		}
	}
	dirs := query["sort_dir"]
	for i, key := range query["sort_key"] {
		s := Sort{Key: key}
		if i < len(dirs) {
			if dirs[i] != "asc" && dirs[i] != "desc" {
				return nil, commands.Refuse(commands.Invalid, "Invalid input for query parameters sort_dir. Value: %.40s. 'asc' and 'desc' are possible.", dirs[i])
			}
			s.Desc = dirs[i] == "desc"
		}
		sorts = append(sorts, s)
	}
	for _, s := range sorts {
		if !slices.Contains(keys, s.Key) {
			return nil, commands.Refuse(commands.Invalid, "Invalid input for query parameters sort_key. Value: %.40s. It can't be sorted by.", s.Key)
		}
	}
	if len(sorts) > maxSorts {
		return nil, commands.Refuse(commands.Invalid, "A list can be sorted by %d keys at most.", maxSorts)
	}
	return sorts, nil
}

// Query returns the query parameters of a request, for filters by any attribute.
func Query(ctx context.Context) url.Values { return of(ctx).http.URL.Query() }
