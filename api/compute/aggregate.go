package compute

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

func (s *Service) mountAggregates(a huma.API) {
	const path, rule = "/os-aggregates", "os_compute_api:os-aggregates:"
	api.Handle(a, "GET "+path, rule+"index", http.StatusOK, s.listAggregates)
	api.Handle(a, "POST "+path, rule+"create", http.StatusOK, s.createAggregate)
	api.Handle(a, "GET "+path+"/{id}", rule+"show", http.StatusOK, s.showAggregate)
	api.Handle(a, "PUT "+path+"/{id}", rule+"update", http.StatusOK, s.updateAggregate)
	api.Handle(a, "DELETE "+path+"/{id}", rule+"delete", http.StatusOK, s.deleteAggregate)
	if s.Bring != nil {
		api.Handle(a, "POST "+path+"/{id}/images", "compute:aggregates:images", http.StatusAccepted, s.cacheImages, api.Between("2.81", ""))
	}
	actions := api.NewActions(a, path+"/{id}/action")
	api.On(actions, "add_host", rule+"add_host", s.addAggregateHost)
	api.On(actions, "remove_host", rule+"remove_host", s.removeAggregateHost)
	api.On(actions, "set_metadata", rule+"set_metadata", s.setAggregateMetadata)
}

// zoneKey is the metadata under which an aggregate's zone is shown.
const zoneKey = "availability_zone"

// newAggregate is what a creation shows: an aggregate without what it can't have yet.
type newAggregate struct {
	ID        int        `json:"id"`
	UUID      string     `json:"uuid" since:"2.41"`
	Name      string     `json:"name"`
	Zone      *string    `json:"availability_zone"`
	CreatedAt time.Time  `json:"created_at" layout:"2006-01-02T15:04:05.000000"`
	UpdatedAt time.Time  `json:"updated_at" layout:"2006-01-02T15:04:05.000000"`
	Deleted   bool       `json:"deleted"`
	DeletedAt *time.Time `json:"deleted_at"`
}

type aggregate struct {
	newAggregate
	Hosts    []string          `json:"hosts"`
	Metadata map[string]string `json:"metadata"`
}

type oneAggregate[T any] struct {
	Aggregate T `json:"aggregate"`
}

type (
	aggregateID struct {
		ID string `path:"id" maxLength:"255"`
	}
	aggregateOut[T any] struct{ Body oneAggregate[T] }
	aggregatesOut       struct {
		Body struct {
			Aggregates []aggregate `json:"aggregates"`
		}
	}
	aggregateBody struct {
		Name *string `json:"name,omitempty" minLength:"1" maxLength:"255"`
		Zone *string `json:"availability_zone,omitempty" minLength:"1" maxLength:"255" nullable:"true"`
	}
	createAggregateIn struct{ Body oneAggregate[aggregateBody] }
	updateAggregateIn struct {
		ID   string `path:"id" maxLength:"255"`
		Body oneAggregate[aggregateBody]
	}
	aggregateHost struct {
		Host string `json:"host" minLength:"1" maxLength:"255"`
	}
	aggregateMetadata struct {
		Metadata map[string]*string `json:"metadata"`
	}
)

func showNewAggregate(a view.Aggregate) newAggregate {
	return newAggregate{ID: a.Number, UUID: a.ID, Name: a.Name, Zone: text(a.Zone), CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt}
}

func showAggregate(a view.Aggregate) aggregate {
	out := aggregate{showNewAggregate(a), a.Hosts, maps.Clone(a.Metadata)}
	if a.Zone != "" {
		if out.Metadata == nil {
			out.Metadata = map[string]string{}
		}
		out.Metadata[zoneKey] = a.Zone
	}
	return out
}

// findAggregate finds an aggregate by its number.
func findAggregate(w *projections.World, id string) (view.Aggregate, error) {
	if n, err := strconv.Atoi(id); err == nil {
		if a, ok := w.Compute.Aggregates.Numbered(n); ok {
			return a, nil
		}
	}
	return view.Aggregate{}, commands.Refuse(commands.NotFound, "Aggregate %s could not be found.", id)
}

func (s *Service) listAggregates(ctx context.Context, _ *nothing) (*aggregatesOut, error) {
	out := &aggregatesOut{}
	for a := range api.World(ctx).Compute.Aggregates.InOrder() {
		out.Body.Aggregates = append(out.Body.Aggregates, showAggregate(a))
	}
	return out, nil
}

func (s *Service) showAggregate(ctx context.Context, in *aggregateID) (*aggregateOut[aggregate], error) {
	a, err := findAggregate(api.World(ctx), in.ID)
	return &aggregateOut[aggregate]{oneAggregate[aggregate]{showAggregate(a)}}, err
}

func (s *Service) createAggregate(ctx context.Context, in *createAggregateIn) (*aggregateOut[newAggregate], error) {
	want := in.Body.Aggregate
	if want.Name == nil {
		return nil, commands.Refuse(commands.Invalid, "Invalid input for field/attribute aggregate. Value: . 'name' is a required property")
	}
	c := cmd.CreateAggregate{ID: api.NewID(ctx)}
	var err error
	if c.Name, err = goodName(*want.Name); err != nil {
		return nil, err
	}
	if want.Zone != nil {
		if c.Zone, err = goodZone(*want.Zone); err != nil {
			return nil, err
		}
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	a, _ := w.Compute.Aggregates.Get(c.ID)
	return &aggregateOut[newAggregate]{oneAggregate[newAggregate]{showNewAggregate(a)}}, nil
}

// goodZone is the name of a zone as it may be: a colon would part it from a host.
func goodZone(name string) (string, error) {
	name, err := goodName(name)
	if err == nil && strings.Contains(name, ":") {
		err = commands.Refuse(commands.Invalid, "Invalid input for field/attribute availability_zone. Value: %s. It must not have a colon.", name)
	}
	return name, err
}

func (s *Service) updateAggregate(ctx context.Context, in *updateAggregateIn) (*aggregateOut[aggregate], error) {
	want := in.Body.Aggregate
	c := cmd.ChangeAggregate{Name: want.Name, Zone: want.Zone}
	if c.Zone == nil && api.Sent(ctx, "aggregate", "availability_zone") {
		c.Zone = new(string)
	}
	if c.Name == nil && c.Zone == nil {
		return nil, commands.Refuse(commands.Invalid, "Invalid input for field/attribute aggregate. Value: {}. {} does not have enough properties")
	}
	if c.Name != nil {
		name, err := goodName(*c.Name)
		if err != nil {
			return nil, err
		}
		c.Name = &name
	}
	if c.Zone != nil && *c.Zone != "" {
		zone, err := goodZone(*c.Zone)
		if err != nil {
			return nil, err
		}
		c.Zone = &zone
	}
	a, err := s.changeAggregate(ctx, in.ID, func(id string) commands.Command {
		c.ID = id
		return c
	})
	return &aggregateOut[aggregate]{oneAggregate[aggregate]{a}}, err
}

// changeAggregate has the aggregate of a number changed and shows it.
func (s *Service) changeAggregate(ctx context.Context, number string, how func(id string) commands.Command) (aggregate, error) {
	a, err := findAggregate(api.World(ctx), number)
	if err != nil {
		return aggregate{}, err
	}
	w, err := s.Do(ctx, how(a.ID))
	if err != nil {
		return aggregate{}, err
	}
	a, _ = w.Compute.Aggregates.Get(a.ID)
	return showAggregate(a), nil
}

func (s *Service) deleteAggregate(ctx context.Context, in *aggregateID) (*api.Empty, error) {
	a, err := findAggregate(api.World(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	_, err = s.Do(ctx, cmd.DeleteAggregate{ID: a.ID})
	return &api.Empty{Status: http.StatusOK}, err
}

// aggregateAction answers an action with the aggregate as it is then.
func (s *Service) aggregateAction(ctx context.Context, number string, how func(id string) commands.Command) (*api.Respond, error) {
	a, err := s.changeAggregate(ctx, number, how)
	return &api.Respond{Status: http.StatusOK, Body: oneAggregate[aggregate]{a}}, err
}

func (s *Service) addAggregateHost(ctx context.Context, number string, in *aggregateHost) (*api.Respond, error) {
	return s.aggregateAction(ctx, number, func(id string) commands.Command { return cmd.AddAggregateHost{ID: id, Host: in.Host} })
}

func (s *Service) removeAggregateHost(ctx context.Context, number string, in *aggregateHost) (*api.Respond, error) {
	return s.aggregateAction(ctx, number, func(id string) commands.Command { return cmd.RemoveAggregateHost{ID: id, Host: in.Host} })
}

// setAggregateMetadata sets keys, and takes those away whose value is null.
func (s *Service) setAggregateMetadata(ctx context.Context, number string, in *aggregateMetadata) (*api.Respond, error) {
	c := cmd.ChangeAggregate{Metadata: map[string]string{}}
	for _, key := range slices.Sorted(maps.Keys(in.Metadata)) {
		value := ""
		if v := in.Metadata[key]; v != nil {
			value = *v
		}
		switch {
		case key == "" || len(key) > 255 || len(value) > 255:
			return nil, commands.Refuse(commands.Invalid, "Invalid input for field/attribute metadata. Keys have 1 to 255 characters, values at most 255.")
		case key == zoneKey:
			c.Zone = &value
		default:
			c.Metadata[key] = value
		}
	}
	return s.aggregateAction(ctx, number, func(id string) commands.Command {
		c.ID = id
		return c
	})
}
