package placement

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/placement"
	view "skylog/projections/placement"
)

func (s *Service) mountInventories(a huma.API) {
	const path, one, rule = "/resource_providers/{uuid}/inventories", "/resource_providers/{uuid}/inventories/{class}", "placement:resource_providers:inventories:"
	api.Handle(a, "GET "+path, rule+"list", http.StatusOK, s.listInventories)
	api.Handle(a, "POST "+path, rule+"create", http.StatusCreated, s.addInventory)
	api.Handle(a, "PUT "+path, rule+"update", http.StatusOK, s.setInventories)
	api.Handle(a, "DELETE "+path, rule+"delete", http.StatusNoContent, s.removeInventories)
	api.Handle(a, "GET "+one, rule+"show", http.StatusOK, s.showInventory)
	api.Handle(a, "PUT "+one, rule+"update", http.StatusOK, s.changeInventory)
	api.Handle(a, "DELETE "+one, rule+"delete", http.StatusNoContent, s.removeInventory)
}

// maxInt is the largest number of anything.
const maxInt = 1<<31 - 1

// SentInventory is an inventory as it may be sent.
type SentInventory struct {
	Total      int      `json:"total" minimum:"1" maximum:"2147483647"`
	Reserved   int      `json:"reserved,omitempty" minimum:"0" maximum:"2147483647"`
	MinUnit    *int     `json:"min_unit,omitempty" minimum:"1" maximum:"2147483647"`
	MaxUnit    *int     `json:"max_unit,omitempty" minimum:"1" maximum:"2147483647"`
	StepSize   *int     `json:"step_size,omitempty" minimum:"1" maximum:"2147483647"`
	Ratio      *float64 `json:"allocation_ratio,omitempty" minimum:"0" maximum:"1000000"`
	Generation *int     `json:"resource_provider_generation,omitempty"`
}

func (i *SentInventory) of(class string) cmd.Inventory {
	or := func(sent *int, otherwise int) int {
		if sent == nil {
			return otherwise
		}
		return *sent
	}
	c := cmd.Inventory{Class: class, Total: i.Total, Reserved: i.Reserved, MinUnit: or(i.MinUnit, 1), MaxUnit: or(i.MaxUnit, maxInt), StepSize: or(i.StepSize, 1), Ratio: 1}
	if i.Ratio != nil {
		c.Ratio = *i.Ratio
	}
	return c
}

type inventory struct {
	Total      int     `json:"total"`
	Reserved   int     `json:"reserved"`
	MinUnit    int     `json:"min_unit"`
	MaxUnit    int     `json:"max_unit"`
	StepSize   int     `json:"step_size"`
	Ratio      float64 `json:"allocation_ratio"`
	Generation int     `json:"resource_provider_generation,omitempty"`
}

func showInventory(i view.Inventory, generation int) inventory {
	return inventory{i.Total, i.Reserved, i.MinUnit, i.MaxUnit, i.StepSize, i.Ratio, generation}
}

type (
	inventoriesOut struct {
		Fresh
		Body struct {
			Generation  int                  `json:"resource_provider_generation"`
			Inventories map[string]inventory `json:"inventories"`
		}
	}
	inventoryOut struct {
		Location string `header:"Location"`
		Fresh
		Body inventory
	}
	inventoryClass struct {
		UUID  string `path:"uuid" maxLength:"255"`
		Class string `path:"class" maxLength:"255"`
	}
)

func showInventories(ctx context.Context, p *view.Provider) *inventoriesOut {
	out := &inventoriesOut{Fresh: asOf(ctx, p.UpdatedAt)}
	out.Body.Generation, out.Body.Inventories = p.Generation, map[string]inventory{}
	for _, i := range p.Inventories {
		out.Body.Inventories[i.Class] = showInventory(i, 0)
	}
	return out
}

func (s *Service) listInventories(ctx context.Context, in *providerID) (*inventoriesOut, error) {
	p, err := providerOf(api.World(ctx), in.UUID)
	if err != nil {
		return nil, err
	}
	return showInventories(ctx, &p), nil
}

func (s *Service) showInventory(ctx context.Context, in *inventoryClass) (*inventoryOut, error) {
	p, err := providerOf(api.World(ctx), in.UUID)
	if err != nil {
		return nil, err
	}
	i, ok := p.Inventory(in.Class)
	if !ok {
		return nil, commands.Refuse(commands.NotFound, "No inventory of class %.64s for %s", in.Class, in.UUID)
	}
	return &inventoryOut{Fresh: asOf(ctx, p.UpdatedAt), Body: showInventory(i, p.Generation)}, nil
}

// spare says whether not all of an inventory may be reserved, as it was before 1.26.
func spare(ctx context.Context) bool { return api.From(ctx).Version.Before(1, 26) }

type addInventoryIn struct {
	UUID string `path:"uuid" maxLength:"255"`
	Body struct {
		SentInventory
		Class string `json:"resource_class" pattern:"^[A-Z0-9_]+$" maxLength:"255"`
	}
}

func (s *Service) addInventory(ctx context.Context, in *addInventoryIn) (*inventoryOut, error) {
	out, err := s.oneInventory(ctx, in.UUID, in.Body.Class, cmd.AddInventory{ProviderID: in.UUID, Inventory: in.Body.of(in.Body.Class), Spare: spare(ctx)})
	if out != nil {
		out.Location = api.Root(ctx) + "/resource_providers/" + in.UUID + "/inventories/" + in.Body.Class
	}
	return out, err
}

type changeInventoryIn struct {
	UUID  string `path:"uuid" maxLength:"255"`
	Class string `path:"class" maxLength:"255"`
	Body  SentInventory
}

func (s *Service) changeInventory(ctx context.Context, in *changeInventoryIn) (*inventoryOut, error) {
	if in.Body.Generation == nil {
		return nil, commands.Refuse(commands.Invalid, "JSON does not validate: 'resource_provider_generation' is a required property")
	}
	return s.oneInventory(ctx, in.UUID, in.Class, cmd.ChangeInventory{ProviderID: in.UUID, Generation: *in.Body.Generation, Inventory: in.Body.of(in.Class), Spare: spare(ctx)})
}

// oneInventory does something to one inventory and shows it.
func (s *Service) oneInventory(ctx context.Context, id, class string, c commands.Command) (*inventoryOut, error) {
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	p, _ := w.Placement.Providers.Get(id)
	i, _ := p.Inventory(class)
	return &inventoryOut{Fresh: asOf(ctx, time.Time{}), Body: showInventory(i, p.Generation)}, nil
}

type sentInventories struct {
	Generation  int                      `json:"resource_provider_generation"`
	Inventories map[string]SentInventory `json:"inventories" maxProperties:"128"`
}

func (i *sentInventories) of(id string) cmd.SetInventories {
	c := cmd.SetInventories{ProviderID: id, Generation: i.Generation}
	for class, sent := range i.Inventories {
		c.Inventories = append(c.Inventories, sent.of(class))
	}
	slices.SortFunc(c.Inventories, func(a, b cmd.Inventory) int { return cmp.Compare(a.Class, b.Class) })
	return c
}

type setInventoriesIn struct {
	UUID string `path:"uuid" maxLength:"255"`
	Body sentInventories
}

func (s *Service) setInventories(ctx context.Context, in *setInventoriesIn) (*inventoriesOut, error) {
	c := in.Body.of(in.UUID)
	c.Spare = spare(ctx)
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	p, _ := w.Placement.Providers.Get(in.UUID)
	return showInventories(ctx, &p), nil
}

func (s *Service) removeInventories(ctx context.Context, in *providerID) (*api.Empty, error) {
	if api.From(ctx).Version.Before(1, 5) {
		return nil, api.Fail(http.StatusMethodNotAllowed, "The method specified is not allowed for this resource.")
	}
	_, err := s.Do(ctx, cmd.RemoveInventory{ProviderID: in.UUID})
	return &api.Empty{}, err
}

func (s *Service) removeInventory(ctx context.Context, in *inventoryClass) (*api.Empty, error) {
	_, err := s.Do(ctx, cmd.RemoveInventory{ProviderID: in.UUID, Class: in.Class})
	return &api.Empty{}, err
}
