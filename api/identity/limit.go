package identity

import (
	"context"
	"iter"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/projections"
	view "skylog/projections/identity"
)

func (s *Service) mountLimits(a huma.API) {
	api.Handle(a, "POST /limits", "identity:create_limits", http.StatusCreated, s.createLimits)
	api.Handle(a, "GET /limits/model", "identity:get_limit_model", http.StatusOK, s.limitModel)
	api.Handle(a, "POST /registered_limits", "identity:create_registered_limits", http.StatusCreated, s.createRegisteredLimits)
	s.limits().mount(a)
	s.registeredLimits().mount(a)
}

type (
	createRegisteredLimit struct {
		ServiceID    string  `json:"service_id" minLength:"1" maxLength:"255"`
		RegionID     *string `json:"region_id,omitempty" nullable:"true" maxLength:"255"`
		ResourceName string  `json:"resource_name" minLength:"1" maxLength:"255"`
		DefaultLimit int     `json:"default_limit" minimum:"-1" maximum:"2147483647"`
		Description  *string `json:"description,omitempty" nullable:"true" maxLength:"65535"`
	}
	changeRegisteredLimit struct {
		ServiceID    *string `json:"service_id,omitempty" minLength:"1" maxLength:"255"`
		RegionID     *string `json:"region_id,omitempty" maxLength:"255"`
		ResourceName *string `json:"resource_name,omitempty" minLength:"1" maxLength:"255"`
		DefaultLimit *int    `json:"default_limit,omitempty" minimum:"-1" maximum:"2147483647"`
		Description  *string `json:"description,omitempty" maxLength:"65535"`
	}
	registeredLimit struct {
		ID           string  `json:"id"`
		ServiceID    string  `json:"service_id"`
		RegionID     *string `json:"region_id"`
		ResourceName string  `json:"resource_name"`
		DefaultLimit int     `json:"default_limit"`
		Description  *string `json:"description"`
		Links        self    `json:"links"`
	}
	createLimit struct {
		ProjectID     *string `json:"project_id,omitempty" nullable:"true" maxLength:"64"`
		DomainID      *string `json:"domain_id,omitempty" nullable:"true" maxLength:"64"`
		ServiceID     string  `json:"service_id" minLength:"1" maxLength:"255"`
		RegionID      *string `json:"region_id,omitempty" nullable:"true" maxLength:"255"`
		ResourceName  string  `json:"resource_name" minLength:"1" maxLength:"255"`
		ResourceLimit int     `json:"resource_limit" minimum:"-1" maximum:"2147483647"`
		Description   *string `json:"description,omitempty" nullable:"true" maxLength:"65535"`
	}
	changeLimit struct {
		ResourceLimit *int    `json:"resource_limit,omitempty" minimum:"-1" maximum:"2147483647"`
		Description   *string `json:"description,omitempty" maxLength:"65535"`
	}
	limit struct {
		ID            string  `json:"id"`
		ProjectID     *string `json:"project_id"`
		DomainID      *string `json:"domain_id"`
		ServiceID     string  `json:"service_id"`
		RegionID      *string `json:"region_id"`
		ResourceName  string  `json:"resource_name"`
		ResourceLimit int     `json:"resource_limit"`
		Description   *string `json:"description"`
		Links         self    `json:"links"`
	}
	createLimitsIn struct {
		Body struct {
			Limits []createLimit `json:"limits" minItems:"1" maxItems:"100"`
		}
	}
	createdLimitsOut struct {
		Body struct {
			Limits []with[limit] `json:"limits"`
		}
	}
	createRegisteredLimitsIn struct {
		Body struct {
			Limits []createRegisteredLimit `json:"registered_limits" minItems:"1" maxItems:"100"`
		}
	}
	createdRegisteredLimitsOut struct {
		Body struct {
			Limits []with[registeredLimit] `json:"registered_limits"`
		}
	}
	limitModelOut struct {
		Body struct {
			Model struct {
				Name        string `json:"name"`
				Description string `json:"description"`
			} `json:"model"`
		}
	}
)

func (changeRegisteredLimit) keys() (string, string) { return "registered_limit", "registered_limits" }
func (registeredLimit) keys() (string, string)       { return "registered_limit", "registered_limits" }
func (changeLimit) keys() (string, string)           { return "limit", "limits" }
func (limit) keys() (string, string)                 { return "limit", "limits" }

func showRegisteredLimit(ctx context.Context, l view.RegisteredLimit) with[registeredLimit] {
	return with[registeredLimit]{Known: registeredLimit{l.ID, l.ServiceID, orNull(l.RegionID), l.ResourceName, l.Default, orNull(l.Description),
		link(ctx, "registered_limits", l.ID)}}
}

func showLimit(ctx context.Context, l view.Limit) with[limit] {
	return with[limit]{Known: limit{l.ID, orNull(l.ProjectID), orNull(l.DomainID), l.ServiceID, orNull(l.RegionID), l.ResourceName, l.Limit,
		orNull(l.Description), link(ctx, "limits", l.ID)}}
}

func (s *Service) registeredLimits() resource[view.RegisteredLimit, changeRegisteredLimit, changeRegisteredLimit, registeredLimit] {
	return resource[view.RegisteredLimit, changeRegisteredLimit, changeRegisteredLimit, registeredLimit]{
		Service: s, path: "/registered_limits", name: "registered_limit", what: "registered limit",
		get:  func(t *view.Tables, id string) (view.RegisteredLimit, bool) { return t.RegisteredLimits.Get(id) },
		show: showRegisteredLimit, id: func(l *view.RegisteredLimit) string { return l.ID },
		change: func(_ context.Context, l view.RegisteredLimit, in *with[changeRegisteredLimit]) (commands.Command, error) {
			return cmd.ChangeRegisteredLimit{ID: l.ID, ServiceID: in.Known.ServiceID, RegionID: cleared(in, "region_id", in.Known.RegionID),
				ResourceName: in.Known.ResourceName, Description: cleared(in, "description", in.Known.Description), Default: in.Known.DefaultLimit}, nil
		},
		delete: func(l view.RegisteredLimit) commands.Command { return cmd.DeleteRegisteredLimit{ID: l.ID} },
		all: func(ctx context.Context, t *view.Tables, marker string) iter.Seq[view.RegisteredLimit] {
			passes := filters(ctx, "service_id", "region_id", "resource_name")
			return where(rows(t.RegisteredLimits.From(marker)), func(l *view.RegisteredLimit) bool {
				return l.ID != marker && passes(l.ServiceID, l.RegionID, l.ResourceName)
			})
		},
	}
}

func (s *Service) limits() resource[view.Limit, changeLimit, changeLimit, limit] {
	return resource[view.Limit, changeLimit, changeLimit, limit]{
		Service: s, path: "/limits", name: "limit", what: "limit",
		get:  func(t *view.Tables, id string) (view.Limit, bool) { return t.Limits.Get(id) },
		show: showLimit, id: func(l *view.Limit) string { return l.ID },
		attrs: func(l view.Limit) map[string]string {
			return map[string]string{"target.limit.domain.id": l.DomainID, "target.limit.project_id": l.ProjectID, "target.limit.project.domain_id": ""}
		},
		change: func(_ context.Context, l view.Limit, in *with[changeLimit]) (commands.Command, error) {
			return cmd.ChangeLimit{ID: l.ID, Limit: in.Known.ResourceLimit, Description: cleared(in, "description", in.Known.Description)}, nil
		},
		delete: func(l view.Limit) commands.Command { return cmd.DeleteLimit{ID: l.ID} },
		all:    visibleLimits,
	}
}

// visibleLimits goes through the limits that a caller may see: all, those of their domain and
// its projects, or those of their project.
func visibleLimits(ctx context.Context, t *view.Tables, marker string) iter.Seq[view.Limit] {
	who := api.From(ctx)
	passes := filters(ctx, "service_id", "region_id", "resource_name", "project_id", "domain_id")
	all := rows(t.Limits.From(marker))
	switch {
	case who.System || slices.Contains(who.Roles, "admin") || slices.Contains(who.Roles, "service"):
	case who.DomainID != "":
		all = where(all, func(l *view.Limit) bool {
			p, _ := t.Projects.Get(l.ProjectID)
			return l.DomainID == who.DomainID || p.DomainID == who.DomainID
		})
	case who.ProjectID != "":
		all = after(rows(t.Limits.OfOwner(who.ProjectID)), marker, func(l *view.Limit) string { return l.ID })
	default:
		return func(func(view.Limit) bool) {}
	}
	return where(all, func(l *view.Limit) bool {
		return l.ID != marker && passes(l.ServiceID, l.RegionID, l.ResourceName, l.ProjectID, l.DomainID)
	})
}

// createAll makes what a request lists, all or none of it, and shows each.
func createAll[In, Out any](ctx context.Context, s *Service, wanted []In, command func(id string, want *In) commands.Command,
	show func(w *projections.World, id string) Out) (made []Out, err error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	batch, ids := make([]commands.Command, len(wanted)), make([]string, len(wanted))
	for i := range wanted {
		ids[i] = api.NewHexID(ctx)
		batch[i] = command(ids[i], &wanted[i])
	}
	w, err := s.Do(ctx, batch...)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		made = append(made, show(w, id))
	}
	return made, nil
}

func (s *Service) createLimits(ctx context.Context, in *createLimitsIn) (out *createdLimitsOut, err error) {
	out = &createdLimitsOut{}
	out.Body.Limits, err = createAll(ctx, s, in.Body.Limits, func(id string, want *createLimit) commands.Command {
		return cmd.CreateLimit{ID: id, ProjectID: value(want.ProjectID), DomainID: value(want.DomainID), ServiceID: want.ServiceID,
			RegionID: value(want.RegionID), ResourceName: want.ResourceName, Description: value(want.Description), Limit: want.ResourceLimit}
	}, func(w *projections.World, id string) with[limit] {
		l, _ := w.Identity.Limits.Get(id)
		return showLimit(ctx, l)
	})
	return out, err
}

func (s *Service) createRegisteredLimits(ctx context.Context, in *createRegisteredLimitsIn) (out *createdRegisteredLimitsOut, err error) {
	out = &createdRegisteredLimitsOut{}
	out.Body.Limits, err = createAll(ctx, s, in.Body.Limits, func(id string, want *createRegisteredLimit) commands.Command {
		return cmd.CreateRegisteredLimit{ID: id, ServiceID: want.ServiceID, RegionID: value(want.RegionID),
			ResourceName: want.ResourceName, Description: value(want.Description), Default: want.DefaultLimit}
	}, func(w *projections.World, id string) with[registeredLimit] {
		l, _ := w.Identity.RegisteredLimits.Get(id)
		return showRegisteredLimit(ctx, l)
	})
	return out, err
}

// limitModel tells how limits are meant: a project's doesn't hang on those above it.
func (s *Service) limitModel(ctx context.Context, _ *struct{}) (*limitModelOut, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	out := &limitModelOut{}
	out.Body.Model.Name = "flat"
	out.Body.Model.Description = "Limit enforcement and validation does not take project hierarchy into consideration."
	return out, nil
}
