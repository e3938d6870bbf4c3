package identity

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

func (s *Service) mountImplications(a huma.API) {
	const path, rule = "/roles/{id}/implies", "identity:"
	api.Handle(a, "GET "+path, rule+"list_implied_roles", http.StatusOK, s.listImplied)
	api.Handle(a, "GET "+path+"/{implied}", rule+"get_implied_role", http.StatusOK, s.showImplied)
	api.Handle(a, "HEAD "+path+"/{implied}", rule+"check_implied_role", http.StatusNoContent, s.checkImplied)
	api.Handle(a, "PUT "+path+"/{implied}", rule+"create_implied_role", http.StatusCreated, s.implyRole)
	api.Handle(a, "DELETE "+path+"/{implied}", rule+"delete_implied_role", http.StatusNoContent, s.stopImplying)
	api.Handle(a, "GET /role_inferences", rule+"list_role_inference_rules", http.StatusOK, s.listInferences)
}

type (
	inferredRole struct {
		ID          string  `json:"id"`
		Name        string  `json:"name"`
		DomainID    *string `json:"domain_id"`
		Description *string `json:"description"`
		Links       self    `json:"links"`
	}
	inference struct {
		PriorRole inferredRole `json:"prior_role"`
		Implies   inferredRole `json:"implies"`
	}
	inferences struct {
		PriorRole inferredRole   `json:"prior_role"`
		Implies   []inferredRole `json:"implies"`
	}
	inferenceOut struct {
		Status int
		Body   struct {
			RoleInference inference `json:"role_inference"`
			Links         self      `json:"links"`
		}
	}
	impliedOut struct {
		Body struct {
			RoleInference inferences `json:"role_inference"`
			Links         self       `json:"links"`
		}
	}
	inferencesOut struct {
		Body struct {
			RoleInferences []inferences `json:"role_inferences"`
			Links          self         `json:"links"`
		}
	}
	impliedIn struct {
		ByID
		ImpliedID string `path:"implied" maxLength:"255"`
	}
)

func showInferred(ctx context.Context, r view.Role) inferredRole {
	return inferredRole{r.ID, r.Name, orNull(r.DomainID), orNull(r.Description), link(ctx, "roles", r.ID)}
}

func inferencesOf(ctx context.Context, t *view.Tables, prior view.Role) inferences {
	found := inferences{PriorRole: showInferred(ctx, prior)}
	for i := range t.Implications.OfPrior(prior.ID) {
		r, _ := t.Roles.Get(i.ImpliedID)
		found.Implies = append(found.Implies, showInferred(ctx, r))
	}
	return found
}

func (s *Service) listImplied(ctx context.Context, in *ByID) (*impliedOut, error) {
	prior, err := s.roles().find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &impliedOut{}
	out.Body.RoleInference, out.Body.Links = inferencesOf(ctx, &api.World(ctx).Identity, prior), self{api.Self(ctx)}
	return out, nil
}

func (s *Service) showImplied(ctx context.Context, in *impliedIn) (*inferenceOut, error) {
	prior, err := s.roles().find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	t := &api.World(ctx).Identity
	if !t.Implications.Has(view.Implication{PriorID: in.ID, ImpliedID: in.ImpliedID}) {
		return nil, missing("implied role", in.ImpliedID)
	}
	implied, _ := t.Roles.Get(in.ImpliedID)
	out := &inferenceOut{Status: http.StatusOK}
	out.Body.RoleInference, out.Body.Links = inference{showInferred(ctx, prior), showInferred(ctx, implied)}, self{api.Self(ctx)}
	return out, nil
}

func (s *Service) checkImplied(ctx context.Context, in *impliedIn) (*api.Empty, error) {
	if _, err := s.showImplied(ctx, in); err != nil {
		return nil, err
	}
	return &api.Empty{Status: http.StatusNoContent}, nil
}

func (s *Service) implyRole(ctx context.Context, in *impliedIn) (*inferenceOut, error) {
	prior, err := s.roles().find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, cmd.ImplyRole{PriorID: in.ID, ImpliedID: in.ImpliedID})
	if err != nil {
		return nil, err
	}
	implied, _ := w.Identity.Roles.Get(in.ImpliedID)
	out := &inferenceOut{Status: http.StatusCreated}
	out.Body.RoleInference, out.Body.Links = inference{showInferred(ctx, prior), showInferred(ctx, implied)}, self{api.Self(ctx)}
	return out, nil
}

func (s *Service) stopImplying(ctx context.Context, in *impliedIn) (*api.Empty, error) {
	if _, err := s.roles().find(ctx, in.ID); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.StopImplyingRole{PriorID: in.ID, ImpliedID: in.ImpliedID}))
}

func (s *Service) listInferences(ctx context.Context, _ *struct{}) (*inferencesOut, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	t, out := &api.World(ctx).Identity, &inferencesOut{}
	out.Body.Links = self{api.Self(ctx)}
	last := ""
	for i := range t.Implications.All() {
		if prior, ok := t.Roles.Get(i.PriorID); ok && i.PriorID != last {
			last = i.PriorID
			out.Body.RoleInferences = append(out.Body.RoleInferences, inferencesOf(ctx, t, prior))
		}
	}
	return out, nil
}
