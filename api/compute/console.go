package compute

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
	view "skylog/projections/compute"
)

// Where consoles are served.
const (
	consolePage   = "/console/novnc/vnc_auto.html"
	consoleSocket = "/console/websockify"
	// consoleView has noVNC connect at once, and fit the screen into the window.
	consoleView = "&autoconnect=true&resize=scale"
)

func (s *Service) mountConsoles(a huma.API, on *api.Actions) {
	if !s.Consoles {
		return
	}
	api.Handle(a, "POST /servers/{id}/remote-consoles", "os_compute_api:os-remote-consoles", http.StatusOK, s.remoteConsole, api.Between("2.6", ""))
	api.On(on, "os-getVNCConsole", "os_compute_api:os-remote-consoles", s.vncConsole, api.Between("", "2.5"))
	api.On(on, "os-getSerialConsole", "os_compute_api:os-remote-consoles", s.serialConsole, api.Between("", "2.5"))
}

type (
	remoteConsoleIn struct {
		ID   string `path:"id" maxLength:"255"`
		Body struct {
			Console struct {
				Protocol string `json:"protocol" enum:"vnc,spice,rdp,serial,mks"`
				Type     string `json:"type" enum:"novnc,xvpvnc,spice-html5,rdp-html5,serial,webmks"`
			} `json:"remote_console"`
		}
	}
	remoteConsole struct {
		Protocol string `json:"protocol"`
		Type     string `json:"type"`
		URL      string `json:"url"`
	}
	remoteConsoleOut struct {
		Body struct {
			Console remoteConsole `json:"remote_console"`
		}
	}
)

func (s *Service) remoteConsole(ctx context.Context, in *remoteConsoleIn) (*remoteConsoleOut, error) {
	want := in.Body.Console
	switch want.Protocol + " " + want.Type {
	case "vnc novnc", "serial serial":
	case "vnc xvpvnc", "spice spice-html5", "rdp rdp-html5", "mks webmks":
		if _, err := seenServer(ctx, in.ID); err != nil {
			return nil, err
		}
		return nil, commands.Refuse(commands.Invalid, "Unavailable console type %s.", want.Type)
	default:
		return nil, commands.Refuse(commands.Invalid, "Invalid input for field/attribute remote_console. A console of type %s isn't reached by %s.", want.Type, want.Protocol)
	}
	address, err := s.grantConsole(ctx, in.ID, want.Protocol)
	if err != nil {
		return nil, err
	}
	out := &remoteConsoleOut{}
	out.Body.Console = remoteConsole{want.Protocol, want.Type, address}
	return out, nil
}

type oldConsole struct {
	Type string `json:"type" enum:"novnc,xvpvnc,serial"`
}

func (s *Service) vncConsole(ctx context.Context, id string, in *oldConsole) (*api.Respond, error) {
	return s.oldConsole(ctx, id, in.Type, "novnc", view.VNC)
}

func (s *Service) serialConsole(ctx context.Context, id string, in *oldConsole) (*api.Respond, error) {
	return s.oldConsole(ctx, id, in.Type, "serial", view.Serial)
}

func (s *Service) oldConsole(ctx context.Context, id, asked, has, console string) (*api.Respond, error) {
	if asked != has {
		if _, err := seenServer(ctx, id); err != nil {
			return nil, err
		}
		return nil, commands.Refuse(commands.Invalid, "Unavailable console type %s.", asked)
	}
	address, err := s.grantConsole(ctx, id, console)
	if err != nil {
		return nil, err
	}
	shown := map[string]map[string]string{"console": {"type": asked, "url": address}}
	return &api.Respond{Status: http.StatusOK, Body: shown}, nil
}

// grantConsole makes a token and tells where it connects. Only its hash is stored.
func (s *Service) grantConsole(ctx context.Context, id, console string) (address string, err error) {
	if _, err := seenServer(ctx, id); err != nil {
		return "", err
	}
	token := s.Password(api.NewID(ctx)) + s.Password(api.NewID(ctx)) // the same where a request is repeated
	if _, err := s.Do(ctx, cmd.GrantConsole{ID: id, Console: console, TokenHash: HashToken(token), At: time.Now().UTC()}); err != nil {
		return "", err
	}
	base := api.Base(ctx)
	if console == view.VNC {
		return base + consolePage + "?path=" + url.QueryEscape(strings.TrimPrefix(consoleSocket, "/")+"?token="+token) + consoleView, nil
	}
	return strings.Replace(base, "http", "ws", 1) + consoleSocket + "?token=" + token, nil
}

// HashToken is how a console's token is stored.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte("console\n" + token))
	return hex.EncodeToString(sum[:])
}
