package network

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"skylog/api"
	"skylog/commands"
)

// query is what a list was asked for.
type query struct {
	filters url.Values // by attribute; several values of one are alternatives
	fields  []string
	sorts   []api.Sort
	limit   int
	marker  string
	reverse bool
}

// special are the parameters that filter nothing.
var special = []string{"fields", "sort_key", "sort_dir", "limit", "marker", "page_reverse"}

// tagFilters filter by tags: all of them, any, not all, none.
var tagFilters = []string{"tags", "tags-any", "not-tags", "not-tags-any"}

// maxValues is how many alternatives a filter may have. Clients ask for many
// ports by id at once, the longest address has room for some 400.
const maxValues = 500

func queryOf(ctx context.Context, wire reflect.Type, hidden []string) (*query, error) {
	values := api.Query(ctx)
	q := &query{filters: url.Values{}, fields: values["fields"], marker: values.Get("marker"), reverse: truth(values.Get("page_reverse"))}
	s := shapeOf(wire)
	var err error
	if q.limit, err = (api.Paging{Limit: values.Get("limit")}).Size(ctx); err != nil {
		return nil, err
	}
	keys := make([]string, 0, len(s.attributes))
	for _, a := range s.attributes {
		if !slices.Contains(hidden, a.name) {
			keys = append(keys, a.name)
		}
	}
	if q.sorts, err = api.SortsOf(ctx, keys...); err != nil {
		return nil, err
	}
	for name, alternatives := range values {
		switch {
		case slices.Contains(special, name):
		case len(alternatives) > maxValues:
			return nil, commands.Refuse(commands.Invalid, "At most %d values of %s can be asked for.", maxValues, clip(name))
		case slices.Contains(tagFilters, name), slices.Contains(keys, name):
			q.filters[name] = alternatives
		default:
			return nil, commands.Refuse(commands.Invalid, "[%s] is invalid attribute for filtering", clip("'"+name+"'"))
		}
	}
	if len(q.filters["tenant_id"]) > 0 && len(q.filters["project_id"]) > 0 {
		return nil, commands.RefuseAs(commands.Invalid, "TenantIdProjectIdFilterConflict", "Both tenant_id and project_id passed as filters.")
	}
	if tenant := q.filters["tenant_id"]; len(tenant) > 0 {
		q.filters["project_id"] = tenant
		delete(q.filters, "tenant_id")
	}
	return q, nil
}

// matches says whether a wire struct has one of the alternatives of every filter.
func (q *query) matches(wire any) bool {
	for name, alternatives := range q.filters {
		if slices.Contains(tagFilters, name) {
			if !tagged(attributeOf(wire, "tags"), name, alternatives) {
				return false
			}
			continue
		}
		value := attributeOf(wire, name)
		if !slices.ContainsFunc(alternatives, func(asked string) bool { return same(value, asked) }) {
			return false
		}
	}
	return true
}

// same says whether an attribute has the value that a filter asks for. Lists
// match by any of their members.
func same(value any, asked string) bool {
	switch v := value.(type) {
	case string:
		return v == asked
	case *string:
		return v != nil && *v == asked || v == nil && (asked == "" || asked == "None")
	case bool:
		return v == truth(asked) && (truth(asked) || slices.Contains([]string{"false", "0", "f", "no", "n", "off"}, strings.ToLower(asked)))
	case int:
		return strconv.Itoa(v) == asked
	case uint32:
		return strconv.FormatUint(uint64(v), 10) == asked
	case *int:
		return v != nil && strconv.Itoa(*v) == asked
	case []string:
		return slices.Contains(v, asked)
	case []fixedIP:
		return slices.ContainsFunc(v, func(f fixedIP) bool { return f.is(asked) })
	}
	return false
}

func truth(s string) bool {
	return slices.Contains([]string{"true", "1", "t", "yes", "y", "on"}, strings.ToLower(s))
}

func tagged(value any, how string, alternatives []string) bool {
	tags, _ := value.([]string)
	asked := strings.Split(strings.Join(alternatives, ","), ",")
	has := 0
	for _, t := range asked {
		if slices.Contains(tags, t) {
			has++
		}
	}
	switch how {
	case "tags":
		return has == len(asked)
	case "tags-any":
		return has > 0
	case "not-tags":
		return has < len(asked)
	}
	return has == 0
}

// compare orders two wire structs as asked, and by id where that leaves it open.
func (q *query) compare(a, b any) int {
	for _, s := range q.sorts {
		c := order(attributeOf(a, s.Key), attributeOf(b, s.Key))
		if s.Desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return order(attributeOf(a, "id"), attributeOf(b, "id"))
}

func order(a, b any) int {
	switch a := a.(type) {
	case int:
		return cmp.Compare(a, b.(int))
	case uint32:
		return cmp.Compare(a, b.(uint32))
	case bool:
		return strings.Compare(strconv.FormatBool(a), strconv.FormatBool(b.(bool)))
	case string:
		return strings.Compare(a, b.(string))
	case *string:
		return strings.Compare(deref(a), deref(b.(*string)))
	case *int:
		return cmp.Compare(deref(a), deref(b.(*int)))
	}
	return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
