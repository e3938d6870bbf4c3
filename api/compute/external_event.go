package compute

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
)

func (s *Service) mountExternalEvents(a huma.API) {
	api.Handle(a, "POST /os-server-external-events", "os_compute_api:os-server-external-events:create", http.StatusOK, s.createExternalEvents)
}

// externalEvent is what another service has to tell about a server, and then
// what became of that.
type externalEvent struct {
	Name   string `json:"name" enum:"network-changed,network-vif-plugged,network-vif-unplugged,network-vif-deleted,volume-extended,power-update,accelerator-request-bound,volume-reimaged"`
	Server string `json:"server_uuid" format:"uuid"`
	Status string `json:"status,omitempty" enum:"failed,completed,in-progress"`
	Tag    string `json:"tag,omitempty" maxLength:"255"`
	Code   *int   `json:"code,omitempty"`
}

type (
	externalEventsIn struct {
		Body struct {
			Events []externalEvent `json:"events" minItems:"1" maxItems:"256"`
		}
	}
	externalEventsOut struct {
		Status int
		Body   struct {
			Events []externalEvent `json:"events"`
		}
	}
)

// createExternalEvents takes what Nova would be told by Neutron and Cinder. Here
// all services read the same world, and a host learns of a change from its want:
// an event is answered as Nova answers, and nothing needs to follow from it.
func (s *Service) createExternalEvents(ctx context.Context, in *externalEventsIn) (*externalEventsOut, error) {
	out := &externalEventsOut{Status: http.StatusOK}
	for _, e := range in.Body.Events {
		code := http.StatusOK
		switch one, ok := api.World(ctx).Compute.Servers.Get(e.Server); {
		case !ok:
			code = http.StatusNotFound
		case e.Tag == "" && (e.Name == "volume-extended" || e.Name == "power-update" || e.Name == "accelerator-request-bound" || e.Name == "volume-reimaged"):
			code = http.StatusBadRequest
		case one.Host == "":
			code = http.StatusUnprocessableEntity
		}
		if e.Status, e.Code = "completed", &code; code != http.StatusOK {
			e.Status, out.Status = "failed", http.StatusMultiStatus
		}
		out.Body.Events = append(out.Body.Events, e)
	}
	return out, nil
}
