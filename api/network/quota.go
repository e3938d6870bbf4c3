package network

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/network"
	view "skylog/projections/network"
)

func (s *Service) mountQuotas(a huma.API) {
	api.Handle(a, "GET /quotas", "update_quota", http.StatusOK, s.listQuotas)
	api.Handle(a, "GET /quotas/tenant", "get_quota", http.StatusOK, s.quotaTenant)
	api.Handle(a, "GET /quotas/{id}", "get_quota", http.StatusOK, s.showQuota)
	api.Handle(a, "GET /quotas/{id}/default", "get_quota", http.StatusOK, s.showDefaultQuota)
	api.Handle(a, "GET /quotas/{id}/{details}", "get_quota", http.StatusOK, s.showQuotaDetails)
	api.Handle(a, "PUT /quotas/{id}", "update_quota", http.StatusOK, s.updateQuota)
	api.Handle(a, "DELETE /quotas/{id}", "delete_quota", http.StatusNoContent, s.deleteQuota)
}

type (
	quotaOut struct {
		Body struct {
			Quota map[string]int `json:"quota"`
		}
	}
	quotasOut struct {
		Body struct {
			Quotas []map[string]any `json:"quotas"`
		}
	}
	quotaTenantOut struct {
		Body struct {
			Tenant struct {
				TenantID  string `json:"tenant_id"`
				ProjectID string `json:"project_id"`
			} `json:"tenant"`
		}
	}
	quotaDetailsIn struct {
		IDIn
		Details string `path:"details" enum:"details,details.json"`
	}
	quotaDetailsOut struct {
		Body struct {
			Quota map[string]quotaDetail `json:"quota"`
		}
	}
	quotaDetail struct {
		Used     int `json:"used"`
		Limit    int `json:"limit"`
		Reserved int `json:"reserved"`
	}
	updateQuotaIn struct {
		IDIn
		Body struct {
			Quota map[string]any `json:"quota"`
		}
	}
)

// maxQuotas is how many projects with limits of their own are listed at once.
const maxQuotas = 1000

func (s *Service) listQuotas(ctx context.Context, _ *struct{}) (*quotasOut, error) {
	w, out := api.World(ctx), &quotasOut{}
	for project := range w.Network.Quotas.All() {
		if len(out.Body.Quotas) == maxQuotas {
			break
		}
		q := map[string]any{"tenant_id": project, "project_id": project}
		for resource, limit := range w.Network.Quotas.Limits(project) {
			q[resource] = limit
		}
		out.Body.Quotas = append(out.Body.Quotas, q)
	}
	return out, nil
}

func (s *Service) quotaTenant(ctx context.Context, _ *struct{}) (*quotaTenantOut, error) {
	out := &quotaTenantOut{}
	out.Body.Tenant.TenantID = api.From(ctx).ProjectID
	out.Body.Tenant.ProjectID = api.From(ctx).ProjectID
	return out, nil
}

// mayQuota asks the operation's rule about a project's limits.
func mayQuota(ctx context.Context, project string) error {
	return api.Allow(ctx, api.Target{ProjectID: project, Missing: forbidden("get_quota")})
}

func (s *Service) showQuota(ctx context.Context, in *IDIn) (*quotaOut, error) {
	out := &quotaOut{}
	out.Body.Quota = api.World(ctx).Network.Quotas.Limits(in.ID)
	return out, mayQuota(ctx, in.ID)
}

func (s *Service) showDefaultQuota(ctx context.Context, in *IDIn) (*quotaOut, error) {
	out := &quotaOut{}
	out.Body.Quota = view.DefaultQuota()
	return out, mayQuota(ctx, in.ID)
}

func (s *Service) showQuotaDetails(ctx context.Context, in *quotaDetailsIn) (*quotaDetailsOut, error) {
	w, out := api.World(ctx), &quotaDetailsOut{}
	out.Body.Quota = map[string]quotaDetail{}
	for resource, limit := range w.Network.Quotas.Limits(in.ID) {
		out.Body.Quota[resource] = quotaDetail{Used: w.Network.Used(in.ID, resource), Limit: limit}
	}
	return out, mayQuota(ctx, in.ID)
}

func (s *Service) updateQuota(ctx context.Context, in *updateQuotaIn) (*quotaOut, error) {
	if err := api.Allow(ctx, api.Target{ProjectID: in.ID}); err != nil {
		return nil, err
	}
	c := cmd.SetQuota{ProjectID: in.ID, Limits: map[string]int{}}
	for name, v := range in.Body.Quota {
		if name == "check_limit" || name == "force" {
			asked, ok := v.(bool)
			if !ok {
				return nil, bad(name, "it is neither true nor false")
			}
			c.NotBelowUsage = asked == (name == "check_limit")
			continue
		}
		if name == "tenant_id" || name == "project_id" {
			continue
		}
		limit, err := integer(clip(name), v)
		if err != nil {
			return nil, err
		}
		if limit == nil || *limit < -1 {
			return nil, bad(clip(name), "a limit is a number from -1 on")
		}
		c.Limits[name] = *limit
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	out := &quotaOut{}
	out.Body.Quota = w.Network.Quotas.Limits(in.ID)
	return out, nil
}

func (s *Service) deleteQuota(ctx context.Context, in *IDIn) (*api.Empty, error) {
	if err := api.Allow(ctx, api.Target{ProjectID: in.ID}); err != nil {
		return nil, err
	}
	_, err := s.Do(ctx, cmd.ResetQuota{ProjectID: in.ID})
	if r, ok := commands.Refused(err); ok && r.Kind == commands.NotFound {
		return nil, commands.RefuseAs(commands.NotFound, "TenantQuotaNotFound", "Quota for tenant %s could not be found.", clip(in.ID))
	}
	return &api.Empty{Status: http.StatusNoContent}, err
}
