package metadata

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"skylog/workers/compute"
)

func server(t *testing.T) *Server {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Serve(l, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { _ = s.Close() })
	s.http.Addr = l.Addr().String()
	s.SetGuests(map[netip.Addr]compute.Metadata{netip.MustParseAddr("10.0.0.11"): {ServerID: "eleven", Hostname: "vm"}})
	return s
}

func ask(s *Server, method, from string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/openstack/latest/meta_data.json", nil)
	r.RemoteAddr = from
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestOnlyAGuestIsAnsweredAndOnlyOfItself(t *testing.T) {
	s := server(t)
	if w := ask(s, http.MethodGet, "10.0.0.11:999"); w.Code != 200 || !strings.Contains(w.Body.String(), "eleven") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := ask(s, http.MethodGet, "10.0.0.12:999"); w.Code != 404 {
		t.Errorf("a stranger got %d", w.Code)
	}
	if w := ask(s, http.MethodPost, "10.0.0.11:999"); w.Code != 405 {
		t.Errorf("POST got %d", w.Code)
	}
	s.guests[netip.MustParseAddr("10.0.0.11")].limit = rate.NewLimiter(0, 0)
	if w := ask(s, http.MethodGet, "10.0.0.11:999"); w.Code != 429 {
		t.Errorf("beyond its rate it got %d", w.Code)
	}
}

func TestOneGuestCannotHoldAllConnections(t *testing.T) {
	s := server(t)
	var open []net.Conn
	for range connsPerGuest + 1 {
		c, err := net.Dial("tcp4", s.http.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		open = append(open, c)
	}
	last := open[len(open)-1]
	_ = last.SetReadDeadline(time.Now().Add(2 * time.Second))
	if _, err := last.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("one more connection than a guest may have stays open: %v", err)
	}
}
