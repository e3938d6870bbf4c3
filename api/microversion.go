package api

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Version is a microversion. The zero Version is that of a service without any.
type Version struct{ Major, Minor int }

// Before says whether v is older than major.minor.
func (v Version) Before(major, minor int) bool {
	return cmp.Or(cmp.Compare(v.Major, major), cmp.Compare(v.Minor, minor)) < 0
}

func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

func (v Version) less(o Version) bool { return v.Before(o.Major, o.Minor) }

// parseVersion reads "2.1": digits without leading zeros, as OpenStack has it.
func parseVersion(s string) (Version, bool) {
	major, minor, ok := strings.Cut(s, ".")
	if !ok || len(s) > 10 {
		return Version{}, false
	}
	a, errA := strconv.ParseUint(major, 10, 16)
	b, errB := strconv.ParseUint(minor, 10, 16)
	v := Version{int(a), int(b)}
	return v, errA == nil && errB == nil && a > 0 && v.String() == s
}

func mustVersion(s string) Version {
	v, ok := parseVersion(s)
	if !ok {
		panic("api: " + s + " is no microversion")
	}
	return v
}

// Microversions is the range a service speaks, and how it is asked for one.
type Microversions struct {
	Min, Max Version
	// Type is the service's name in OpenStack-API-Version, such as "compute".
	Type string
	// Legacy is an older header that says the same, such as X-OpenStack-Nova-API-Version.
	Legacy string
}

const versionHeader = "OpenStack-API-Version"

// choose reads the microversion a request asks for, and says in the reply which
// one it got.
func (m *Microversions) choose(r *http.Request, reply http.Header) (Version, *Fault) {
	if m == nil {
		return Version{}, nil
	}
	reply.Add("Vary", versionHeader)
	if m.Legacy != "" {
		reply.Add("Vary", m.Legacy)
	}
	v, fault := m.parse(m.asked(r))
	if fault == nil {
		reply.Set(versionHeader, m.Type+" "+v.String())
		if m.Legacy != "" {
			reply.Set(m.Legacy, v.String())
		}
	}
	return v, fault
}

func (m *Microversions) asked(r *http.Request) string {
	for _, value := range r.Header.Values(versionHeader) {
		for one := range strings.SplitSeq(value, ",") {
			if kind, v, ok := strings.Cut(strings.TrimSpace(one), " "); ok && strings.EqualFold(kind, m.Type) {
				return strings.TrimSpace(v)
			}
		}
	}
	if m.Legacy == "" {
		return ""
	}
	return r.Header.Get(m.Legacy)
}

func (m *Microversions) parse(asked string) (Version, *Fault) {
	switch asked {
	case "":
		return m.Min, nil
	case "latest":
		return m.Max, nil
	}
	v, ok := parseVersion(asked)
	if !ok {
		return m.Min, Fail(http.StatusBadRequest, "API Version String %.40s is of invalid format. Must be of format MajorNum.MinorNum.", asked)
	}
	if v.less(m.Min) || m.Max.less(v) {
		f := Fail(http.StatusNotAcceptable, "Version %s is not supported by the API. Minimum is %s and maximum is %s.", v, m.Min, m.Max)
		f.Extra = map[string]any{"min_version": m.Min.String(), "max_version": m.Max.String()}
		return m.Min, f
	}
	return v, nil
}

// span is when a field existed.
type span struct{ since, until Version }

func (s span) holds(v Version) bool {
	if v == (Version{}) {
		return true
	}
	return !v.less(s.since) && (s.until == (Version{}) || !s.until.less(v))
}

func spanOf(since, until string) (s span, tagged bool) {
	if since != "" {
		s.since = mustVersion(since)
	}
	if until != "" {
		s.until = mustVersion(until)
	}
	return s, since != "" || until != ""
}

// next is the version behind v.
func (v Version) next() Version { return Version{v.Major, v.Minor + 1} }

// changesOf are the versions from which on something of these types is there, or
// is no more, or all of them, in order.
func changesOf(all span, types ...reflect.Type) []Version {
	found, seen := map[Version]bool{}, map[reflect.Type]bool{}
	note := func(s span) {
		if s.since != (Version{}) {
			found[s.since] = true
		}
		if s.until != (Version{}) {
			found[s.until.next()] = true
		}
	}
	note(all)
	var look func(t reflect.Type)
	look = func(t reflect.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			if t.Implements(itemsType) {
				look(reflect.Zero(t).Interface().(items).item())
				return
			}
			look(t.Elem())
		case reflect.Struct:
			for i := range t.NumField() {
				f := t.Field(i)
				s, _ := spanOf(f.Tag.Get("since"), f.Tag.Get("until"))
				note(s)
				look(f.Type)
			}
		}
	}
	for _, t := range types {
		look(t)
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b Version) int { return cmp.Or(cmp.Compare(a.Major, b.Major), cmp.Compare(a.Minor, b.Minor)) })
}
