package api

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/time/rate"
)

// DefaultRate is how many requests a second one caller may make on average, and
// burst is how many seconds' worth at once: far above what client suites send.
const (
	DefaultRate = 500
	burst       = 4
)

// maxCallers is how many callers are remembered at a time, twice.
const maxCallers = 10000

// limiter bounds the rate of each caller. It forgets callers in generations, so
// that made-up ones can't fill the memory.
type limiter struct {
	rate     float64
	mu       sync.Mutex
	new, old map[string]*rate.Limiter
}

func newLimiter(perSecond float64) *limiter {
	if perSecond <= 0 {
		perSecond = DefaultRate
	}
	return &limiter{rate: perSecond, new: map[string]*rate.Limiter{}}
}

func (l *limiter) allow(caller string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.new[caller]
	if !ok {
		if c, ok = l.old[caller]; !ok {
			c = rate.NewLimiter(rate.Limit(l.rate), int(l.rate*burst)+1)
		}
		if len(l.new) >= maxCallers {
			l.old, l.new = l.new, map[string]*rate.Limiter{}
		}
		l.new[caller] = c
	}
	return c.Allow()
}

// within answers 429 to who asks too often.
func (g *Gateway) within(w http.ResponseWriter, r *request, caller string) bool {
	if g.limits.allow(caller) {
		return true
	}
	r.writeFault(w, Fail(http.StatusTooManyRequests, "This request was rate-limited.").with("Retry-After", "1"))
	return false
}

// address is whom a request without a good token is counted for.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return "@" + host
}

var requestIDs = regexp.MustCompile(`^req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// globalID is the request id that a client sent, if it is one.
func globalID(r *http.Request) string {
	if id := r.Header.Get("X-Openstack-Request-Id"); requestIDs.MatchString(id) {
		return id
	}
	return ""
}

var projectIDs = regexp.MustCompile(`^([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

// cutProject takes a project id off the front of a path, where there is one.
func (r *request) cutProject(path string) string {
	first, rest, more := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !projectIDs.MatchString(first) {
		return path
	}
	r.project = first
	if !more {
		return "/"
	}
	return "/" + rest
}

func unescape(path string) (string, error) { return url.PathUnescape(path) }

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush sends what was written so far: streams need it.
func (r *recorder) Flush() {
	if f, ok := r.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// discard is a reply that nobody gets.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	corsHeaders = "X-Auth-Token, X-Subject-Token, Content-Type, OpenStack-API-Version, X-OpenStack-Nova-API-Version, Idempotency-Key, If-Match, If-None-Match, X-Openstack-Request-Id, Last-Event-ID, " +
		AsOfHeader + ", " + DryRunHeader
	corsExposed = "X-Openstack-Request-Id, X-Subject-Token, OpenStack-API-Version, Location, ETag, Link, " + CommandHeader + ", " +
		AsOfHeader + ", " + DryRunHeader + ", " + EventsHeader + ", " + EventCountHeader
)

// cors lets the web origins of the configuration call from browsers. It answers
// preflights itself.
func (g *Gateway) cors(w http.ResponseWriter, r *http.Request) (answered bool) {
	origin := r.Header.Get("Origin")
	if origin == "" || len(g.origins) == 0 {
		return false
	}
	w.Header().Add("Vary", "Origin")
	if !slices.Contains(g.origins, origin) && !slices.Contains(g.origins, "*") {
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	w.Header().Set("Access-Control-Expose-Headers", corsExposed)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	w.Header().Set("Access-Control-Allow-Methods", corsMethods)
	w.Header().Set("Access-Control-Allow-Headers", corsHeaders)
	w.Header().Set("Access-Control-Max-Age", "3600")
	w.WriteHeader(http.StatusNoContent)
	return true
}
