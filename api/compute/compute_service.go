package compute

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
	view "skylog/projections/compute"
)

// novaCompute is the one service that hosts have.
const novaCompute = "nova-compute"

func (s *Service) mountServices(a huma.API) {
	const path, rule = "/os-services", "os_compute_api:os-services:"
	api.Handle(a, "GET "+path, rule+"list", http.StatusOK, s.listServices)
	api.Handle(a, "PUT "+path+"/{id}", rule+"update", http.StatusOK, s.updateService, api.Between("2.53", ""))
	api.Handle(a, "DELETE "+path+"/{id}", rule+"delete", http.StatusNoContent, s.deleteService)
	api.Handle(a, "PUT "+path+"/enable", rule+"update", http.StatusOK, s.enableService, api.Between("", "2.52"))
	api.Handle(a, "PUT "+path+"/disable", rule+"update", http.StatusOK, s.disableService, api.Between("", "2.52"))
	api.Handle(a, "PUT "+path+"/disable-log-reason", rule+"update", http.StatusOK, s.disableServiceFor, api.Between("", "2.52"))
	api.Handle(a, "PUT "+path+"/force-down", rule+"update", http.StatusOK, s.forceServiceDown, api.Between("2.11", "2.52"))
}

type computeService struct {
	ID         any       `json:"id"`
	Binary     string    `json:"binary"`
	Host       string    `json:"host"`
	Zone       string    `json:"zone"`
	Status     string    `json:"status"`
	State      string    `json:"state"`
	UpdatedAt  time.Time `json:"updated_at" layout:"2006-01-02T15:04:05.000000"`
	Reason     *string   `json:"disabled_reason"`
	ForcedDown bool      `json:"forced_down" since:"2.11"`
}

type (
	servicesIn struct {
		Host   string `query:"host" maxLength:"255"`
		Binary string `query:"binary" maxLength:"255"`
	}
	servicesOut struct {
		Body struct {
			Services []computeService `json:"services"`
		}
	}
	updateServiceIn struct {
		ID   string `path:"id" maxLength:"255"`
		Body struct {
			Status     string    `json:"status,omitempty" enum:"enabled,disabled"`
			Reason     string    `json:"disabled_reason,omitempty" minLength:"1" maxLength:"255"`
			ForcedDown *api.Bool `json:"forced_down,omitempty"`
		}
	}
	serviceOut struct {
		Body struct {
			Service computeService `json:"service"`
		}
	}
)

func showService(ctx context.Context, h view.Host) computeService {
	i := showHypervisorItem(ctx, h)
	return computeService{ID: i.ID, Binary: novaCompute, Host: h.Name, Zone: h.InZone(), Status: i.Status, State: i.State,
		UpdatedAt: h.UpdatedAt, Reason: text(h.DisabledReason), ForcedDown: h.ForcedDown}
}

func (s *Service) listServices(ctx context.Context, in *servicesIn) (*servicesOut, error) {
	out, hosts := &servicesOut{}, &api.World(ctx).Compute.Hosts
	if in.Binary != "" && in.Binary != novaCompute && in.Binary != "None" {
		return out, nil
	}
	if in.Host != "" && in.Host != "None" {
		if h, ok := hosts.Get(in.Host); ok {
			out.Body.Services = append(out.Body.Services, showService(ctx, h))
		}
		return out, nil
	}
	for _, h := range hosts.All() {
		out.Body.Services = append(out.Body.Services, showService(ctx, h))
	}
	return out, nil
}

func (s *Service) updateService(ctx context.Context, in *updateServiceIn) (*serviceOut, error) {
	h, ok := hostOf(api.World(ctx), in.ID)
	if !ok {
		return nil, commands.Refuse(commands.NotFound, "Service %s could not be found.", in.ID)
	}
	var c commands.Command = cmd.EnableHost{Name: h.Name}
	switch {
	case in.Body.Status == "" && in.Body.ForcedDown != nil && in.Body.Reason == "":
		return s.doneToService(ctx, h.Name, cmd.ForceHostDown{Name: h.Name, Down: bool(*in.Body.ForcedDown)})
	case in.Body.Status == "":
		return nil, commands.Refuse(commands.Invalid, "Missing required parameter: 'status'")
	case in.Body.Status == "disabled":
		c = cmd.DisableHost{Name: h.Name, Reason: in.Body.Reason}
	case in.Body.Reason != "":
		return nil, commands.Refuse(commands.Invalid, "A reason goes with disabling only.")
	}
	if in.Body.ForcedDown != nil {
		return s.doneToService(ctx, h.Name, c, cmd.ForceHostDown{Name: h.Name, Down: bool(*in.Body.ForcedDown)})
	}
	return s.doneToService(ctx, h.Name, c)
}

type serviceID struct {
	ID string `path:"id" maxLength:"255"`
}

// deleteService forgets a host that has no servers.
func (s *Service) deleteService(ctx context.Context, in *serviceID) (*api.Empty, error) {
	if !api.From(ctx).Version.Before(2, 53) && uuid.Validate(in.ID) != nil {
		return nil, commands.Refuse(commands.Invalid, "Invalid uuid %s", in.ID)
	}
	h, ok := hostOf(api.World(ctx), in.ID)
	if !ok {
		return nil, commands.Refuse(commands.NotFound, "Service %s not found.", in.ID)
	}
	_, err := s.Do(ctx, cmd.ForgetHost{Name: h.Name})
	return &api.Empty{}, err
}

// doneToService has a host changed and shows its service then.
func (s *Service) doneToService(ctx context.Context, host string, c ...commands.Command) (*serviceOut, error) {
	w, err := s.Do(ctx, c...)
	if err != nil {
		return nil, err
	}
	h, _ := w.Compute.Hosts.Get(host)
	out := &serviceOut{}
	out.Body.Service = showService(ctx, h)
	return out, nil
}

// oldServiceIn names a service by its host, as it was done until 2.52.
type oldServiceIn struct {
	Body struct {
		Host       string    `json:"host" minLength:"1" maxLength:"255"`
		Binary     string    `json:"binary" minLength:"1" maxLength:"255"`
		Reason     string    `json:"disabled_reason,omitempty" minLength:"1" maxLength:"255"`
		ForcedDown *api.Bool `json:"forced_down,omitempty"`
	}
}

type oldServiceOut struct {
	Body struct {
		Service struct {
			Host       string `json:"host"`
			Binary     string `json:"binary"`
			Status     string `json:"status,omitempty"`
			Reason     string `json:"disabled_reason,omitempty"`
			ForcedDown *bool  `json:"forced_down,omitempty"`
		} `json:"service"`
	}
}

// oldService does something to the service of a host that is named in a body.
func (s *Service) oldService(ctx context.Context, in *oldServiceIn, c commands.Command) (*oldServiceOut, error) {
	if in.Body.Binary != novaCompute || !api.World(ctx).Compute.Hosts.Has(in.Body.Host) {
		return nil, commands.Refuse(commands.NotFound, "Could not find binary %s on host %s.", in.Body.Binary, in.Body.Host)
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	h, _ := w.Compute.Hosts.Get(in.Body.Host)
	out := &oldServiceOut{}
	out.Body.Service.Host, out.Body.Service.Binary, out.Body.Service.Status = h.Name, novaCompute, "enabled"
	if h.Disabled {
		out.Body.Service.Status = "disabled"
	}
	return out, nil
}

func (s *Service) enableService(ctx context.Context, in *oldServiceIn) (*oldServiceOut, error) {
	return s.oldService(ctx, in, cmd.EnableHost{Name: in.Body.Host})
}

func (s *Service) disableService(ctx context.Context, in *oldServiceIn) (*oldServiceOut, error) {
	return s.oldService(ctx, in, cmd.DisableHost{Name: in.Body.Host})
}

func (s *Service) disableServiceFor(ctx context.Context, in *oldServiceIn) (*oldServiceOut, error) {
	if in.Body.Reason == "" {
		return nil, commands.Refuse(commands.Invalid, "Missing disabled reason field")
	}
	out, err := s.oldService(ctx, in, cmd.DisableHost{Name: in.Body.Host, Reason: in.Body.Reason})
	if err == nil {
		out.Body.Service.Reason = in.Body.Reason
	}
	return out, err
}

func (s *Service) forceServiceDown(ctx context.Context, in *oldServiceIn) (*oldServiceOut, error) {
	if in.Body.ForcedDown == nil {
		return nil, commands.Refuse(commands.Invalid, "Missing forced_down field")
	}
	down := bool(*in.Body.ForcedDown)
	out, err := s.oldService(ctx, in, cmd.ForceHostDown{Name: in.Body.Host, Down: down})
	if err == nil {
		out.Body.Service.Status, out.Body.Service.ForcedDown = "", &down
	}
	return out, err
}
