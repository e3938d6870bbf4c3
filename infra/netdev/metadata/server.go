// Package metadata serves 169.254.169.254 to the guests of one tenant network.
// Who asks is told by the address the connection came from, within the network
// whose namespace holds the socket, and by nothing else: no header of the
// request is believed.
package metadata

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	render "skylog/infra/metadata"
	"skylog/workers/compute"
)

// What one guest may do at once and a second, and how long any request may take.
const (
	connsPerGuest         = 16
	guestRate, guestBurst = 50, 100
	timeout               = 10 * time.Second
)

// Server answers on one listener.
type Server struct {
	http *http.Server

	mu     sync.Mutex
	guests map[netip.Addr]*guest
}

type guest struct {
	about compute.Metadata
	limit *rate.Limiter
}

// Serve answers on l from now until Close.
func Serve(l net.Listener, log *slog.Logger) *Server {
	s := &Server{guests: map[netip.Addr]*guest{}}
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout, IdleTimeout: timeout,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := s.http.Serve(&fairListener{Listener: l, open: map[netip.Addr]int{}}); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metadata service ended", "error", err)
		}
	}()
	return s
}

// SetGuests replaces what is known, by the guests' fixed addresses.
func (s *Server) SetGuests(guests map[netip.Addr]compute.Metadata) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := make(map[netip.Addr]*guest, len(guests))
	for addr, m := range guests {
		g := &guest{about: m, limit: rate.NewLimiter(guestRate, guestBurst)}
		if old := s.guests[addr]; old != nil {
			g.limit = old.limit
		}
		next[addr] = g
	}
	s.guests = next
}

// Close ends the server; requests under way get a moment to end.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if s.http.Shutdown(ctx) == nil {
		return nil
	}
	return s.http.Close()
}

// ServeHTTP answers with the document of the guest that has the sender's address.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		http.Error(w, "no such guest", http.StatusNotFound)
		return
	}
	s.mu.Lock()
	g := s.guests[from.Addr().Unmap()]
	s.mu.Unlock()
	switch {
	case g == nil:
		http.Error(w, "no guest of this network has your address", http.StatusNotFound)
	case !g.limit.Allow():
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many requests", http.StatusTooManyRequests)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "metadata is read only", http.StatusMethodNotAllowed)
	default:
		body, contentType, ok := render.Render(g.about, r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(body) // the guest went away: its own loss
	}
}

// fairListener keeps one guest from taking all connections of its network.
type fairListener struct {
	net.Listener
	mu   sync.Mutex
	open map[netip.Addr]int
}

func (l *fairListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from, err := netip.ParseAddrPort(c.RemoteAddr().String())
		if err != nil || !l.take(from.Addr()) {
			_ = c.Close()
			continue
		}
		return &countedConn{Conn: c, done: sync.OnceFunc(func() { l.give(from.Addr()) })}, nil
	}
}

func (l *fairListener) take(a netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[a] >= connsPerGuest {
		return false
	}
	l.open[a]++
	return true
}

func (l *fairListener) give(a netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[a]--; l.open[a] <= 0 {
		delete(l.open, a)
	}
}

type countedConn struct {
	net.Conn
	done func()
}

func (c *countedConn) Close() error {
	c.done()
	return c.Conn.Close()
}
