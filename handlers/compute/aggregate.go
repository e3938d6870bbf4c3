package compute

import (
	"cmp"
	"maps"
	"slices"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/handlers"
	"skylog/projections"
	view "skylog/projections/compute"
	imgview "skylog/projections/image"
)

func registerAggregates(r *handlers.Registry) {
	handlers.On(r, CreateAggregate)
	handlers.On(r, ChangeAggregate)
	handlers.On(r, DeleteAggregate)
	handlers.On(r, CacheImages)
	handlers.On(r, AddAggregateHost)
	handlers.On(r, RemoveAggregateHost)
}

func findAggregate(w *projections.World, id string) (view.Aggregate, error) {
	a, ok := w.Compute.Aggregates.Get(id)
	if !ok {
		return a, commands.Refuse(commands.NotFound, "Aggregate %s could not be found.", id)
	}
	return a, nil
}

// badAction is Nova's text for what can't be done to an aggregate now.
func badAction(kind commands.Kind, action string, a *view.Aggregate, why string) error {
	return commands.Refuse(kind, "Cannot perform action '%s' on aggregate %d. Reason: %s.", action, a.Number, why)
}

// CreateAggregate makes an aggregate, if no other has its name.
func CreateAggregate(w *projections.World, c cmd.CreateAggregate) ([]events.Event, error) {
	if _, taken := w.Compute.Aggregates.Named(c.Name); taken {
		return nil, commands.Refuse(commands.Conflict, "Aggregate %s already exists.", c.Name)
	}
	return events.List(evt.AggregateCreated(c)), nil
}

// ChangeAggregate changes an aggregate. Its hosts can't change their zone while
// servers are on them: those were promised the one they are in.
func ChangeAggregate(w *projections.World, c cmd.ChangeAggregate) ([]events.Event, error) {
	a, err := findAggregate(w, c.ID)
	if err != nil {
		return nil, err
	}
	e := evt.AggregateChanged{ID: a.ID, Name: *cmp.Or(c.Name, &a.Name), Zone: *cmp.Or(c.Zone, &a.Zone), Metadata: maps.Clone(a.Metadata)}
	if other, taken := w.Compute.Aggregates.Named(e.Name); taken && other.ID != a.ID {
		return nil, commands.Refuse(commands.Conflict, "Aggregate %s already exists.", e.Name)
	}
	for key, value := range c.Metadata {
		if e.Metadata == nil {
			e.Metadata = map[string]string{}
		}
		if e.Metadata[key] = value; value == "" {
			delete(e.Metadata, key)
		}
	}
	if e.Zone != a.Zone {
		for _, host := range a.Hosts {
			if err := mayMove(w, host, e.Zone, "update", &a, commands.Invalid); err != nil {
				return nil, err
			}
		}
	}
	if e.Name == a.Name && e.Zone == a.Zone && maps.Equal(e.Metadata, a.Metadata) {
		return nil, nil
	}
	return events.List(e), nil
}

// mayMove says whether a host may be in this zone by an aggregate: if no other
// one puts it elsewhere, and no server would change zones by it.
func mayMove(w *projections.World, host, zone, action string, by *view.Aggregate, kind commands.Kind) error {
	h, _ := w.Compute.Hosts.Get(host)
	for _, other := range w.Compute.Aggregates.OfHost(host) {
		if other.ID != by.ID && other.Zone != "" && zone != "" && other.Zone != zone {
			return badAction(kind, action, by, "One or more hosts already in availability zone(s) ['"+other.Zone+"']")
		}
		if other.ID != by.ID && other.Zone != "" {
			return nil // it stays where that one puts it
		}
	}
	if h.Used.Servers > 0 && cmp.Or(zone, h.Zone) != h.InZone() {
		return badAction(kind, action, by, "One or more hosts contain instances in this zone")
	}
	return nil
}

// DeleteAggregate removes an aggregate without hosts.
func DeleteAggregate(w *projections.World, c cmd.DeleteAggregate) ([]events.Event, error) {
	a, err := findAggregate(w, c.ID)
	if err != nil {
		return nil, err
	}
	if len(a.Hosts) > 0 {
		return nil, badAction(commands.Invalid, "delete", &a, "Host aggregate is not empty")
	}
	return events.List(evt.AggregateDeleted(c)), nil
}

// AddAggregateHost puts a host into an aggregate.
func AddAggregateHost(w *projections.World, c cmd.AddAggregateHost) ([]events.Event, error) {
	a, err := findAggregate(w, c.ID)
	switch {
	case err != nil:
		return nil, err
	case !w.Compute.Hosts.Has(c.Host):
		return nil, hostMissing(c.Host)
	case slices.Contains(a.Hosts, c.Host):
		return nil, commands.Refuse(commands.Conflict, "Aggregate %d already has host %s.", a.Number, c.Host)
	case a.Zone != "":
		if err := mayMove(w, c.Host, a.Zone, "add_host_to_aggregate", &a, commands.Conflict); err != nil {
			return nil, err
		}
	}
	return events.List(evt.AggregateHostAdded(c)), nil
}

// RemoveAggregateHost takes a host out of an aggregate.
func RemoveAggregateHost(w *projections.World, c cmd.RemoveAggregateHost) ([]events.Event, error) {
	a, err := findAggregate(w, c.ID)
	switch {
	case err != nil:
		return nil, err
	case !slices.Contains(a.Hosts, c.Host):
		return nil, commands.Refuse(commands.NotFound, "Aggregate %d has no host %s.", a.Number, c.Host)
	case a.Zone != "":
		if err := mayMove(w, c.Host, "", "remove_host_from_aggregate", &a, commands.Conflict); err != nil {
			return nil, err
		}
	}
	return events.List(evt.AggregateHostRemoved(c)), nil
}

// CacheImages says which hosts of an aggregate should bring which images: those
// that are up. A host that joins later, or returns, brings what its servers need.
func CacheImages(w *projections.World, c cmd.CacheImages) ([]events.Event, error) {
	a, err := findAggregate(w, c.ID)
	if err != nil {
		return nil, err
	}
	for _, id := range c.Images {
		switch i, ok := w.Image.Images.Get(id); {
		case !ok:
			return nil, commands.Refuse(commands.Invalid, "Image %s could not be found.", id)
		case i.Status != imgview.Active:
			return nil, commands.Refuse(commands.Invalid, "Image %s is not active.", id)
		}
	}
	wanted := evt.AggregateImagesWanted{ID: a.ID, Images: c.Images}
	for _, name := range a.Hosts {
		if h, ok := w.Compute.Hosts.Get(name); ok && h.Alive() {
			wanted.OnHosts = append(wanted.OnHosts, name)
		}
	}
	return events.List(wanted), nil
}
