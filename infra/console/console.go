// Package console lets browsers sit at servers' screens and serial lines: it
// serves noVNC's files, and passes bytes between a websocket and a machine. Who
// may connect is somebody else's to say: all that it knows is a token, which it
// hands over and forgets.
package console

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// Root is below which paths the handler stands.
const Root = "/console/"

// Handler serves consoles.
type Handler struct {
	// Open connects to the machine that a token is for, and uses the token up.
	Open func(ctx context.Context, token string) (net.Conn, error)
	// Files is the folder of noVNC.
	Files string
	// Refused says whether an error of Open is the token's fault.
	Refused func(error) bool
}

const (
	// maxToken is how long a token may be.
	maxToken = 128
	// maxSession is how long a console stays open; maxMessage how much a browser
	// may send at once, which is far more than keys and the mouse need.
	maxSession = 12 * time.Hour
	maxMessage = 1 << 20
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
	http.StripPrefix(Root+"novnc/", http.FileServer(files{http.Dir(h.Files)})).ServeHTTP(w, r)
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
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"binary"}})
	if err != nil {
		return // the reply was written
	}
	defer socket.CloseNow()
	ctx, cancel := context.WithTimeout(r.Context(), maxSession)
	defer cancel()
	machine, err := h.Open(ctx, token)
	switch {
	case err != nil && h.Refused(err):
		_ = socket.Close(websocket.StatusPolicyViolation, "The token is unknown, was used or has expired.")
		return
	case err != nil:
		_ = socket.Close(websocket.StatusTryAgainLater, "The console can't be reached.")
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
