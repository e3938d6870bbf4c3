package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"skylog/api/policy"
	"skylog/commands"
	"skylog/projections"
)

type nothing struct{}

type text struct{ Body string }

// gatewayOf mounts one GET /x of a service that does fn.
func gatewayOf(t *testing.T, o Options, d *Dialect, fn func(context.Context) error) *Gateway {
	t.Helper()
	o.Now = projections.New
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	o.Authenticate = func(_ *projections.World, token string) (Who, error) {
		if token != "good" {
			return Who{}, errors.New("bad")
		}
		return Who{UserID: "ada", ProjectID: "p", Roles: []string{"member"}}, nil
	}
	g, err := New(o, &Service{Name: "test", Root: "/test", Dialect: d, Policy: policy.Rules{"test:x": "role:member"},
		Mount: func(a huma.API) {
			do := func(ctx context.Context, _ *nothing) (*text, error) { return &text{"fine"}, fn(ctx) }
			Handle(a, "GET /x", "test:x", 200, do)
			Handle(a, "POST /x", "test:x", 200, do)
		}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func get(g *Gateway, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "http://cloud"+path, nil)
	r.Header.Set("X-Auth-Token", "good")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

func TestARefusalIsSaidInTheServicesDialect(t *testing.T) {
	for _, c := range []struct {
		dialect *Dialect
		err     error
		status  int
		body    string
	}{
		{ComputeDialect, commands.Refuse(commands.OverLimit, "Quota <exceeded>."), 403, `{"forbidden":{"code":403,"message":"Quota <exceeded>."}}`},
		{BlockDialect, commands.Refuse(commands.OverLimit, "Quota."), 413, `{"overLimit":{"code":413,"message":"Quota.","retryAfter":"0"}}`},
		{IdentityDialect, commands.Refuse(commands.Conflict, "Taken."), 409, `{"error":{"code":409,"message":"Taken.","title":"Conflict"}}`},
		{NetworkDialect, commands.RefuseAs(commands.Conflict, "NetworkInUse", "Used."), 409, `{"NeutronError":{"detail":"","message":"Used.","type":"NetworkInUse"}}`},
		{NetworkDialect, commands.Refuse(commands.OverLimit, "Quota."), 409, `{"NeutronError":{"detail":"","message":"Quota.","type":"HTTPConflict"}}`},
		{ImageDialect, commands.Refuse(commands.NotFound, "No <image>."), 404, "<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n  No &lt;image&gt;.<br /><br />\n\n\n\n </body>\n</html>"},
		{IdentityDialect, commands.ErrFull, 503, `{"error":{"code":503,"message":"The cloud's disk is nearly full: only what makes room is accepted.","title":"Service Unavailable"}}`},
		{ComputeDialect, fmt.Errorf("outer: %w", commands.ErrBusy), 503, `{"serviceUnavailable":{"code":503,"message":"Too many requests are waiting. Try again."}}`},
		{ComputeDialect, FailAs(410, "", "Gone."), 410, `{"computeFault":{"code":410,"message":"Gone."}}`},
	} {
		g := gatewayOf(t, Options{}, c.dialect, func(context.Context) error { return c.err })
		w := get(g, "/test/x")
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("%s: %v:\n got %d %s\nwant %d %s", c.dialect.name, c.err, w.Code, w.Body, c.status, c.body)
		}
		if want := c.dialect.contentType(); w.Header().Get("Content-Type") != want {
			t.Errorf("%s: content type %q, want %q", c.dialect.name, w.Header().Get("Content-Type"), want)
		}
	}
}

func TestWhatIsBrokenIsLoggedAndNotShown(t *testing.T) {
	for _, fn := range []func(context.Context) error{
		func(context.Context) error { return errors.New("the secret cause") },
		func(context.Context) error { panic("the secret cause") },
	} {
		var log strings.Builder
		g := gatewayOf(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, ComputeDialect, fn)
		w := get(g, "/test/x")
		if w.Code != 500 || strings.Contains(w.Body.String(), "secret") || !strings.Contains(w.Body.String(), "computeFault") {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
		if !strings.Contains(log.String(), "the secret cause") || !strings.Contains(log.String(), w.Header().Get("X-Openstack-Request-Id")) {
			t.Errorf("the log lacks cause or request id: %s", log.String())
		}
		if strings.Contains(log.String(), "good") {
			t.Errorf("the log has the token: %s", log.String())
		}
	}
}

func TestAnUnknownOutcomeLinksToTheCommand(t *testing.T) {
	var id string
	g := gatewayOf(t, Options{}, ComputeDialect, func(ctx context.Context) error {
		id = commands.From(ctx).CommandID
		return commands.ErrUndecided
	})
	w := get(g, "/test/x")
	if want := "/v1/commands/" + id; w.Code != 504 || id == "" || !strings.Contains(w.Header().Get("Link"), want) {
		t.Errorf("got %d with link %q, want 504 with %s", w.Code, w.Header().Get("Link"), want)
	}
}

func TestAReplyNamesEachCommandThatWasAskedFor(t *testing.T) {
	var asked []string
	do := Ask(func(ctx context.Context, _ ...commands.Command) (*projections.World, error) {
		asked = append(asked, commands.From(ctx).CommandID)
		return nil, nil
	})
	g := gatewayOf(t, Options{}, ComputeDialect, func(ctx context.Context) error {
		_, err := do(ctx)
		_, err2 := do(ctx)
		return errors.Join(err, err2, commands.Refuse(commands.Conflict, "no"))
	})
	w := get(g, "/test/x", "Idempotency-Key", "k")
	named := w.Header().Values(CommandHeader)
	if len(asked) != 2 || asked[0] == asked[1] || !slices.Equal(named, asked) {
		t.Errorf("asked for were %q, the reply names %q", asked, named)
	}
	key := uuid.NewSHA1(uuid.MustParse("6c1f0a52-7a0c-5e0b-9a3c-1d2f4b8e9d10"), []byte("p\x00ada\x00k")).String()
	if named[0] != key {
		t.Errorf("the command of a key is %s, want %s, as the README tells", named[0], key)
	}
	none := gatewayOf(t, Options{}, ComputeDialect, func(context.Context) error { return nil })
	if named := get(none, "/test/x").Header().Values(CommandHeader); len(named) > 0 {
		t.Errorf("nothing was asked for, but the reply names %q", named)
	}
}

func TestARepeatedKeyNamesTheSameThings(t *testing.T) {
	var made []string
	var caller commands.Caller
	g := gatewayOf(t, Options{}, ComputeDialect, func(ctx context.Context) error {
		caller = commands.From(ctx)
		made = append(made, NewID(ctx), NewID(ctx))
		return nil
	})
	get(g, "/test/x", "Idempotency-Key", "k")
	first := caller
	get(g, "/test/x", "Idempotency-Key", "k")
	if made[0] != made[2] || made[1] != made[3] || made[0] == made[1] || caller.CommandID != first.CommandID || !caller.Keyed {
		t.Errorf("ids %v, callers %+v and %+v", made, first, caller)
	}
	get(g, "/test/x", "Idempotency-Key", "other")
	get(g, "/test/x")
	if made[4] == made[0] || made[6] == made[0] || caller.Keyed {
		t.Errorf("other requests made the same ids: %v", made)
	}
}

func TestEachBatchOfARequestHasItsOwnID(t *testing.T) {
	var ids []string
	ask := Ask(func(ctx context.Context, _ ...commands.Command) (*projections.World, error) {
		ids = append(ids, commands.From(ctx).CommandID)
		return nil, nil
	})
	g := gatewayOf(t, Options{}, ComputeDialect, func(ctx context.Context) error {
		ask(ctx)
		ask(ctx)
		return nil
	})
	get(g, "/test/x", "Idempotency-Key", "k")
	get(g, "/test/x", "Idempotency-Key", "k")
	if len(ids) != 4 || ids[0] == ids[1] || ids[0] != ids[2] || ids[1] != ids[3] {
		t.Errorf("got %v", ids)
	}
}

func TestEveryReplyHasARequestID(t *testing.T) {
	g := gatewayOf(t, Options{}, ComputeDialect, func(context.Context) error { return nil })
	for _, path := range []string{"/test/x", "/test/none", "/none", "/healthz", "/openapi.json"} {
		if id := get(g, path).Header().Get("X-Openstack-Request-Id"); !requestIDs.MatchString(id) {
			t.Errorf("%s has the request id %q", path, id)
		}
	}
}

func TestLargeAndFastCallersAreTurnedAway(t *testing.T) {
	g := gatewayOf(t, Options{Rate: 1}, ComputeDialect, func(context.Context) error { return nil })
	r := httptest.NewRequest("POST", "http://cloud/test/x", strings.NewReader(strings.Repeat(" ", MaxBody+1)))
	r.Header.Set("X-Auth-Token", "good")
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	if w.Code != 413 {
		t.Errorf("a large body: got %d", w.Code)
	}
	if w := get(g, "/test/x?"+strings.Repeat("q", maxTarget)); w.Code != 414 {
		t.Errorf("a long address: got %d", w.Code)
	}
	last := 0
	for range 10 {
		last = get(g, "/test/x").Code
	}
	if last != 429 {
		t.Errorf("ten requests at once where one a second is allowed: got %d", last)
	}
	for i := range 3 * maxCallers {
		g.limits.allow(fmt.Sprint(i))
	}
	if n := len(g.limits.new) + len(g.limits.old); n > 2*maxCallers {
		t.Errorf("%d callers are remembered", n)
	}
}

func TestWhatChoosesNoStatusHasThatOfItsMount(t *testing.T) {
	g, err := New(Options{Now: projections.New, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Authenticate: func(*projections.World, string) (Who, error) { return Who{}, nil }}, &Service{Name: "test", Root: "/test", Dialect: ComputeDialect, Mount: func(a huma.API) {
		Handle(a, "GET /x", Open, 204, func(context.Context, *nothing) (*Empty, error) { return &Empty{}, nil })
		Handle(a, "GET /y", Open, 200, func(context.Context, *nothing) (*Empty, error) { return &Empty{Status: 202}, nil })
	}})
	if err != nil {
		t.Fatal(err)
	}
	if x, y := get(g, "/test/x").Code, get(g, "/test/y").Code; x != 204 || y != 202 {
		t.Errorf("got %d and %d, want 204 and 202", x, y)
	}
}

func TestAnOperationWithoutAKnownRuleIsNotMounted(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it was mounted")
		}
	}()
	New(Options{Now: projections.New}, &Service{Name: "test", Root: "/test", Dialect: ComputeDialect, Mount: func(a huma.API) {
		Handle(a, "GET /x", "", 200, func(context.Context, *nothing) (*text, error) { return nil, nil })
	}})
}

func TestTheDocumentHasEveryOperationUnderItsRoot(t *testing.T) {
	g := gatewayOf(t, Options{}, ComputeDialect, func(context.Context) error { return nil })
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]any
	}
	if err := json.Unmarshal(get(g, "/openapi.json").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, o := range g.Operations() {
		if doc.Paths[o.Path][strings.ToLower(o.Method)] == nil {
			t.Errorf("the document lacks %s %s", o.Method, o.Path)
		}
	}
	if doc.OpenAPI != "3.1.0" || len(g.Operations()) == 0 {
		t.Errorf("version %q, %d operations", doc.OpenAPI, len(g.Operations()))
	}
	if page := get(g, "/docs").Body.String(); strings.Contains(page, "http://") || strings.Contains(page, "https://") {
		t.Error("the page needs another server")
	}
}

func TestOnlyKnownOriginsMayCallFromBrowsers(t *testing.T) {
	g := gatewayOf(t, Options{Origins: []string{"https://panel"}}, ComputeDialect, func(context.Context) error { return nil })
	if got := get(g, "/test/x", "Origin", "https://panel").Header().Get("Access-Control-Allow-Origin"); got != "https://panel" {
		t.Errorf("the panel's origin: got %q", got)
	}
	if got := get(g, "/test/x", "Origin", "https://evil").Header().Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("another origin: got %q", got)
	}
}

func TestMetricsCountByOperationAndNothingClientsCanInvent(t *testing.T) {
	g := gatewayOf(t, Options{}, ComputeDialect, func(context.Context) error { return nil })
	get(g, "/test/x")
	get(g, "/test/invented/by/somebody")
	page := get(g, "/metrics").Body.String()
	if !strings.Contains(page, `skylog_http_requests_total{operation="GET /x",service="test",status="200"} 1`) {
		t.Error("the call isn't counted")
	}
	if strings.Contains(page, "invented") {
		t.Error("a made-up path became a label")
	}
}

var _ http.Handler = (*Gateway)(nil)
