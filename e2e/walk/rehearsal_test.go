package walk

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"skylog/api"
	"skylog/events"
	"skylog/projections/public"
)

// unrehearsed are the changes that refuse a dry run, since they are no commands,
// or would tell for nothing whether a password is right.
var unrehearsed = []string{
	"POST /identity/v3/auth/tokens", "POST /identity/v3/users/{id}/password", "POST /identity/v3/ec2tokens", "POST /identity/v3/s3tokens",
	"PUT /image/v2/images/{id}/file", "PUT /image/v2/images/{id}/stage",
	"PUT /image/v2/cache/{id}", "DELETE /image/v2/cache/{id}", "DELETE /image/v2/cache",
}

// quiet are the changes of which their callers are told nothing: they find nothing
// to change here, or what happens is only told to administrators.
var quiet = regexp.MustCompile(`/network/v2.0/[a-z-]+/\{id\}/tags$|auth/tokens$|os-getConsoleOutput$|DELETE .*/os-quota-sets/\{id\}$|/os-services/(\{id\}|enable)$|/os-server-external-events$|DELETE .*/traits$|/os-server-password$`)

// rehearsedFor is an answer to a dry run that was asked for events.
type rehearsedFor struct {
	Status int
	Events []public.Event
}

// rehearse makes a dry run and checks that it left nothing behind.
func (x *one) rehearse(who, token, body string) (*httptest.ResponseRecorder, rehearsedFor) {
	x.Helper()
	headers := maps.Clone(x.headers)
	headers[api.DryRunHeader] = "events"
	before, files := x.cell.Now().Events, x.files()
	w := x.call(token, x.request, body, headers)
	if now := x.cell.Now().Events; now != before {
		x.Errorf("a dry run of %s made %d events", who, now-before)
	}
	if now := x.files(); now != files {
		x.Errorf("a dry run of %s changed files from\n%s\nto\n%s", who, files, now)
	}
	if w.Header().Get(api.CommandHeader) != "" {
		x.Errorf("a dry run of %s names a command", who)
	}
	told := rehearsedFor{Status: w.Code} // of a call that isn't there
	if w.Header().Get(api.DryRunHeader) == "true" {
		x.must(json.Unmarshal(w.Body.Bytes(), &told))
	}
	return w, told
}

// files lists what the services keep beside the log.
func (x *one) files() string {
	x.Helper()
	var all strings.Builder
	for _, dir := range x.kept {
		x.must(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			fmt.Fprintln(&all, path, info.Size())
			return err
		}))
	}
	return all.String()
}

// sendTwice rehearses a request and then makes it: who may not do a thing may not
// rehearse it either.
func (x *one) sendTwice(who, token, body string) *httptest.ResponseRecorder {
	x.Helper()
	if x.read {
		return x.send(token, x.request, body)
	}
	w, told := x.rehearse(who, token, body)
	real := x.send(token, x.request, body)
	if told.Status != real.Code && !(told.Status == http.StatusNotImplemented && x.unrehearsed()) {
		x.Errorf("%s: the dry run got %d %.300s, the call %d %.300s", who, w.Code, w.Body, real.Code, real.Body)
	}
	return real
}

func (x *one) unrehearsed() bool { return slices.Contains(unrehearsed, x.name) }

// succeed has the rightful caller rehearse the operation and then do it, and
// compares what was foretold with what happened.
func (x *one) succeed(token string) *httptest.ResponseRecorder {
	x.Helper()
	if x.read {
		return x.send(token, x.request, x.body)
	}
	x.settle()
	x.headers["Idempotency-Key"] = "of both, so that both make the same ids: " + x.name
	w, told := x.rehearse("its rightful caller", token, x.body)
	if x.unrehearsed() {
		x.expect("a dry run", w, http.StatusNotImplemented)
		return x.send(token, x.request, x.body)
	}
	last := x.cell.Now().Seq
	real := x.send(token, x.request, x.body)
	if told.Status != real.Code {
		x.Errorf("the dry run foretold %d: %d %.500s\nbut it is %d %.300s", told.Status, w.Code, w.Body, real.Code, real.Body)
	}
	foretold, happened := shapes(told.Events), shapes(x.caused(token, real, last))
	if len(happened) == 0 && real.Code < 300 && !quiet.MatchString(x.name) {
		x.Error("its caller is told of no events: nothing was compared")
	}
	if !reflect.DeepEqual(foretold, happened) {
		x.Errorf("the dry run foretold\n%s\nbut what happened is\n%s", strings.Join(foretold, "\n"), strings.Join(happened, "\n"))
	}
	return real
}

// caused are the events behind a frame that a request caused, as its caller sees them.
func (x *one) caused(token string, reply *httptest.ResponseRecorder, last uint64) []public.Event {
	x.Helper()
	r := x.reader(token)
	since, err := x.history.IDs.Seal(r, public.Position{Seq: last, Commit: 1<<24 - 1, Event: 1<<24 - 1})
	x.must(err)
	all, err := x.history.Follow(x.Context(), r, since, false)
	x.must(err)
	var caused []public.Event
	for e, err := range all {
		x.must(err)
		at, _ := x.history.IDs.Open(r, e.ID)
		data, err := x.cell.Store.Get(x.Context(), at.Seq)
		x.must(err)
		f, _, err := events.DecodeFrame(data)
		x.must(err)
		if f.Commits[at.Commit].Caller.RequestID == reply.Header().Get("X-Openstack-Request-Id") {
			caused = append(caused, e)
		}
	}
	return caused
}

// reader is as whom a persona reads the log.
func (x *one) reader(token string) public.Reader {
	for name, t := range x.tokens {
		switch {
		case t != token:
		case name == "admin":
			return public.Reader{All: true}
		case name == "eve":
			return public.Reader{UserID: x.named["eve"], ProjectID: x.named["elsewhere"]}
		case name == "una":
			return public.Reader{UserID: x.named["una"]}
		default:
			return public.Reader{UserID: x.named[name], ProjectID: x.named["lab"]}
		}
	}
	return public.Reader{}
}

var instant = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"`)

// shapes are events without their ids and times.
func shapes(all []public.Event) []string {
	out := []string{}
	for _, e := range all {
		out = append(out, e.Source+" "+e.Type+" "+e.Subject+" "+instant.ReplaceAllString(string(e.Data), "TIME"))
	}
	return out
}
