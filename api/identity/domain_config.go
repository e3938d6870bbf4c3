package identity

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
)

// All domains are configured alike, by the settings of this cloud: a domain's configuration can be
// read as far as there is one, and not changed.
func (s *Service) mountDomainConfig(a huma.API) {
	const path, rule = "/domains/{id}/config", "identity:get_domain_config"
	api.Handle(a, "GET "+path, rule, http.StatusOK, s.domainConfig)
	api.Handle(a, "GET "+path+"/{group}", api.Authenticated, http.StatusOK, s.domainConfigGroup)
	api.Handle(a, "GET "+path+"/{group}/{option}", api.Authenticated, http.StatusOK, s.domainConfigOption)
	api.Handle(a, "GET /domains/config/default", "identity:get_domain_config_default", http.StatusOK, s.defaultConfig)
}

type (
	configGroupIn struct {
		ByID
		Group string `path:"group" maxLength:"255"`
	}
	configOptionIn struct {
		ByID
		Group  string `path:"group" maxLength:"255"`
		Option string `path:"option" maxLength:"255"`
	}
	configOut struct {
		Body struct {
			Config map[string]any `json:"config"`
		}
	}
)

// compliance is the group that everybody may read who must choose a password.
const compliance = "security_compliance"

func (s *Service) compliance() map[string]any {
	return map[string]any{"password_regex": orNull(s.Rules.Regex), "password_regex_description": orNull(s.Rules.Description)}
}

// configured asks the rule for a group of a domain's configuration, and whether there is such a domain.
func configured(ctx context.Context, id, group string) error {
	rule := "identity:get_domain_config"
	if group == compliance {
		rule = "identity:get_security_compliance_domain_config"
	}
	if err := api.AllowRule(ctx, rule, api.Target{}); err != nil {
		return err
	}
	switch {
	case !api.World(ctx).Identity.Domains.Has(id):
		return missing("domain", id)
	case group != compliance:
		return missing("domain configuration for", id)
	}
	return nil
}

func (s *Service) domainConfig(ctx context.Context, in *ByID) (*configOut, error) {
	return nil, configured(ctx, in.ID, "")
}

func (s *Service) domainConfigGroup(ctx context.Context, in *configGroupIn) (*configOut, error) {
	if err := configured(ctx, in.ID, in.Group); err != nil {
		return nil, err
	}
	out := &configOut{}
	out.Body.Config = map[string]any{in.Group: s.compliance()}
	return out, nil
}

func (s *Service) domainConfigOption(ctx context.Context, in *configOptionIn) (*configOut, error) {
	if err := configured(ctx, in.ID, in.Group); err != nil {
		return nil, err
	}
	value, ok := s.compliance()[in.Option]
	if !ok {
		return nil, missing("domain configuration option", in.Option)
	}
	out := &configOut{}
	out.Body.Config = map[string]any{in.Option: value}
	return out, nil
}

// defaultConfig is what holds for all domains: the users are in this cloud's own log.
func (s *Service) defaultConfig(ctx context.Context, _ *struct{}) (*configOut, error) {
	if err := allow(ctx, nil); err != nil {
		return nil, err
	}
	out := &configOut{}
	out.Body.Config = map[string]any{"identity": map[string]any{"driver": "sql", "list_limit": unlimited}}
	return out, nil
}
