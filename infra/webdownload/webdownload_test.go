package webdownload

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestOnlyWhatTheOperatorAllowsIsAsked(t *testing.T) {
	g := &Guard{Hosts: []string{"images.example.org", "93.184.215.14", "127.0.0.1", "169.254.169.254", "::1"}}
	any := &Guard{Hosts: []string{"*"}}
	for _, uri := range []string{
		"http://evil.example.org/x", "https://images.example.org:8443/x", "ftp://images.example.org/x", "file:///etc/passwd", "FILE:/etc/passwd", "gopher://images.example.org/",
		"http://user:pw@images.example.org/", "http://images.example.org@evil.example.org/", "http://127.0.0.1/", "http://169.254.169.254/latest", "http://[::1]/",
		"http:opaque", "//images.example.org/x", "", "http://", "http://images.example.org:0x50/", "http://images.example.org:99999/", "http://images.example.org\\@evil/", "http://images.example.org%00.evil/",
	} {
		if g.Check(uri) == nil {
			t.Errorf("%s may be asked, want it refused", uri)
		}
	}
	for _, host := range []string{"127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0", "255.255.255.255",
		"224.0.0.1", "198.18.0.1", "[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[fe80::1]", "[fe80::1%25eth0]", "[fc00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::127.0.0.1]", "[2001:0:1::1]",
		"169.254.169.254", "①②⑦.0.0.1", "127。0。0。1"} {
		if any.Check("http://"+host+"/") == nil {
			t.Errorf("%s may be asked though it isn't public", host)
		}
	}
	for _, uri := range []string{"http://images.example.org/x", "https://IMAGES.example.org:443/x?y", "http://images.example.org./x", "http://93.184.215.14/x"} {
		if err := g.Check(uri); err != nil {
			t.Errorf("%s is refused: %v", uri, err)
		}
	}
	if (&Guard{}).Check("http://images.example.org/") == nil {
		t.Error("a cloud that allows no host asks one")
	}
}

// serve starts a server and a guard that may reach it as "inner".
func serve(t *testing.T, h http.HandlerFunc) (g *Guard, port string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	loopback := func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	return &Guard{Hosts: []string{"inner"}, Ports: []int{n}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Lookup: loopback}, u.Port()
}

func TestTheAddressThatWasCheckedIsTheOneConnectedTo(t *testing.T) {
	asked := 0
	g, port := serve(t, func(w http.ResponseWriter, _ *http.Request) { asked++; io.WriteString(w, "bytes") })
	resolved := 0
	g.Lookup = func(context.Context, string) ([]netip.Addr, error) { // a name that moves inside when asked again
		resolved++
		if resolved == 1 {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
	}
	body, err := g.Open(t.Context(), "http://inner:"+port+"/")
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(body)
	body.Close()
	if err != nil || string(data) != "bytes" || resolved != 1 {
		t.Errorf("got %q, %v after resolving %d times", data, err, resolved)
	}
	g.Networks = nil
	resolved = 0
	if _, err := g.Open(t.Context(), "http://inner:"+port+"/"); err == nil || asked != 1 {
		t.Errorf("a name that leads to loopback was asked: %v", err)
	}
	g.Lookup = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("93.184.215.14"), netip.MustParseAddr("127.0.0.1")}, nil
	}
	if _, err := g.Open(t.Context(), "http://inner:"+port+"/"); err == nil || asked != 1 {
		t.Errorf("a name of which one address leads to loopback was asked: %v", err)
	}
}

func TestRedirectsAreCheckedAnew(t *testing.T) {
	for _, to := range []string{"http://127.0.0.1:%PORT/", "http://evil:%PORT/", "file:///etc/passwd", "http://inner:1/", "http://inner:%PORT/again"} {
		var g *Guard
		var port string
		reached := 0
		g, port = serve(t, func(w http.ResponseWriter, r *http.Request) {
			if reached++; r.Host != "inner:"+port {
				t.Errorf("%s was asked", r.Host)
			}
			w.Header().Set("Location", strings.ReplaceAll(to, "%PORT", port))
			w.WriteHeader(http.StatusFound)
		})
		if body, err := g.Open(t.Context(), "http://inner:"+port+"/"); err == nil {
			body.Close()
			t.Errorf("a redirect to %s was followed", to)
		}
		if reached > maxRedirects+1 {
			t.Errorf("%d redirects were followed", reached)
		}
	}
	g, port := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/there", http.StatusFound)
			return
		}
		io.WriteString(w, "bytes")
	})
	body, err := g.Open(t.Context(), "http://inner:"+port+"/")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if data, _ := io.ReadAll(body); string(data) != "bytes" {
		t.Errorf("behind a good redirect is %q", data)
	}
}

func TestADownloadThatStandsStillOrEndsEarlyIsAnError(t *testing.T) {
	hang := make(chan struct{})
	g, port := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "ten bytes.")
		w.(http.Flusher).Flush()
		if r.URL.Path == "/hang" {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
			return
		}
		panic(http.ErrAbortHandler)
	})
	defer close(hang)
	g.Idle = 30 * time.Millisecond
	for _, path := range []string{"/hang", "/abort"} {
		body, err := g.Open(t.Context(), "http://inner:"+port+path)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(body); err == nil {
			t.Errorf("%s gave %q and no error", path, data)
		}
		body.Close()
	}
	if _, err := g.Open(t.Context(), "http://inner:"+port+"1/"); err == nil {
		t.Error("another port was asked")
	}
}

func TestAnErrorDoesNotTellTheAddress(t *testing.T) {
	g, port := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	_, refused := g.Open(t.Context(), "http://inner:"+port+"/x?signature=s3cret")
	g.Lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, io.ErrUnexpectedEOF }
	_, failed := g.Open(t.Context(), "http://inner:"+port+"/x?signature=s3cret")
	for _, err := range []error{refused, failed} {
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error is %v", err)
		}
	}
}
