package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"skylog/api/policy"
	"skylog/commands"
	"skylog/projections"
)

// Options is what a gateway is made of besides its services.
type Options struct {
	// Now is the newest world of this node.
	Now          func() *projections.World
	Authenticate Authenticator
	// PublicURL is how clients reach the gateway, for links; empty: as each request came.
	PublicURL  string
	PolicyFile string
	Log        *slog.Logger
	// Origins are the web origins that browsers may call from; "*" is any.
	Origins []string
	// Rate is how many requests a second one caller may make on average; zero: DefaultRate.
	Rate float64
	// Ready says why the node can't serve yet; nil: always ready.
	Ready func() error
	Sources
}

// Gateway serves all services on one port.
type Gateway struct {
	now          func() *projections.World
	authenticate Authenticator
	publicURL    string
	policy       *policy.Enforcer
	log          *slog.Logger
	origins      []string
	ready        func() error
	limits       *limiter
	metrics      *metrics
	mounts       []*mount
	byName       map[string]*mount
	operations   []*Operation
	raw          map[string]http.Handler // by first path segment
	document     func() []byte
	sources      Sources
}

var humaOnce sync.Once

// New assembles a gateway. Two operations of one path, an operation with an
// unknown rule and the like are mistakes of ours and panic.
func New(o Options, services ...*Service) (*Gateway, error) {
	humaOnce.Do(func() { // huma has one error form for the process; ours asks the request for its dialect
		huma.NewErrorWithContext = humaError
		wordComplaints()
	})
	if o.Log == nil {
		o.Log = slog.Default()
	}
	own := skylogService(o.Sources)
	services = append(slices.Clone(services), own)
	var rules []policy.Rules
	for _, s := range services {
		rules = append(rules, s.Policy)
	}
	enforcer, err := policy.New(o.PolicyFile, o.Log, rules...)
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		now: o.Now, authenticate: o.Authenticate, publicURL: strings.TrimRight(o.PublicURL, "/"), policy: enforcer, log: o.Log,
		origins: o.Origins, ready: o.Ready, limits: newLimiter(o.Rate), metrics: newMetrics(),
		byName: map[string]*mount{}, raw: map[string]http.Handler{}, sources: o.Sources,
	}
	for _, s := range services {
		m := newMount(g, s)
		g.mounts = append(g.mounts, m)
		g.byName[s.Name] = m
		if s.Mount != nil {
			s.Mount(m)
		}
	}
	// The longest root first, so that one may lie inside another.
	slices.SortStableFunc(g.mounts, func(a, b *mount) int { return len(b.service.Root) - len(a.service.Root) })
	g.document = sync.OnceValue(g.openAPI)
	return g, nil
}

// Raw serves everything under a first path segment, such as "/dashboard", by a
// handler of its own: no token is asked for and no limit is set but the path's.
func (g *Gateway) Raw(segment string, h http.Handler) { g.raw[strings.Trim(segment, "/")] = h }

// maxTarget is how long the address of a request may be. Clients filter by lists
// of ids, which makes long ones.
const maxTarget = 16 << 10

// ServeHTTP serves one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	rec := &recorder{ResponseWriter: w}
	req := &request{gateway: g, id: "req-" + uuid.NewString(), global: globalID(r), service: g.byName["skylog"].service}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			g.log.Error("request panicked", "request", req.id, "operation", req.operationName(), "panic", p, "stack", string(debug.Stack()))
			if rec.status == 0 {
				req.writeFault(rec, broken())
			}
		}
		g.observe(req, r, rec, time.Since(start))
	}()
	g.route(rec, r, req)
}

// route finds the service a request is for, and what is not a service's.
func (g *Gateway) route(w http.ResponseWriter, r *http.Request, req *request) {
	req.http, req.header = r, w.Header()
	w.Header().Set("X-Openstack-Request-Id", req.id)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if g.cors(w, r) {
		return
	}
	if len(r.URL.RequestURI()) > maxTarget {
		req.writeFault(w, Fail(http.StatusRequestURITooLong, "The address is longer than %d bytes.", maxTarget))
		return
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if h, ok := g.raw[first]; ok {
		h.ServeHTTP(w, r)
		return
	}
	if g.own(w, r) {
		return
	}
	path := trimmed(r.URL.EscapedPath())
	if strings.Contains(path, "//") || strings.Contains(path, "/./") || strings.Contains(path, "/../") || strings.HasSuffix(path, "/..") || strings.HasSuffix(path, "/.") {
		req.writeFault(w, Fail(http.StatusNotFound, "The resource could not be found."))
		return
	}
	for _, m := range g.mounts {
		if rest, ok := cutRoot(path, m.service.Root); ok {
			m.serve(w, r, req, rest)
			return
		}
	}
	req.writeFault(w, Fail(http.StatusNotFound, "The resource could not be found."))
}

func cutRoot(path, root string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, root)
	return rest, ok && (rest == "" || rest[0] == '/')
}

// serve serves a request to one service; rest is the path behind its root.
func (m *mount) serve(w http.ResponseWriter, r *http.Request, req *request, rest string) {
	s := m.service
	req.service = s
	if s.Dialect == ComputeDialect || s.Dialect == BlockDialect {
		w.Header().Set("X-Compute-Request-Id", req.id)
	}
	version, fault := s.Microversions.choose(r, w.Header())
	if fault != nil {
		req.writeFault(w, fault)
		return
	}
	req.version, req.who.Version = version, version
	if s.Discovery.serve(w, r, req, rest) {
		return
	}
	path, ok := cutRoot(rest, s.Prefix)
	if !ok {
		req.writeFault(w, Fail(http.StatusNotFound, "The resource could not be found."))
		return
	}
	if s.ProjectInPath {
		path = req.cutProject(path)
	}
	if path == "" {
		path = "/"
	}
	inner := new(http.Request)
	*inner = *r
	u := *r.URL
	inner.URL = &u
	var err error
	if u.Path, err = unescape(path); err != nil {
		req.writeFault(w, Fail(http.StatusBadRequest, "The address is malformed."))
		return
	}
	u.RawPath = path
	req.http = inner
	inner = inner.WithContext(context.WithValue(r.Context(), requestKey{}, req))
	req.http = inner
	if handler, pattern := m.mux.Handler(inner); pattern == "" {
		m.unknown(w, inner, req, handler)
		return
	}
	m.mux.ServeHTTP(w, inner)
}

// unknown answers for a path that is not mounted, or not for this method.
func (m *mount) unknown(w http.ResponseWriter, r *http.Request, req *request, handler http.Handler) {
	probe := &recorder{ResponseWriter: discard{http.Header{}}}
	handler.ServeHTTP(probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		req.writeFault(w, Fail(http.StatusMethodNotAllowed, "The method %.20s is not allowed for this resource.", r.Method).with("Allow", probe.Header().Get("Allow")))
		return
	}
	req.writeFault(w, Fail(http.StatusNotFound, "The resource could not be found."))
}

// operate serves one operation: who asks, may they, what did they send.
func (g *Gateway) operate(w http.ResponseWriter, hr *http.Request, o *Operation, op *huma.Operation, next func(huma.Context)) {
	r := of(hr.Context())
	r.operation, r.rule, r.world = o, o.Rule, g.now()
	if reads(hr) {
		private(w.Header())
	}
	if !g.admit(w, hr, r, o) {
		return
	}
	if !o.span.holds(r.version) {
		r.writeFault(w, Fail(http.StatusNotFound, "The resource could not be found."))
		return
	}
	err := r.rehearse(w.Header())
	if err == nil {
		err = r.travel(w.Header())
	}
	if err != nil {
		r.writeFault(w, r.fault(err))
		return
	}
	if !o.stream {
		body, err := readBody(hr)
		if err == nil {
			err = o.history.suits(body, r.version)
		}
		if err != nil {
			r.writeFault(w, r.fault(err))
			return
		}
		r.body = body
		hr.Body = io.NopCloser(bytes.NewReader(body))
	}
	caller, err := r.caller(hr)
	if err != nil {
		r.writeFault(w, r.fault(err))
		return
	}
	ctx, cancel := context.WithCancel(commands.With(hr.Context(), caller))
	if !o.stream {
		cancel()
		ctx, cancel = context.WithTimeout(commands.With(hr.Context(), caller), patience)
	}
	defer cancel()
	hr = hr.WithContext(ctx)
	r.http = hr
	r.perform(w, func(w http.ResponseWriter) { next(humago.NewContext(op, hr, w)) })
}

// patience is how long an operation may take that streams nothing: it outlasts
// the deadline of a command.
const patience = 60 * time.Second

// admit authenticates the caller and asks whether they may call this at all.
// What headers say of roles and users is never read: only tokens count.
func (g *Gateway) admit(w http.ResponseWriter, hr *http.Request, r *request, o *Operation) bool {
	token := hr.Header.Get("X-Auth-Token")
	if o.Rule == Open && token == "" {
		return g.within(w, r, address(hr))
	}
	who, err := g.identify(r.world, token)
	if err != nil && o.Rule != Open {
		if g.within(w, r, address(hr)) { // guessing tokens has a limit too
			r.unauthorized(w)
		}
		return false
	}
	if err == nil {
		if service := hr.Header.Get("X-Service-Token"); service != "" {
			if peer, err := g.identify(r.world, service); err == nil {
				who.ServiceRoles, who.Rights = peer.Roles, append(who.Rights, peer.Rights...)
			}
		}
		who.Version = r.version
		r.who = who
		if !r.permitted(hr) {
			r.unauthorized(w)
			return false
		}
	}
	if !g.within(w, r, who.UserID) {
		return false
	}
	if r.project != "" && r.project != who.ProjectID && !slices.Contains(who.Roles, "admin") {
		r.writeFault(w, Fail(http.StatusBadRequest, "Malformed request URL: URL's project_id '%.64s' doesn't match Context's project_id '%s'", r.project, who.ProjectID))
		return false
	}
	if o.Rule != Open && o.Rule != Authenticated && !r.mayEver(o.Rule) {
		r.writeFault(w, r.fault(forbidden(o.Rule)))
		return false
	}
	return true
}

// maxToken is how long a token may be.
const maxToken = 8192

var errNoToken = errors.New("no token")

func (g *Gateway) identify(w *projections.World, token string) (Who, error) {
	if token == "" || len(token) > maxToken {
		return Who{}, errNoToken
	}
	return g.authenticate(w, token)
}

// MaxBody is how large the body of a request may be that isn't streamed.
const MaxBody = 1 << 20

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	switch {
	case err != nil:
		return nil, Fail(http.StatusBadRequest, "The body could not be read.")
	case len(body) > MaxBody:
		return nil, Fail(http.StatusRequestEntityTooLarge, "The body is larger than %d bytes.", MaxBody)
	case tooDeep(body):
		return nil, Fail(http.StatusBadRequest, "The body is nested deeper than %d levels.", maxDepth)
	}
	return body, nil
}

// maxKey is how long an idempotency key may be.
const maxKey = 255

// keys is the name space of command ids made from idempotency keys.
var keys = uuid.MustParse("6c1f0a52-7a0c-5e0b-9a3c-1d2f4b8e9d10")

// caller names the command of this request before anything else happens, so that
// a request repeated under one idempotency key makes the same ids.
func (r *request) caller(hr *http.Request) (commands.Caller, error) {
	c := commands.Caller{UserID: r.who.UserID, ProjectID: r.who.ProjectID, RequestID: r.id, Admin: slices.Contains(r.who.Roles, "admin"),
		Rights: r.who.Rights, Authorized: r.world.Seq, Rehearsal: r.rehearsal}
	key := hr.Header.Get("Idempotency-Key")
	if len(key) > maxKey {
		return c, Fail(http.StatusBadRequest, "The idempotency key is longer than %d bytes.", maxKey)
	}
	r.command = uuid.Must(uuid.NewV7())
	if key != "" && r.who.UserID != "" {
		r.keyed = true
		r.command = uuid.NewSHA1(keys, []byte(r.who.ProjectID+"\x00"+r.who.UserID+"\x00"+key))
		sum := sha256.Sum256([]byte(hr.Method + " " + r.service.Name + hr.URL.RequestURI() + "\n" + string(r.body)))
		c.Keyed, c.BodyHash = true, hex.EncodeToString(sum[:])
	}
	r.last, c.CommandID = r.command, r.command.String()
	return c, nil
}
