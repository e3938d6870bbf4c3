package placement

import (
	"context"
	"slices"
	"strings"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/placement"
)

type reshapeIn struct {
	Body struct {
		Inventories map[string]sentInventories `json:"inventories" minProperties:"1" maxProperties:"1000"`
		Allocations map[string]SentConsumer    `json:"allocations"`
	}
}

// reshape moves inventories between providers together with what is allocated of them.
func (s *Service) reshape(ctx context.Context, in *reshapeIn) (*api.Empty, error) {
	if len(in.Body.Inventories) == 0 {
		return nil, commands.Refuse(commands.Invalid, "JSON does not validate: inventories must not be empty")
	}
	var c cmd.ReshapeProviders
	for sent, inventories := range in.Body.Inventories {
		id, err := idOf("inventories", sent)
		if err != nil {
			return nil, err
		}
		c.Providers = append(c.Providers, inventories.of(id))
	}
	slices.SortFunc(c.Providers, func(a, b cmd.SetInventories) int { return strings.Compare(a.ProviderID, b.ProviderID) })
	for i := range len(c.Providers) - 1 {
		if c.Providers[i].ProviderID == c.Providers[i+1].ProviderID {
			return nil, commands.Refuse(commands.Invalid, "Resource provider %s comes twice.", c.Providers[i].ProviderID)
		}
	}
	var err error
	if c.Consumers, err = consumersOf(ctx, in.Body.Allocations); err != nil {
		return nil, err
	}
	_, err = s.Do(ctx, c)
	return &api.Empty{}, err
}
