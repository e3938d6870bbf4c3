package compute

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/api/policy"
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

// Hosts makes the service by which operators drain hosts: Nova has no such call.
func Hosts(do commands.Do[*projections.World]) *api.Service {
	s := &Service{Do: api.Ask(do)}
	return &api.Service{Name: "hosts", Root: "/v1/hosts", Dialect: api.SkylogDialect,
		Policy: policy.Rules{"skylog:hosts:drain": admin, "skylog:hosts:show_drain": admin},
		Mount: func(a huma.API) {
			api.Handle(a, "POST /{host}/drain", "skylog:hosts:drain", http.StatusAccepted, s.drainHost,
				api.Summary("Move all servers off a host and keep new ones away"))
			api.Handle(a, "GET /{host}/drain", "skylog:hosts:show_drain", http.StatusOK, s.showDrain,
				api.Summary("How far the draining of a host is"))
		}}
}

type (
	hostName struct {
		Host string `path:"host" maxLength:"255"`
	}
	drainIn struct {
		Host string `path:"host" maxLength:"255"`
		Body struct {
			Reason string `json:"reason,omitempty" maxLength:"255"`
		}
	}
	drainOut struct{ Body drain }
	drain    struct {
		Host    string          `json:"host"`
		State   string          `json:"state" enum:"none,draining,drained"`
		Servers int             `json:"servers" doc:"how many there were when it began"`
		Left    int             `json:"left" doc:"how many still take room on the host"`
		Percent int             `json:"percent"`
		Waiting []waitingServer `json:"waiting" doc:"at most a hundred of those that can't be moved as they are"`
	}
	waitingServer struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	}
)

// maxWaiting is how many servers are shown that can't be moved.
const maxWaiting = 100

func (s *Service) drainHost(ctx context.Context, in *drainIn) (*drainOut, error) {
	w, err := s.Do(ctx, cmd.DrainHost{Name: in.Host, Reason: in.Body.Reason})
	if err != nil {
		return nil, err
	}
	return drainOf(w, in.Host)
}

func (s *Service) showDrain(ctx context.Context, in *hostName) (*drainOut, error) {
	return drainOf(api.World(ctx), in.Host)
}

func drainOf(w *projections.World, host string) (*drainOut, error) {
	h, ok := w.Compute.Hosts.Get(host)
	if !ok {
		return nil, commands.Refuse(commands.NotFound, "Compute host %s could not be found.", host)
	}
	out := drain{Host: host, State: "none", Servers: h.Drained, Left: h.Used.Servers, Waiting: []waitingServer{}}
	switch {
	case h.Draining:
		out.State = "draining"
		if h.Drained > 0 {
			out.Percent = max(0, 100*(h.Drained-h.Used.Servers)/h.Drained)
		}
		for id, one := range w.Compute.Servers.OfHost(host) {
			if len(out.Waiting) == maxWaiting {
				break
			}
			if stays(&one) {
				out.Waiting = append(out.Waiting, waitingServer{id, one.Status()})
			}
		}
	case h.Disabled && h.Used.Servers == 0:
		out.State, out.Percent = "drained", 100
	}
	return &drainOut{out}, nil
}

// stays says whether a server can't be moved as it is.
func stays(s *view.Server) bool {
	return s.TaskState == view.NoTask && s.VMState != view.Active && s.VMState != view.Paused && s.VMState != view.Stopped
}
