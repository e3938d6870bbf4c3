// Package identity speaks Keystone's API, v3: it issues and checks tokens, and
// turns calls on domains, projects, users, groups, roles and the catalog into
// commands. Passwords and secrets are hashed here and go no further. What a
// token's bearer may is asked of the world whenever the token is used.
package identity

import (
	"fmt"
	"maps"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/crypto/bcrypt"

	"skylog/api"
	"skylog/api/policy"
	"skylog/commands"
	"skylog/projections"
)

// Sealer encrypts tokens with keys that only this cloud has.
type Sealer interface {
	// Seal appends the sealed content to b.
	Seal(b, content []byte) []byte
	// Open appends the content to b of what Seal sealed, unless it was changed.
	Open(b, sealed []byte) ([]byte, bool)
}

// Service is the identity API.
type Service struct {
	Do     commands.Do[*projections.World]
	Now    func() *projections.World
	Tokens Sealer
	// Vault keeps what must be read again and isn't for the log.
	Vault Vault
	Clock func() time.Time
	// TokenLife is how long a token holds; zero: an hour.
	TokenLife time.Duration
	// Rules are those of passwords and lock-outs.
	Rules PasswordRules
	// HashCost is bcrypt's; zero: 12.
	HashCost int

	dummy []byte // the hash that the passwords of nobody are checked against
}

// maxTokenLife is how long tokens may live: a trust that is used up is kept as long for its last token.
const maxTokenLife = 24 * time.Hour

// API makes the service for a gateway.
func (s *Service) API() (*api.Service, error) {
	s.Do = api.Ask(s.Do)
	if s.TokenLife < 0 || s.TokenLife > maxTokenLife {
		return nil, fmt.Errorf("tokens may live for %s at most, not %s", maxTokenLife, s.TokenLife)
	}
	if s.TokenLife == 0 {
		s.TokenLife = time.Hour
	}
	if s.HashCost == 0 {
		s.HashCost = DefaultHashCost
	}
	err := s.Rules.compile()
	if err != nil {
		return nil, err
	}
	if s.dummy, err = bcrypt.GenerateFromPassword([]byte("nobody's"), s.HashCost); err != nil {
		return nil, err
	}
	return &api.Service{
		Name: "identity", Root: "/identity", Prefix: "/v3", Dialect: api.IdentityDialect,
		Discovery: api.Discovery{At: []api.DiscoveryDocument{versionList, versionShow}},
		Policy:    allRules(), Mount: s.mount,
	}, nil
}

func allRules() policy.Rules {
	all := maps.Clone(rules)
	maps.Copy(all, delegationRules)
	return all
}

func (s *Service) mount(a huma.API) {
	s.mountTokens(a)
	s.mountAuth(a)
	s.mountDomains(a)
	s.mountProjects(a)
	s.mountUsers(a)
	s.mountGroups(a)
	s.mountRoles(a)
	s.mountGrants(a)
	s.mountRoleAssignments(a)
	s.mountRegions(a)
	s.mountServices(a)
	s.mountEndpoints(a)
	s.mountApplicationCredentials(a)
	s.mountAccessRules(a)
	s.mountTrusts(a)
	s.mountCredentials(a)
	s.mountEC2Credentials(a)
	s.mountSignatures(a)
	s.mountLimits(a)
	s.mountEndpointGroups(a)
	s.mountPolicies(a)
	s.mountRevocations(a)
	s.mountDomainConfig(a)
}

var versionList = api.DiscoveryDocument{Status: 300, Show: func(base string) any {
	return map[string]any{"versions": map[string]any{"values": []api.VersionEntry{version(base)}}}
}}

var versionShow = api.DiscoveryDocument{Path: "/v3", Status: 200, Show: func(base string) any {
	return map[string]any{"version": version(base)}
}}

func version(base string) api.VersionEntry {
	return api.VersionEntry{ID: "v3.14", Status: "stable", Updated: "2020-04-07T00:00:00Z",
		Links:      []api.Link{{Rel: "self", Href: base + "/v3/"}},
		MediaTypes: []api.MediaType{{Base: "application/json", Type: "application/vnd.openstack.identity-v3+json"}}}
}
