package console_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
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
	if err := os.WriteFile(filepath.Join(dir, "vnc_auto.html"), []byte("noVNC"), 0o600); err != nil {
		t.Fatal(err)
	}
	left := make(chan string, 1)
	left <- "good"
	server := httptest.NewServer(console.Handler{Files: dir, Refused: func(err error) bool { return errors.Is(err, errUsed) },
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
		}
	}
}

func TestAPageOfAnotherOriginIsTurnedAwayAndUsesNoToken(t *testing.T) {
	server := serve(t)
	if _, err := dial(t, server, "good", http.Header{"Origin": {"http://evil.example"}}); err == nil {
		t.Fatal("it may connect")
	}
	c, err := dial(t, server, "good", http.Header{"Origin": {server.URL}})
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
