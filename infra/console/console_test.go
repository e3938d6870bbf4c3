package console_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"skylog/infra/console"
)

var errUsed = errors.New("used")

// serve is a handler for which the token "good" opens a line that echoes, once.
func serve(t *testing.T) *httptest.Server {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "vnc_auto.html"), []byte("noVNC"), 0o600), os.Mkdir(filepath.Join(dir, "app"), 0o700)); err != nil {
		t.Fatal(err)
	}
	left := make(chan string, 1)
	left <- "good"
	server := httptest.NewServer(console.Handler{Files: dir, Origins: []string{"cloud.example"},
		Refused: func(err error) string {
			if errors.Is(err, errUsed) {
				return "It was " + errUsed.Error() + "."
			}
			return ""
		},
		Check: func(_ context.Context, token string) error {
			if token != "good" || len(left) == 0 {
				return errUsed
			}
			return nil
		},
		Open: func(_ context.Context, token string) (net.Conn, error) {
			if token != "good" {
				return nil, errUsed
			}
			select {
			case <-left:
			default:
				return nil, errUsed
			}
			ours, theirs := net.Pipe()
			go func() {
				_, _ = io.Copy(ours, ours)
				ours.Close()
			}()
			return theirs, nil
		}})
	t.Cleanup(server.Close)
	return server
}

func dial(t *testing.T, server *httptest.Server, token string, header http.Header) (*websocket.Conn, error) {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), server.URL+"/console/websockify?token="+token, &websocket.DialOptions{Subprotocols: []string{"binary"}, HTTPHeader: header})
	return c, err
}

func TestATokenConnectsOnce(t *testing.T) {
	server := serve(t)
	c, err := dial(t, server, "good", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Write(t.Context(), websocket.MessageBinary, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, said, err := c.Read(t.Context()); err != nil || string(said) != "hello" {
		t.Fatalf("the machine says %q, %v", said, err)
	}
	c.CloseNow()
	for _, token := range []string{"good", "bad"} {
		c, err := dial(t, server, token, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
			t.Errorf("token %s: got %v, want a policy violation", token, err)
		} else if !strings.Contains(err.Error(), "It was used.") {
			t.Errorf("token %s: %v doesn't say why", token, err)
		}
	}
}

func TestAPageOfAnotherOriginIsTurnedAwayAndUsesNoToken(t *testing.T) {
	server := serve(t)
	if _, err := dial(t, server, "good", http.Header{"Origin": {"http://evil.example"}}); err == nil {
		t.Fatal("it may connect")
	}
	c, err := dial(t, server, "good", http.Header{"Origin": {"https://cloud.example"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(t.Context(), websocket.MessageBinary, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); err != nil {
		t.Errorf("the token was used up: %v", err)
	}
}

func TestThePageSaysWhyATokenIsNoGoodAndLeavesAGoodOneSo(t *testing.T) {
	server := serve(t)
	page := func(token string) (int, string) {
		reply, err := http.Get(server.URL + "/console/novnc/vnc_auto.html?path=" + url.QueryEscape("console/websockify?token="+token))
		if err != nil {
			t.Fatal(err)
		}
		defer reply.Body.Close()
		body, err := io.ReadAll(reply.Body)
		if err != nil {
			t.Fatal(err)
		}
		return reply.StatusCode, strings.TrimSpace(string(body))
	}
	if status, body := page("bad"); status != 403 || body != "It was used." {
		t.Errorf("a bad token: got %d %q", status, body)
	}
	if status, _ := page(strings.Repeat("x", 200)); status != 403 {
		t.Errorf("a long token: got %d", status)
	}
	for range 2 {
		if status, body := page("good"); status != 200 || body != "noVNC" {
			t.Errorf("a good token: got %d %q", status, body)
		}
	}
	c, err := dial(t, server, "good", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(t.Context(), websocket.MessageBinary, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); err != nil {
		t.Errorf("looking at the page used the token up: %v", err)
	}
	if status, _ := page("good"); status != 403 {
		t.Errorf("a used token: got %d", status)
	}
}

func TestFilesOfNoVNCAreServedAndNothingElse(t *testing.T) {
	server := serve(t)
	for path, want := range map[string]int{
		"/console/novnc/vnc_auto.html?path=x": 200, "/console/novnc/": 404, "/console/novnc/../../etc/passwd": 404, "/console/websockify": 403, "/console/": 404,
	} {
		reply, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(reply.Body)
		reply.Body.Close()
		if reply.StatusCode != want || reply.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: got %d %v, want %d", path, reply.StatusCode, reply.Header, want)
		}
		if want == 200 && !strings.Contains(string(body), "noVNC") {
			t.Errorf("%s: got %q", path, body)
		}
	}
}
