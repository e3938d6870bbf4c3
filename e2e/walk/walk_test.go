package walk

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"skylog/api"
)

// try is how an operation is called so that it succeeds, and what others are told.
type try struct {
	as      string            // the rightful caller; ada if empty
	at      string            // what stands in the place of the path's parameters, in their order
	query   string            // what follows the path
	body    string            // a JSON text; $things in all of these are made first
	headers map[string]string // besides the usual ones
	given   []string          // requests of the rightful caller's, or of who is named, that come first: "admin PUT /path body"
	status  int               // of success, where it isn't that of the mount
	// eve is what the stranger is told, rita what the reader is and una whoever has
	// no role, where it isn't the usual; why says why.
	eve, rita, una int
	why            string
	// denied is, for an operation that asks for no token, what it answers where
	// the query is missing and the body is false, which proves nothing.
	false  string
	denied int
}

// tables tell of every operation how it is called.
var tables = []map[string]try{identityTries, grantTries(), computeTries, operatorTries, proxyTries(), insideTries, goneTries(), imageTries, networkTries, tagTries(), placementTries, skylogTries}

func allTries() map[string]try {
	tries := map[string]try{}
	for _, table := range tables {
		maps.Copy(tries, table)
	}
	return tries
}

var parameter = regexp.MustCompile(`\{[^}]+\}`)

// one is one operation, or one action of one, as it is tried.
type one struct {
	things
	try
	name    string // "POST /compute/v2.1/servers/{id}/action lock"
	service string
	bare    string // with the parameters filled in
	request string // and the query
	read    bool
}

func TestEveryOperationServesItsRightfulCallerAndNobodyElse(t *testing.T) {
	c := newCloud(t)
	tries := allTries()
	for _, o := range c.gateway.Operations() {
		if len(o.Actions) == 0 {
			o.Actions = []api.Action{{Rule: o.Rule}}
		}
		for _, a := range o.Actions {
			name := strings.TrimSpace(o.Method + " " + o.Path + " " + a.Name)
			how, ok := tries[name]
			if !ok {
				t.Errorf("%s: nothing tells how to call it", name)
				continue
			}
			delete(tries, name)
			if how.status == 0 {
				how.status = o.Status
			}
			t.Run(name, func(t *testing.T) {
				inner := *c
				inner.TB = t
				x := &one{things: things{&inner, map[string]string{}}, try: how, name: name, service: o.Service}
				x.read = o.Method == http.MethodGet || o.Method == http.MethodHead
				x.prepare(o)
				x.run(a.Rule == api.Open)
			})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tries)) {
		t.Errorf("%s: there is no such operation", name)
	}
}

// prepare makes the things that the operation needs.
func (x *one) prepare(o api.Operation) {
	x.Helper()
	if x.why == "" && (x.eve != 0 || x.rita != 0 || x.una != 0 || x.status >= 400) {
		x.Fatal("nothing says why it is an exception")
	}
	x.fillIn(o)
	for _, step := range x.given {
		as := x.as
		if who, rest, _ := strings.Cut(step, " "); x.tokens[who] != "" {
			as, step = who, rest
		}
		words := append(strings.SplitN(step, " ", 3), "")
		x.make(as, words[0]+" "+x.fill(words[1]), x.fill(words[2]), "")
		x.settle()
	}
}

// fillIn puts things in the places of their names.
func (x *one) fillIn(o api.Operation) {
	x.Helper()
	if x.as == "" {
		x.as = "ada"
	}
	at := strings.Fields(x.at)
	if n := len(parameter.FindAllString(strings.TrimSuffix(o.Path, "{$}"), -1)); n != len(at) {
		x.Fatalf("%d parameters, %d values", n, len(at))
	}
	path := strings.TrimSuffix(o.Path, "{$}")
	for _, value := range at {
		path = strings.Replace(path, parameter.FindString(path), x.fill(value), 1)
	}
	x.bare = o.Method + " " + path
	x.request = x.bare + x.fill(x.query)
	x.body = x.fill(x.body)
	headers := map[string]string{}
	for name, value := range x.headers {
		headers[name] = x.fill(value)
	}
	x.headers = headers
}

// run tries the operation as everybody; its rightful caller comes last, so that
// what others were denied is seen to have changed nothing.
func (x *one) run(open bool) {
	x.Helper()
	before := x.cell.Now().Events
	if open {
		x.expect("without proof", x.send("", x.bare, x.false), x.denied)
	} else {
		x.expect("nobody", x.send("", x.request, x.body), http.StatusUnauthorized)
		x.expect("a forger", x.send("gAAAAforged", x.request, x.body), http.StatusUnauthorized)
		x.tryUna()
		x.tryRita()
		before = x.tryEve(before)
	}
	if now := x.cell.Now().Events; now != before {
		x.Errorf("those who may not made %d events", now-before)
	}
	token := x.tokens[x.as]
	if open {
		token = ""
	}
	x.expect("its rightful caller "+x.as, x.succeed(token), x.status)
	x.settle()
}

// tryUna tries the operation as who has no role.
func (x *one) tryUna() {
	x.Helper()
	w := x.sendTwice("somebody without roles", x.tokens["una"], strings.ReplaceAll(x.body, hush, "unas"))
	if x.una == 0 && (w.Code == http.StatusForbidden || w.Code == http.StatusNotFound) {
		x.una = w.Code
	}
	x.expect("somebody without roles", w, x.una)
	x.blind("somebody without roles", w)
}

// tryRita tries the operation as the reader of ada's project.
func (x *one) tryRita() {
	x.Helper()
	want := x.rita
	switch {
	case want != 0:
	case x.as == "ada" && x.read:
		want = x.status
	default:
		want = http.StatusForbidden
	}
	x.expect("a reader", x.sendTwice("a reader", x.tokens["rita"], strings.ReplaceAll(x.body, hush, "ritas")), want)
}

// tryEve tries the operation as a member of another project. What names nothing
// of anybody's she may do, for herself.
func (x *one) tryEve(before uint64) (events uint64) {
	x.Helper()
	want := x.eve
	switch {
	case want != 0:
	case x.as == "admin":
		want = http.StatusForbidden
	case x.at == "":
		want = x.status
	default:
		want = http.StatusNotFound
	}
	if now := x.cell.Now().Events; now != before && x.rita == 0 {
		x.Errorf("a reader or somebody without roles made %d events", now-before)
	}
	w := x.sendTwice("a stranger", x.tokens["eve"], strings.ReplaceAll(x.body, hush, "eves"))
	x.expect("a stranger", w, want)
	x.blind("a stranger", w)
	if want >= 300 {
		return before
	}
	x.settle()
	return x.cell.Now().Events
}

var hushed = regexp.MustCompile(hush + `-\d+`)

// blind checks that nothing of ada's is in an answer to somebody else, unless
// the table says that they may see it.
func (x *one) blind(who string, w *httptest.ResponseRecorder) {
	x.Helper()
	if x.eve == http.StatusOK {
		return
	}
	for _, name := range hushed.FindAllString(w.Body.String(), -1) {
		if !strings.Contains(x.request, name) { // a fault may say what was asked for
			x.Errorf("%s learns of %s: %s", who, name, w.Body)
		}
	}
	if lab := x.named["lab"]; strings.Contains(w.Body.String(), lab) && !strings.Contains(x.request, lab) {
		x.Errorf("%s learns of ada's project: %s", who, w.Body)
	}
}

func (x *one) send(token, request, body string) *httptest.ResponseRecorder {
	x.Helper()
	w := x.call(token, request, body, x.headers)
	x.wellFormed(w)
	return w
}

func (x *one) expect(who string, w *httptest.ResponseRecorder, status int) {
	x.Helper()
	if w.Code != status {
		x.Errorf("%s, %s %.300s: got %d %.300s, want %d", who, x.request, x.body, w.Code, w.Body, status)
	}
}

var requestID = regexp.MustCompile(`^req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// wellFormed checks what holds for every answer.
func (x *one) wellFormed(w *httptest.ResponseRecorder) {
	x.Helper()
	kind, body := w.Header().Get("Content-Type"), w.Body.Bytes()
	say := func(what string) { x.Errorf("%s: %s: %d %q %.300s", x.request, what, w.Code, kind, body) }
	if !requestID.MatchString(w.Header().Get("X-Openstack-Request-Id")) {
		say("no request id")
	}
	if w.Code >= 500 && w.Code != x.status {
		say("a fault of ours")
	}
	switch {
	case len(body) == 0:
		if w.Code >= 400 && !strings.HasPrefix(x.request, "HEAD ") {
			say("nothing says what is wrong")
		}
	case w.Code >= 400 && w.Code != 401 && x.service == "image":
		if !strings.HasPrefix(kind, "text/html") {
			say("not the fault of an image service")
		}
	case w.Code < 300 && x.headers["Accept"] == "*/*": // bytes or a stream
	case !strings.HasPrefix(kind, "application/json"):
		say("not JSON")
	case !json.Valid(body):
		say("malformed JSON")
	case w.Code >= 400 && !slices.Contains(slices.Collect(maps.Keys(object(body))), faultOf(x.service, w.Code)):
		say(fmt.Sprintf("not a fault of its service, which has the key %s", faultOf(x.service, w.Code)))
	}
}

func object(body []byte) map[string]any {
	var o map[string]any
	_ = json.Unmarshal(body, &o) // what is no object has no keys
	return o
}

// faultOf is the key under which a service says what is wrong.
func faultOf(service string, status int) string {
	if status == http.StatusUnauthorized {
		return "error"
	}
	switch service {
	case "compute":
		return map[int]string{400: "badRequest", 403: "forbidden", 404: "itemNotFound", 409: "conflictingRequest", 410: "computeFault", 501: "notImplemented"}[status]
	case "network":
		return "NeutronError"
	case "placement":
		return "errors"
	}
	return "error"
}
