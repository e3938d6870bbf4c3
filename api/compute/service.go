// Package compute speaks Nova's API, v2.1 with its microversions: it turns calls
// into commands of the compute service and shows what the world holds in the
// shape that the caller's microversion had. The rules of servers, flavors and
// hosts are elsewhere.
package compute

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	"skylog/projections"
	view "skylog/projections/compute"
	imageview "skylog/projections/image"
)

// Service is the compute API.
type Service struct {
	// Do asks for changes; New wraps it with api.Ask.
	Do commands.Do[*projections.World]
	// Seal closes user data with a project's key; nil: it isn't taken.
	Seal func(project string, data []byte) ([]byte, error)
	// Console returns the last lines of a server's console; nil: the call isn't mounted.
	Console func(ctx context.Context, s view.Server, lines int) (string, error)
	// Inside is a host of that name, nil where it isn't reached; unset: the calls
	// that ask hosts aren't mounted.
	Inside func(host string) Inside
	// Bring has a host bring an image into its cache, as it can; unset: nobody asks.
	Bring func(host string, i imageview.Image)
	// Consoles says that somebody serves consoles below /console/; without, the calls aren't mounted.
	Consoles bool
	// Reclaim is how long deleted servers are kept; zero: they go at once.
	Reclaim time.Duration
	// ConfirmWithin is after what time a resize counts as confirmed; zero: never by itself.
	ConfirmWithin time.Duration
	// KeepShelved leaves shelved servers on their hosts until somebody offloads them.
	KeepShelved bool
	// Password makes an administrator's password for a server of a name that is
	// the same when a request is repeated. Unset, it is another one each time.
	Password func(name string) string
}

// New makes the compute service for a gateway; with sets what is optional.
func New(do commands.Do[*projections.World], with ...func(*Service)) *api.Service {
	s := &Service{Do: api.Ask(do), Password: func(string) string { return rand.Text()[:12] }}
	for _, set := range with {
		set(s)
	}
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
	s.mountFlavors(a)
	s.mountFlavorSpecs(a)
	s.mountServers(a)
	s.mountServerActions(a)
	s.mountServerMetadata(a)
	s.mountServerTags(a)
	s.mountServerParts(a)
	s.mountQuotas(a)
	s.mountQuotaClasses(a)
	s.mountHosts(a)
	s.mountServices(a)
	s.mountOldHosts(a)
	s.mountAggregates(a)
	s.mountServerGroups(a)
	s.mountUsage(a)
	s.mountExternalEvents(a)
	s.mountExtensions(a)
	s.mountServerInsides(a)
	s.mountDiagnostics(a)
	s.mountUsageAudits(a)
	s.mountImages(a)
	s.mountSecurityGroups(a)
	s.mountOldNetworks(a)
	mountGone(a)
}
