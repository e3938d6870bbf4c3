package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/pflag"

	edge "skylog/api/compute"
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/infra/console"
	"skylog/infra/imagearchive"
	view "skylog/projections/image"
	"skylog/workers/compute"
)

// computeSettings are the settings of the compute service.
type computeSettings struct {
	confirmWithin time.Duration
	reclaim       time.Duration
	keepShelved   bool
	novnc         string
}

func (s *computeSettings) flags(f *pflag.FlagSet) {
	f.DurationVar(&s.confirmWithin, "resize-confirm-window", 0, "after what time a resize counts as confirmed (default: never by itself)")
	f.StringVar(&s.novnc, "novnc", "/usr/share/novnc", "folder of noVNC (Debian's package novnc), for the screens of servers")
	f.DurationVar(&s.reclaim, "keep-deleted", 0, "how long deleted servers can be restored (default: they go at once)")
	f.BoolVar(&s.keepShelved, "keep-shelved", false, "leave shelved servers on their hosts until somebody offloads them")
}

// archive takes images of this process' hosts. The stores are opened after the
// hosts are made, and ahead of their first want.
type archive struct{ n *node }

func (a archive) Send(ctx context.Context, to compute.CaptureRef, image io.Reader, size int64) error {
	store := imagearchive.Archive{Store: a.n.images.files[view.Local], Do: a.n.cell.Do, Now: a.n.now, Clock: time.Now}
	return store.Send(ctx, to, image, size)
}

// withConsoles serves the consoles of this process' hosts beside the API.
func (n *node) withConsoles(gateway http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", gateway)
	handler := console.Handler{Files: n.compute.novnc, Open: n.openConsole, Check: n.checkConsole, Refused: func(err error) string {
		if refusal, refused := commands.Refused(err); refused {
			return refusal.Message
		}
		return ""
	}}
	if at, err := url.Parse(n.publicURL); err == nil && at.Host != "" {
		handler.Origins = []string{at.Host}
	}
	mux.Handle(console.Root, handler)
	return mux
}

// checkConsole says whether a token opens a console, without using it up.
func (n *node) checkConsole(ctx context.Context, token string) error {
	rehearsed := commands.With(ctx, commands.Caller{Origin: "cell", Rehearsal: &commands.Rehearsal{}})
	_, err := n.cell.Do(rehearsed, cmd.OpenConsole{TokenHash: edge.HashToken(token), At: time.Now().UTC()})
	return err
}

// openConsole uses a token up and connects to what it is for.
func (n *node) openConsole(ctx context.Context, token string) (net.Conn, error) {
	hash := edge.HashToken(token)
	grant, _ := n.now().Compute.Grants.Get(hash)
	w, err := n.cell.Do(commands.With(ctx, commands.Caller{Origin: "cell"}), cmd.OpenConsole{TokenHash: hash, At: time.Now().UTC()})
	if err != nil {
		return nil, err
	}
	server, _ := w.Compute.Servers.Get(grant.ServerID)
	host := n.hosts[server.Host]
	if host == nil {
		return nil, fmt.Errorf("host %q of server %s isn't one of this process", server.Host, grant.ServerID)
	}
	return host.Hypervisor.Dial(ctx, server.ID, compute.Console(grant.Console))
}
