package identity

import (
	"iter"
	"strings"

	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections/table"
)

// Region is one region of the catalog.
type Region struct{ ID, ParentID, Description, Extra string }

// Regions is the table of regions, in the order of ids.
type Regions struct {
	table.Of[string, Region]
	byParent table.Index[string, string, Region]
}

func newRegions() Regions {
	t := Regions{Of: table.New[string, Region](strings.Compare)}
	t.byParent = table.By(&t.Of, strings.Compare, func(r *Region, emit func(string)) { emit(r.ParentID) })
	return t
}

// Children goes through the regions right below a region.
func (t *Regions) Children(id string) iter.Seq2[string, Region] {
	return table.Each(t.byParent, &t.Of, id)
}

// Apply folds one event into the table.
func (t *Regions) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.RegionCreated:
		t.Put(e.ID, Region(e))
	case evt.RegionRevised:
		t.Update(e.ID, func(r *Region) { *r = Region(e) })
	case evt.RegionDeleted:
		t.Delete(e.ID)
	}
}

// Service is one service of the catalog.
type Service struct {
	ID, Type, Name, Description string
	Enabled                     bool
	Extra                       string
}

// Services is the table of services, in the order of ids.
type Services struct {
	table.Of[string, Service]
	byType table.Index[string, string, Service]
}

func newServices() Services {
	t := Services{Of: table.New[string, Service](strings.Compare)}
	t.byType = table.By(&t.Of, strings.Compare, func(s *Service, emit func(string)) { emit(s.Type) })
	return t
}

// OfType goes through the services of a type.
func (t *Services) OfType(kind string) iter.Seq2[string, Service] {
	return table.Each(t.byType, &t.Of, kind)
}

// ByType goes through all services in the order of their types.
func (t *Services) ByType() iter.Seq[Service] {
	return func(yield func(Service) bool) {
		for _, s := range table.From(t.byType, &t.Of, "") {
			if !yield(s) {
				return
			}
		}
	}
}

// Apply folds one event into the table.
func (t *Services) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.ServiceCreated:
		t.Put(e.ID, Service(e))
	case evt.ServiceRevised:
		t.Update(e.ID, func(s *Service) { *s = Service(e) })
	case evt.ServiceDeleted:
		t.Delete(e.ID)
	}
}

// Endpoint is where a service can be reached by one of its three interfaces.
type Endpoint struct {
	ID, ServiceID, Interface, RegionID, URL string
	Enabled                                 bool
	Extra                                   string
}

// Endpoints is the table of endpoints, in the order of ids.
type Endpoints struct {
	table.Of[string, Endpoint]
	byService table.Index[string, string, Endpoint]
	byRegion  table.Index[string, string, Endpoint]
}

func newEndpoints() Endpoints {
	t := Endpoints{Of: table.New[string, Endpoint](strings.Compare)}
	t.byService = table.By(&t.Of, strings.Compare, func(e *Endpoint, emit func(string)) { emit(e.ServiceID) })
	t.byRegion = table.By(&t.Of, strings.Compare, func(e *Endpoint, emit func(string)) { emit(e.RegionID) })
	return t
}

// OfService goes through a service's endpoints.
func (t *Endpoints) OfService(id string) iter.Seq2[string, Endpoint] {
	return table.Each(t.byService, &t.Of, id)
}

// OfRegion goes through the endpoints in a region.
func (t *Endpoints) OfRegion(id string) iter.Seq2[string, Endpoint] {
	return table.Each(t.byRegion, &t.Of, id)
}

// Apply folds one event into the table.
func (t *Endpoints) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.EndpointCreated:
		t.Put(e.ID, Endpoint(e))
	case evt.EndpointRevised:
		t.Update(e.ID, func(p *Endpoint) { *p = Endpoint(e) })
	case evt.EndpointDeleted:
		t.Delete(e.ID)
	case evt.ServiceDeleted:
		for _, id := range keys(t.OfService(e.ID)) {
			t.Delete(id)
		}
	}
}
