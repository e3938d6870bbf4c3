package identity

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

func (s *Service) mountAccessRules(a huma.API) {
	const path, rule = "/users/{id}/access_rules", "identity:"
	api.Handle(a, "GET "+path, rule+"list_access_rules", http.StatusOK, s.listAccessRules)
	api.Handle(a, "GET "+path+"/{rule}", rule+"get_access_rule", http.StatusOK, s.showAccessRule)
	api.Handle(a, "DELETE "+path+"/{rule}", rule+"delete_access_rule", http.StatusNoContent, s.deleteAccessRule)
}

type (
	// wantedRule is one that exists, by its id, or what one says.
	wantedRule struct {
		ID      string `json:"id,omitempty" maxLength:"64"`
		Service string `json:"service,omitempty" maxLength:"64"`
		Method  string `json:"method,omitempty" enum:"DELETE,GET,HEAD,PATCH,POST,PUT"`
		Path    string `json:"path,omitempty" pattern:"^/" maxLength:"225"`
	}
	accessRule struct {
		ID      string `json:"id"`
		Service string `json:"service"`
		Method  string `json:"method"`
		Path    string `json:"path"`
		Links   *self  `json:"links,omitempty"`
	}
	accessRuleIn struct {
		ByID
		RuleID string `path:"rule" maxLength:"255"`
	}
	accessRuleOut struct {
		Body struct {
			AccessRule accessRule `json:"access_rule"`
		}
	}
	accessRulesOut struct {
		Body struct {
			AccessRules []accessRule `json:"access_rules"`
			Links       api.Links    `json:"links"`
		}
	}
)

// wantedRules reads the rules that shall bind a credential.
func wantedRules(ctx context.Context, sent []wantedRule) (rules []cmd.AccessRule, err error) {
	for _, r := range sent {
		switch given := r.Service != "" || r.Method != "" || r.Path != ""; {
		case given && (r.Service == "" || r.Method == "" || r.Path == ""):
			return nil, malformed("An access rule has service, method and path, or the id of one that exists.")
		case given:
			r.ID = api.NewHexID(ctx)
		case r.ID == "":
			return nil, malformed("An access rule has service, method and path, or the id of one that exists.")
		}
		rules = append(rules, cmd.AccessRule(r))
	}
	return rules, nil
}

// rulesOf lists the rules that bind a credential.
func rulesOf(t *view.Tables, a *view.ApplicationCredential) (rules []api.AccessRule) {
	for _, id := range a.AccessRuleIDs {
		if r, ok := t.AccessRules.Get(id); ok {
			rules = append(rules, api.AccessRule{Service: r.Service, Method: r.Method, Path: r.Path})
		}
	}
	return rules
}

func shownRules(t *view.Tables, a *view.ApplicationCredential) *[]accessRule {
	if len(a.AccessRuleIDs) == 0 {
		return nil
	}
	shown := []accessRule{}
	for _, id := range a.AccessRuleIDs {
		if r, ok := t.AccessRules.Get(id); ok {
			shown = append(shown, accessRule{ID: r.ID, Service: r.Service, Method: r.Method, Path: r.Path})
		}
	}
	return &shown
}

func showAccessRule(ctx context.Context, r view.AccessRule) accessRule {
	l := link(ctx, "users", r.UserID, "access_rules", r.ID)
	return accessRule{r.ID, r.Service, r.Method, r.Path, &l}
}

// ownThings asks the rule about what hangs on a user. Who came by a trust may not touch any of
// it: what they make would outlive the trust.
func ownThings(ctx context.Context, userID string) error {
	if err := allow(ctx, map[string]string{"user_id": userID, "target.user.id": userID}); err != nil {
		return err
	}
	if claims(api.From(ctx)).TrustID != "" {
		return commands.Refuse(commands.Forbidden, "Cannot manage application credentials with a token issued via delegation.")
	}
	return nil
}

func (s *Service) listAccessRules(ctx context.Context, in *ByID) (*accessRulesOut, error) {
	if err := ownThings(ctx, in.ID); err != nil {
		return nil, err
	}
	out, passes := &accessRulesOut{}, filters(ctx, "service", "path", "method")
	out.Body.Links = api.LinksOf(ctx, false, "")
	for _, r := range api.World(ctx).Identity.AccessRules.OfUser(in.ID) {
		if passes(r.Service, r.Path, r.Method) {
			out.Body.AccessRules = append(out.Body.AccessRules, showAccessRule(ctx, r))
		}
	}
	return out, nil
}

func (s *Service) showAccessRule(ctx context.Context, in *accessRuleIn) (*accessRuleOut, error) {
	if err := ownThings(ctx, in.ID); err != nil {
		return nil, err
	}
	r, ok := api.World(ctx).Identity.AccessRules.Get(in.RuleID)
	if !ok || r.UserID != in.ID {
		return nil, missing("access rule", in.RuleID)
	}
	out := &accessRuleOut{}
	out.Body.AccessRule = showAccessRule(ctx, r)
	return out, nil
}

func (s *Service) deleteAccessRule(ctx context.Context, in *accessRuleIn) (*api.Empty, error) {
	if err := ownThings(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := unrestricted(ctx); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.DeleteAccessRule{UserID: in.ID, ID: in.RuleID}))
}
