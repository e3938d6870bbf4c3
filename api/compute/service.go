// Package compute speaks Nova's API, v2.1 with its microversions: it turns calls
// into commands of the compute service and shows what the world holds in the
// shape that the caller's microversion had. The rules of servers, flavors and
// hosts are elsewhere.
package compute

import (
	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	"skylog/projections"
)

// Service is the compute API.
type Service struct {
	// Do asks for changes; New wraps it with api.Ask.
	Do commands.Do[*projections.World]
}

// New makes the compute service for a gateway.
func New(do commands.Do[*projections.World]) *api.Service {
	s := &Service{Do: api.Ask(do)}
	return &api.Service{
		Name: "compute", Root: "/compute", Prefix: "/v2.1", ProjectInPath: true,
		Dialect:       api.ComputeDialect,
		Microversions: &microversions,
		Discovery:     api.Discovery{At: []api.DiscoveryDocument{versionList, versionShow}},
		Policy:        rules,
		Mount:         s.mount,
	}
}

func (s *Service) mount(a huma.API) {
	s.mountKeypairs(a)
}
