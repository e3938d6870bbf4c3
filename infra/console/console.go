// Package console lets browsers sit at servers' screens and serial lines: it
// serves noVNC's files, and passes bytes between a websocket and a machine. Who
// may connect is somebody else's to say: all that it knows is a token, which it
// hands over and forgets.
package console

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// Root is below which paths the handler stands.
const Root = "/console/"

// Handler serves consoles.
type Handler struct {
	// Open connects to the machine that a token is for, and uses the token up.
	Open func(ctx context.Context, token string) (net.Conn, error)
	// Check says what Open would, and leaves the token good.
	Check func(ctx context.Context, token string) error
	// Files is the folder of noVNC.
	Files string
	// Origins are the hosts, beside the one that is asked, whose pages may connect:
	// what stands before us may be reached by another name.
	Origins []string
	// Refused is what whoever has the token may read of an error of Open or Check;
	// empty: the error is ours, and none of their business.
	Refused func(error) string
}

const (
	// maxToken is how long a token may be.
	maxToken = 128
	// maxSession is how long a console stays open; maxMessage how much a browser
	// may send at once, which is far more than keys and the mouse need.
	maxSession = 12 * time.Hour
	maxMessage = 1 << 20
	// maxReason is what a closing frame has room for (RFC 6455, 5.5).
	maxReason = 123
	// patience is how long a browser may take to take what the machine says.
	patience = time.Minute
)

// ServeHTTP implements http.Handler.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Referrer-Policy", "no-referrer") // addresses here bear tokens
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.URL.Path == Root+"websockify" {
		h.connect(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "only GET is known here", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Security-Policy", "frame-ancestors 'self'")
	if token := tokenOf(r); token != "" && h.turnedAway(w, r, token) {
		return
	}
	http.StripPrefix(Root+"novnc/", http.FileServer(files{http.Dir(h.Files)})).ServeHTTP(w, r)
}

// tokenOf is the token in the address of noVNC's page, where it stands within the
// address of the websocket that the page shall connect to.
func tokenOf(r *http.Request) string {
	_, query, _ := strings.Cut(r.URL.Query().Get("path"), "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	return values.Get("token")
}

// turnedAway tells whoever opens the page with a token that is no good why that
// is so: noVNC would only say that something went wrong. It also tells that
// noVNC isn't there.
func (h Handler) turnedAway(w http.ResponseWriter, r *http.Request, token string) bool {
	why := ""
	if _, err := os.Stat(filepath.Join(h.Files, "app")); err != nil {
		http.Error(w, "noVNC isn't installed on this cloud; its serial consoles can be reached.", http.StatusNotFound)
		return true
	}
	if len(token) > maxToken {
		why = "The token is too long."
	} else if err := h.Check(r.Context(), token); err != nil {
		why = cmp.Or(h.Refused(err), "The console can't be reached.")
	}
	if why != "" {
		http.Error(w, why, http.StatusForbidden)
	}
	return why != ""
}

// files is a folder whose folders aren't listed.
type files struct{ http.Dir }

func (f files) Open(name string) (http.File, error) {
	file, err := f.Dir.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || info.IsDir() {
		return nil, errors.Join(fs.ErrNotExist, err, file.Close())
	}
	return file, nil
}

// connect passes bytes between a browser and the machine of its token. A page of
// another origin is turned away before its token is looked at.
func (h Handler) connect(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("token")
	if token == "" || len(token) > maxToken {
		http.Error(w, "The token is missing.", http.StatusForbidden)
		return
	}
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"binary"}, OriginPatterns: h.Origins})
	if err != nil {
		return // the reply was written
	}
	defer socket.CloseNow()
	ctx, cancel := context.WithTimeout(r.Context(), maxSession)
	defer cancel()
	machine, err := h.Open(ctx, token)
	if err != nil {
		status, why := websocket.StatusPolicyViolation, h.Refused(err)
		if why == "" {
			status, why = websocket.StatusTryAgainLater, "The console can't be reached."
		}
		_ = socket.Close(status, why[:min(len(why), maxReason)]) // who hung up needs no reason
		return
	}
	defer machine.Close()
	socket.SetReadLimit(maxMessage)
	browser := websocket.NetConn(ctx, socket, websocket.MessageBinary)
	ended := make(chan struct{}, 2)
	pass := func(to, from net.Conn) {
		_, _ = io.Copy(to, from) // whatever ends it, the console is over
		ended <- struct{}{}
	}
	go pass(machine, browser)
	go pass(slow{browser}, machine)
	<-ended
}

// slow bounds how long a write to a browser may hang.
type slow struct{ net.Conn }

func (s slow) Write(p []byte) (int, error) {
	if err := s.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	return s.Conn.Write(p)
}
