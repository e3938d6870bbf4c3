package walk

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"skylog/api"
	"skylog/api/apitest"
	cmd "skylog/commands/compute"
)

// spoken are the services with microversions: how each is asked for one, and the
// newest that it has.
var spoken = map[string]struct {
	kind          string
	major, newest int
	oldest        int
}{
	"compute":   {"compute", 2, 96, 1},
	"placement": {"placement", 1, 39, 0},
}

// untyped are operations whose answers have no type of their own to tell from
// which versions on they are others.
var untyped = regexp.MustCompile(`POST /compute/v2.1/servers$|action (rebuild|evacuate|createImage|createBackup|os-getConsoleOutput)$| (PUT|POST) /placement/`)

// TestEveryShapeAnswersAsOfRecord asks each operation of the services with
// microversions at all versions at which it may answer in another form, and has
// one exchange of record for each form.
func TestEveryShapeAnswersAsOfRecord(t *testing.T) {
	if raced {
		t.Skip("one caller alone has nothing to race with")
	}
	t.Parallel()
	c := newCloud(t)
	c.joinHost(third, 3, cmd.Facts{VCPUs: 1 << 20, RAMMiB: 1 << 30, DiskGiB: 1 << 20})
	tries, records := allTries(), map[string]*txtar.Archive{}
	operations := c.gateway.Operations()
	slices.SortStableFunc(operations, func(a, b api.Operation) int { // before there is much to read
		rank := map[bool]int{true: 0, false: 1}
		return cmp.Compare(rank[a.Method == http.MethodGet], rank[b.Method == http.MethodGet])
	})
	for _, o := range operations {
		if _, ok := spoken[o.Service]; !ok {
			continue
		}
		if records[o.Service] == nil {
			records[o.Service] = &txtar.Archive{}
		}
		if len(o.Actions) == 0 {
			o.Actions = []api.Action{{Versions: o.Versions}}
		}
		for _, a := range o.Actions {
			name := strings.TrimSpace(o.Method + " " + o.Path + " " + a.Name)
			shapes := c.shapes(t, o, tries[name], name, a.Versions)
			if !slices.ContainsFunc(shapes, func(s shape) bool { return s.status < 300 }) && tries[name].status < 300 {
				t.Errorf("%s succeeds at no version: %v", name, shapes)
			}
			for _, s := range shapes {
				records[o.Service].Files = append(records[o.Service].Files, txtar.File{Name: name + " from " + s.since, Data: []byte(s.text)})
			}
		}
	}
	for service, made := range records {
		apitest.Compare(t, "testdata/shapes_"+service+".txtar", made)
	}
}

// older are the bodies of before a version, where leaving out what is new isn't all.
var older = map[string][]struct {
	before api.Version
	body   string
}{
	"POST /compute/v2.1/servers":                            {{api.Version{Major: 2, Minor: 37}, `{"server":{"name":"$n","flavorRef":"$flavor","imageRef":"$full","networks":[{"port":"$nic"}]}}`}},
	"POST /compute/v2.1/os-server-groups":                   {{api.Version{Major: 2, Minor: 64}, `{"server_group":{"name":"$n","policies":["anti-affinity"]}}`}},
	"POST /compute/v2.1/servers/{id}/action os-migrateLive": {{api.Version{Major: 2, Minor: 25}, `{"os-migrateLive":{"host":null,"block_migration":true,"disk_over_commit":false}}`}},
	"PUT /placement/resource_providers/{uuid}/aggregates":   {{api.Version{Major: 1, Minor: 19}, `["` + consumer + `"]`}},
	"PUT /placement/resource_classes/{name}":                {{api.Version{Major: 1, Minor: 7}, `{"name":"CUSTOM_WARES"}`}},
	"PUT /placement/allocations/{uuid}": {
		{api.Version{Major: 1, Minor: 8}, `{"allocations":[{"resource_provider":{"uuid":"$stock"},"resources":{"VGPU":1}}]}`},
		{api.Version{Major: 1, Minor: 12}, `{"allocations":[{"resource_provider":{"uuid":"$stock"},"resources":{"VGPU":1}}],"project_id":"$lab","user_id":"$ada"}`},
		{api.Version{Major: 1, Minor: 28}, `{"allocations":{"$stock":{"resources":{"VGPU":1}}},"project_id":"$lab","user_id":"$ada"}`}},
}

// bodyAt is the body that an operation has at a version.
func bodyAt(name string, at api.Version, body string) string {
	for _, o := range older[name] {
		if at.Before(o.before.Major, o.before.Minor) {
			return o.body
		}
	}
	return body
}

// shape is one form of an answer, and an exchange that has it.
type shape struct {
	since  string
	status int
	form   string
	text   string
}

// shapes asks an operation at the versions where it may change.
func (c *cloud) shapes(t *testing.T, o api.Operation, how try, name string, changes []api.Version) (found []shape) {
	s, read := spoken[o.Service], o.Method == http.MethodGet
	shared := map[string]string{}
	for minor := s.oldest; minor <= s.newest; minor++ {
		at := api.Version{Major: s.major, Minor: minor}
		if !read && minor != s.oldest && minor != s.newest && !slices.Contains(changes, at) && !untyped.MatchString(name) {
			continue
		}
		how := how
		how.body = bodyAt(name, at, how.body)
		inner := *c
		inner.TB = t
		if !read {
			shared = map[string]string{}
		}
		x := &one{things: things{&inner, shared}, try: how, name: name, service: o.Service, read: read}
		if len(shared) == 0 || !read {
			x.prepare(o)
		} else {
			x.fillIn(o)
		}
		w, body := x.exchange(s.kind + " " + at.String())
		if form := formOf(w); len(found) == 0 || found[len(found)-1].form != form {
			found = append(found, shape{since: at.String(), status: w.Code, form: form, text: x.told(w, body)})
		}
		if !read {
			inner.settle()
		}
	}
	return found
}

// unexpected tells which property a version doesn't have.
var unexpected = regexp.MustCompile(`Additional properties are not allowed \('([^']+)' was unexpected\)`)

// exchange asks at a version, without the properties that it doesn't have yet.
func (x *one) exchange(version string) (w *httptest.ResponseRecorder, body string) {
	x.Helper()
	token, headers := x.tokens[x.as], maps.Clone(x.headers)
	headers["OpenStack-API-Version"] = version
	body = x.body
	for range 6 {
		w = x.call(token, x.request, body, headers)
		m := unexpected.FindStringSubmatch(w.Body.String())
		if w.Code != http.StatusBadRequest || m == nil {
			break
		}
		var v any
		if json.Unmarshal([]byte(body), &v) != nil {
			break
		}
		drop(v, m[1])
		data, err := json.Marshal(v)
		x.must(err)
		body = string(data)
	}
	return w, body
}

// told is an exchange as it is of record.
func (x *one) told(w *httptest.ResponseRecorder, body string) string {
	asked := x.request
	if body != "" {
		asked += "\n" + body
	}
	return anonymous("> "+strings.ReplaceAll(asked, "\n", "\n> ")+"\n") + anonymous(apitest.Shown(w))
}

// drop takes a property out of a body, wherever it is.
func drop(v any, name string) {
	switch v := v.(type) {
	case map[string]any:
		delete(v, name)
		for _, in := range v {
			drop(in, name)
		}
	case []any:
		for _, in := range v {
			drop(in, name)
		}
	}
}

// formOf is the form of an answer: what it has, not what it says.
func formOf(w *httptest.ResponseRecorder) string {
	var v any
	if json.Unmarshal(w.Body.Bytes(), &v) != nil {
		return fmt.Sprint(w.Code, w.Body.Len() > 0)
	}
	data, _ := json.Marshal(form(v)) // of maps, lists and texts
	return fmt.Sprint(w.Code, string(data))
}

func form(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, in := range v {
			out[formKey(k)] = form(in)
		}
		return out
	case []any:
		if len(v) == 0 {
			return v
		}
		return []any{form(v[0])}
	}
	return fmt.Sprintf("%T", v)
}

// formKey is a name, unless it is one of something made here.
func formKey(k string) string {
	if changingText.MatchString(k) {
		return "*"
	}
	return k
}

var changingText = regexp.MustCompile(`\b(hush|open)-[0-9]+\b|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b`)

// drawn are numbers that count, and secrets, which no two exchanges share.
var drawn = regexp.MustCompile(`(os-aggregates/)[0-9]+|("(?:id|uptime|hours|total_[a-z_]+)": )[0-9][0-9.e-]*|("adminPass": )"[A-Z0-9]+"|(token(?:=|%3D))[A-Z0-9]+`)

// anonymous is a text without what is different each time.
func anonymous(text string) string {
	return drawn.ReplaceAllString(changingText.ReplaceAllString(text, "*"), "$1$2$3$4*")
}
