package api

import (
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics counts requests. Its labels are the mounted operations and statuses,
// so that no client can make new ones.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	handler  http.Handler
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "skylog_http_requests_total", Help: "Requests answered."},
			[]string{"service", "operation", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "skylog_http_request_seconds", Help: "How long requests took.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}}, []string{"service", "operation"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	return m
}

// Metrics is where other parts of the program register what they count.
func (g *Gateway) Metrics() prometheus.Registerer { return g.metrics.registry }

// observe counts and logs one answered request. Neither tokens nor bodies nor
// query strings, which may hold signatures, are ever logged.
func (g *Gateway) observe(req *request, r *http.Request, rec *recorder, took time.Duration) {
	status := rec.status
	if status == 0 {
		status = http.StatusOK
	}
	g.metrics.requests.WithLabelValues(req.service.Name, req.operationName(), strconv.Itoa(status)).Inc()
	g.metrics.seconds.WithLabelValues(req.service.Name, req.operationName()).Observe(took.Seconds())
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	g.log.LogAttrs(r.Context(), level, "request", slog.String("method", r.Method), slog.String("path", clip(r.URL.Path)),
		slog.Int("status", status), slog.Int64("bytes", rec.bytes), slog.Duration("took", took), slog.String("request", req.id),
		slog.String("global", req.global), slog.String("user", req.who.UserID), slog.String("project", req.who.ProjectID))
}

// maxLogged is how much of a path is logged.
const maxLogged = 256

func clip(s string) string {
	if len(s) > maxLogged {
		return s[:maxLogged]
	}
	return s
}

// own serves what belongs to no service.
func (g *Gateway) own(w http.ResponseWriter, r *http.Request) bool {
	switch trimmed(r.URL.Path) {
	case "/healthz":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write([]byte("ok\n"))
	case "/readyz":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if g.ready != nil {
			if err := g.ready(); err != nil {
				w.WriteHeader(http.StatusServiceUnavailable)
				w.Write([]byte("not ready: " + err.Error() + "\n"))
				return true
			}
		}
		w.Write([]byte("ready\n"))
	case "/metrics":
		g.metrics.handler.ServeHTTP(w, r)
	case "/openapi.json":
		w.Header().Set("Content-Type", "application/json")
		w.Write(g.document())
	case "/docs":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'")
		w.Write(docsPage)
	default:
		return false
	}
	return true
}
