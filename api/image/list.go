package image

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"skylog/api"
	"skylog/commands"
	view "skylog/projections/image"
)

const (
	defaultPage = 25 // Glance's
	// maxLook is how many images one request looks at. A filter that few pass may
	// end a page early; its next link goes on where it ended.
	maxLook = 10_000
)

type listOut struct{ Body map[string]any }

func (s *Service) listImages(ctx context.Context, _ *struct{}) (*listOut, error) {
	params := maps.Clone(api.Query(ctx))
	if err := api.Allow(ctx, api.Target{ProjectID: api.From(ctx).ProjectID}); err != nil {
		return nil, err
	}
	size, err := limitOf(params)
	if err != nil {
		return nil, err
	}
	w := api.World(ctx)
	q := view.Query{ProjectID: api.From(ctx).ProjectID, Admin: isAdmin(ctx)}
	if id := params.Get("marker"); id != "" {
		last, ok := w.Image.VisibleTo(id, q.ProjectID, q.Admin)
		if !ok {
			return nil, notFoundMarker(id)
		}
		q.After = &last
	}
	if err := readQuery(params, &q); err != nil {
		return nil, err
	}
	images, last := []any{}, ""
	looked, more := 0, false
	for i, wanted := range w.Image.List(q) {
		if wanted && len(images) == size || looked == maxLook {
			more = size > 0
			break
		}
		looked++
		last = i.ID
		if wanted {
			images = append(images, showImage(i))
		}
	}
	body := map[string]any{"images": images, "schema": "/v2/schemas/images"}
	params.Del("marker")
	body["first"] = withQuery("/v2/images", params)
	if more {
		params.Set("marker", last)
		body["next"] = withQuery("/v2/images", params)
	}
	return &listOut{body}, nil
}

func notFoundMarker(id string) error {
	return commands.Refuse(commands.Invalid, "Invalid marker. Image %.100s could not be found.", id)
}

func withQuery(path string, params url.Values) string {
	if len(params) == 0 {
		return path
	}
	return path + "?" + params.Encode()
}

func limitOf(params url.Values) (int, error) {
	text, given := first(params, "limit")
	if !given {
		return defaultPage, nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return 0, commands.Refuse(commands.Invalid, "limit param must be an integer")
	case n < 0:
		return 0, commands.Refuse(commands.Invalid, "limit param must be positive")
	}
	return min(n, api.MaxPage), nil
}

func first(params url.Values, name string) (string, bool) {
	values, ok := params[name]
	if !ok || len(values) == 0 {
		return "", false
	}
	return values[0], true
}

// readQuery reads what is asked for: its order, whose images, and which of them.
func readQuery(params url.Values, q *view.Query) (err error) {
	if q.Order, q.Then, err = ordersOf(params); err != nil {
		return err
	}
	q.MemberStatus = or(params.Get("member_status"), view.Accepted)
	if !slices.Contains([]string{view.Pending, view.Accepted, view.Rejected, "all"}, q.MemberStatus) {
		return commands.Refuse(commands.Invalid, "Invalid status: %.40s", q.MemberStatus)
	}
	q.Visibility = params.Get("visibility")
	if q.Visibility != "" && q.Visibility != "all" && !slices.Contains(visibilities, q.Visibility) {
		return commands.Refuse(commands.Invalid, "Invalid visibility value: %.40s", q.Visibility)
	}
	if params.Has("changes-since") {
		return commands.Refuse(commands.Invalid, `The "changes-since" filter is no longer available on v2.`)
	}
	q.OwnerID = params.Get("owner")
	if op, name := operator(params.Get("name")); op == "eq" {
		q.Name = name // found by index
	}
	q.Match, err = matchOf(params)
	return err
}

var sortKeys = map[string]view.SortKey{"name": view.ByName, "status": view.ByStatus, "container_format": view.ByContainerFormat,
	"disk_format": view.ByDiskFormat, "size": view.BySize, "id": view.ByID, "created_at": view.ByCreatedAt, "updated_at": view.ByUpdatedAt}

// ordersOf reads sort=key:dir,… or sort_key and sort_dir; the default is what is
// newest first.
func ordersOf(params url.Values) (view.Order, []view.Order, error) {
	var none view.Order
	keys, dirs := params["sort_key"], params["sort_dir"]
	if sorted, ok := first(params, "sort"); ok {
		if len(keys)+len(dirs) > 0 {
			return none, nil, commands.Refuse(commands.Invalid, "Old and new sorting syntax cannot be combined")
		}
		for _, one := range strings.Split(strings.TrimSpace(sorted), ",") {
			key, dir, _ := strings.Cut(one, ":")
			keys, dirs = append(keys, key), append(dirs, or(dir, "desc"))
		}
	}
	if len(dirs) > 1 && len(dirs) != len(keys) {
		return none, nil, commands.Refuse(commands.Invalid, "Number of sort dirs does not match the number of sort keys")
	}
	if len(keys) == 0 {
		keys = []string{"created_at"}
	}
	var orders []view.Order
	for n, key := range keys {
		by, ok := sortKeys[strings.TrimSpace(key)]
		if !ok {
			return none, nil, commands.Refuse(commands.Invalid, "Invalid sort key: %.40s. It must be one of the following: %s.", key,
				strings.Join(slices.Sorted(maps.Keys(sortKeys)), ", "))
		}
		dir := "desc"
		if len(dirs) > 0 {
			dir = strings.TrimSpace(dirs[min(n, len(dirs)-1)])
		}
		if dir != "asc" && dir != "desc" {
			return none, nil, commands.Refuse(commands.Invalid, "Invalid sort direction: %.40s", dir)
		}
		if n < len(sortKeys) { // more can't change the order
			orders = append(orders, view.Order{By: by, Descending: dir == "desc"})
		}
	}
	return orders[0], orders[1:], nil
}

type filter func(*view.Image) bool

// notFilters are the parameters that aren't filters, or are read elsewhere.
var notFilters = []string{"limit", "marker", "sort", "sort_key", "sort_dir", "member_status", "visibility", "owner"}

// matchOf makes one filter of all that are asked for.
func matchOf(params url.Values) (filter, error) {
	var all []filter
	if !params.Has("os_hidden") {
		all = append(all, func(i *view.Image) bool { return !i.Hidden })
	}
	for name, values := range params {
		if slices.Contains(notFilters, name) {
			continue
		}
		if name != "tag" {
			values = values[:1]
		}
		for _, value := range values {
			f, err := filterOf(name, value)
			if err != nil {
				return nil, err
			}
			all = append(all, f)
		}
	}
	return func(i *view.Image) bool {
		for _, f := range all {
			if !f(i) {
				return false
			}
		}
		return true
	}, nil
}

// texts are the attributes that are filtered by one value, or in: several.
var texts = map[string]func(*view.Image) string{
	"name":             func(i *view.Image) string { return i.Name },
	"id":               func(i *view.Image) string { return i.ID },
	"status":           func(i *view.Image) string { return i.Status },
	"container_format": func(i *view.Image) string { return i.ContainerFormat },
	"disk_format":      func(i *view.Image) string { return i.DiskFormat },
	"checksum":         func(i *view.Image) string { return i.MD5 },
	"os_hash_value":    func(i *view.Image) string { return i.SHA512 },
}

// numbers are the attributes that are filtered by a value, _min and _max.
var numbers = map[string]func(*view.Image) int64{
	"size":     func(i *view.Image) int64 { return i.SizeBytes },
	"min_disk": func(i *view.Image) int64 { return int64(i.MinDiskGiB) },
	"min_ram":  func(i *view.Image) int64 { return int64(i.MinRAMMiB) },
}

func filterOf(name, value string) (filter, error) {
	if of, ok := texts[name]; ok {
		return textFilter(of, value)
	}
	bare := strings.TrimSuffix(strings.TrimSuffix(name, "_min"), "_max")
	if of, ok := numbers[bare]; ok {
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return nil, commands.Refuse(commands.Invalid, "Unable to filter on a range with a non-numeric value.")
		}
		switch {
		case name == bare:
			return func(i *view.Image) bool { return of(i) == n }, nil
		case strings.HasSuffix(name, "_min"):
			return func(i *view.Image) bool { return of(i) >= n }, nil
		}
		return func(i *view.Image) bool { return of(i) <= n }, nil
	}
	switch name {
	case "created_at":
		return timeFilter(name, value, func(i *view.Image) time.Time { return i.CreatedAt })
	case "updated_at":
		return timeFilter(name, value, func(i *view.Image) time.Time { return i.UpdatedAt })
	case "tag":
		tag := strings.TrimSpace(value)
		return func(i *view.Image) bool { return slices.Contains(i.Tags, tag) }, nil
	case "protected", "os_hidden":
		wanted := strings.EqualFold(value, "true")
		var err error
		if !wanted && !strings.EqualFold(value, "false") {
			err = commands.Refuse(commands.Invalid, "Invalid value '%.40s' for '%s' filter. Valid values are 'true' or 'false'.", value, name)
		}
		if name == "protected" {
			return func(i *view.Image) bool { return i.Protected == wanted }, err
		}
		return func(i *view.Image) bool { return i.Hidden == wanted }, err
	}
	return func(i *view.Image) bool { v, ok := i.Properties[name]; return ok && v == value }, nil
}

func truth(name, value string) (bool, error) {
	switch strings.ToLower(value) {
	case "true", "1", "t", "yes", "y", "on":
		return true, nil
	case "false", "0", "f", "no", "n", "off":
		return false, nil
	}
	return false, commands.Refuse(commands.Invalid, "Invalid value '%.40s' for '%s': it must be a boolean.", value, name)
}

// operator takes the operator off a filter's value. What has none is equality.
func operator(value string) (op, rest string) {
	if op, rest, found := strings.Cut(value, ":"); found {
		return op, rest
	}
	return "eq", value
}

func textFilter(of func(*view.Image) string, value string) (filter, error) {
	switch op, rest := operator(value); op {
	case "eq":
		return func(i *view.Image) bool { return of(i) == rest }, nil
	case "in":
		wanted, err := split(rest)
		return func(i *view.Image) bool { return slices.Contains(wanted, of(i)) }, err
	default:
		return nil, commands.Refuse(commands.Invalid, "Unable to filter by unknown operator '%.40s'.", op)
	}
}

// split splits a list at its commas, but for those in quotes.
func split(list string) (values []string, err error) {
	var b strings.Builder
	quoted := false
	for n := 0; n < len(list); n++ {
		switch c := list[n]; {
		case c == '\\' && quoted && n+1 < len(list):
			n++
			b.WriteByte(list[n])
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			values = append(values, b.String())
			b.Reset()
		default:
			b.WriteByte(c)
		}
	}
	if quoted {
		return nil, commands.Refuse(commands.Invalid, "Invalid filter value %.100s. The quote is not closed.", list)
	}
	return append(values, b.String()), nil
}

func timeFilter(name, value string, of func(*view.Image) time.Time) (filter, error) {
	op, text := "eq", value
	at, err := parseTime(text)
	if err != nil {
		op, text = operator(value)
		at, err = parseTime(text)
	}
	if err != nil {
		return nil, commands.Refuse(commands.Invalid, `Bad "%s" query filter format. Use ISO 8601 DateTime notation.`, name)
	}
	holds, ok := map[string]func(int) bool{
		"eq": func(c int) bool { return c == 0 }, "neq": func(c int) bool { return c != 0 },
		"gt": func(c int) bool { return c > 0 }, "gte": func(c int) bool { return c >= 0 },
		"lt": func(c int) bool { return c < 0 }, "lte": func(c int) bool { return c <= 0 },
	}[op]
	if !ok {
		return nil, commands.Refuse(commands.Invalid, "Unable to filter on a unknown operator.")
	}
	return func(i *view.Image) bool { return holds(of(i).Truncate(time.Second).Compare(at)) }, nil
}

// parseTime reads the forms of ISO 8601 that clients send; one without a zone is UTC.
func parseTime(text string) (time.Time, error) {
	var at time.Time
	var err error
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02"} {
		if at, err = time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return at, err
}
