// Package network speaks Neutron's API, v2.0, with those of its extensions that
// the extension list names: networks, subnets, ports, security groups, tags and
// quotas. It turns calls into commands of the network service and shows what the
// world holds. Which addresses are given out and what is in use is decided
// elsewhere.
package network

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	"skylog/projections"
)

// Service is the network API.
type Service struct {
	// Do asks for changes; New wraps it with api.Ask.
	Do commands.Do[*projections.World]
}

// New makes the network service for a gateway.
func New(do commands.Do[*projections.World]) *api.Service {
	s := &Service{Do: api.Ask(do)}
	return &api.Service{
		Name: "network", Root: "/network", Prefix: "/v2.0",
		Dialect:   api.NetworkDialect,
		Discovery: api.Discovery{At: []api.DiscoveryDocument{versionList}},
		Policy:    rules,
		Mount:     s.mount,
	}
}

func (s *Service) mount(a huma.API) {
	s.mountNetworks(a)
	s.mountSubnets(a)
	s.mountPorts(a)
	s.mountGroups(a)
	s.mountRules(a)
	s.mountTags(a)
	s.mountQuotas(a)
	s.mountExtensions(a)
	s.mountAgents(a)
}

// versionList is what GET / shows.
var versionList = api.DiscoveryDocument{Path: "", Status: http.StatusOK, Show: func(base string) any {
	return struct {
		Versions []api.VersionEntry `json:"versions"`
	}{[]api.VersionEntry{{ID: "v2.0", Status: "CURRENT", Links: []api.Link{{Rel: "self", Href: base + "/v2.0/"}}}}}
}}
