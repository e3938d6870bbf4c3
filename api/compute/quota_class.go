package compute

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	cmd "skylog/commands/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

func (s *Service) mountQuotaClasses(a huma.API) {
	const path, rule = "/os-quota-class-sets/{id}", "os_compute_api:os-quota-class-sets:"
	api.Handle(a, "GET "+path, rule+"show", http.StatusOK, s.showQuotaClass)
	api.Handle(a, "PUT "+path, rule+"update", http.StatusOK, s.updateQuotaClass)
}

// defaultClass is the one class that counts: what projects have that have no
// quota of their own. Others are shown as it is, and can't be changed.
const defaultClass = "default"

type (
	quotaClassOut struct {
		Body struct {
			Set quotaSet[int] `json:"quota_class_set"`
		}
	}
	updateQuotaClassIn struct {
		ID   string `path:"id" maxLength:"255"`
		Body struct {
			Set QuotaLimits `json:"quota_class_set"`
		}
	}
)

func quotaClass(w *projections.World, id string) *quotaClassOut {
	out := &quotaClassOut{}
	out.Body.Set = fillQuota(id, func(r string) int { return limitOf(w, view.DefaultClass, r) })
	return out
}

func (s *Service) showQuotaClass(ctx context.Context, in *projectID) (*quotaClassOut, error) {
	return quotaClass(api.World(ctx), in.ID), nil
}

func (s *Service) updateQuotaClass(ctx context.Context, in *updateQuotaClassIn) (*quotaClassOut, error) {
	if in.ID != defaultClass {
		return nil, api.Fail(http.StatusBadRequest, "The quota class '%.80s' is no project's; only '%s' can be changed.", in.ID, defaultClass)
	}
	limits, err := in.Body.Set.limits()
	if err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, cmd.SetQuota{ProjectID: view.DefaultClass, Limits: limits, Force: true})
	if err != nil {
		return nil, err
	}
	return quotaClass(w, ""), nil
}
