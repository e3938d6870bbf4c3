package identity

import (
	"cmp"
	"iter"
	"strings"

	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections/table"
)

// EndpointGroup is what is known of one: the endpoints that are alike in what is named.
type EndpointGroup struct {
	ID, Name, Description          string
	ServiceID, RegionID, Interface string
}

// Has says whether an endpoint is one of the group's.
func (g *EndpointGroup) Has(e *Endpoint) bool {
	return (g.ServiceID == "" || g.ServiceID == e.ServiceID) && (g.RegionID == "" || g.RegionID == e.RegionID) &&
		(g.Interface == "" || g.Interface == e.Interface)
}

// EndpointGroups is the table of them, in the order of ids.
type EndpointGroups struct {
	table.Of[string, EndpointGroup]
	byName table.Index[string, string, EndpointGroup]
}

func newEndpointGroups() EndpointGroups {
	t := EndpointGroups{Of: table.New[string, EndpointGroup](strings.Compare)}
	t.byName = table.By(&t.Of, strings.Compare, func(g *EndpointGroup, emit func(string)) { emit(g.Name) })
	return t
}

// Named returns the endpoint group of a name.
func (t *EndpointGroups) Named(name string) (EndpointGroup, bool) {
	return table.First(t.byName, &t.Of, name)
}

// Apply folds one event into the table.
func (t *EndpointGroups) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.EndpointGroupCreated:
		t.Put(e.ID, EndpointGroup(e))
	case evt.EndpointGroupRevised:
		t.Update(e.ID, func(g *EndpointGroup) { *g = EndpointGroup(e) })
	case evt.EndpointGroupDeleted:
		t.Delete(e.ID)
	}
}

// The kinds of what a project's catalog may be made of.
const (
	AnEndpoint      = "endpoint"
	AnEndpointGroup = "endpoint_group"
)

// MaxAssociations is how many endpoints and groups a project may be associated with.
const MaxAssociations = 200

// EndpointAssociation is that a project's catalog has an endpoint or a group; it is its own key.
type EndpointAssociation struct{ ProjectID, Kind, ID string }

// EndpointAssociations is the table of them, in the order of projects.
type EndpointAssociations struct {
	table.Of[EndpointAssociation, EndpointAssociation]
	byThing table.Index[string, EndpointAssociation, EndpointAssociation]
}

func newEndpointAssociations() EndpointAssociations {
	t := EndpointAssociations{Of: table.New[EndpointAssociation, EndpointAssociation](func(a, b EndpointAssociation) int {
		return cmp.Or(strings.Compare(a.ProjectID, b.ProjectID), strings.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID))
	})}
	t.byThing = table.By(&t.Of, strings.Compare, func(a *EndpointAssociation, emit func(string)) { emit(a.ID) })
	return t
}

// OfProject goes through what a project is associated with.
func (t *EndpointAssociations) OfProject(id string) iter.Seq[EndpointAssociation] {
	return func(yield func(EndpointAssociation) bool) {
		for k := range t.From(EndpointAssociation{ProjectID: id}) {
			if k.ProjectID != id || !yield(k) {
				return
			}
		}
	}
}

// OfThing goes through the associations of an endpoint or a group.
func (t *EndpointAssociations) OfThing(id string) iter.Seq2[EndpointAssociation, EndpointAssociation] {
	return table.Each(t.byThing, &t.Of, id)
}

// Apply folds one event into the table.
func (t *EndpointAssociations) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.EndpointAssociated:
		t.Put(EndpointAssociation(e), EndpointAssociation(e))
	case evt.EndpointDissociated:
		t.Delete(EndpointAssociation(e))
	case evt.EndpointDeleted:
		t.drop(keys(t.OfThing(e.ID)))
	case evt.EndpointGroupDeleted:
		t.drop(keys(t.OfThing(e.ID)))
	case evt.ProjectDeleted:
		var gone []EndpointAssociation
		for k := range t.OfProject(e.ID) {
			gone = append(gone, k)
		}
		t.drop(gone)
	}
}

func (t *EndpointAssociations) drop(gone []EndpointAssociation) {
	for _, k := range gone {
		t.Delete(k)
	}
}

// Shows returns which endpoints a project's catalog has: those that it is associated with, or,
// where there are none, and chosen is thus false, all.
func (t *Tables) Shows(projectID string) (shows func(*Endpoint) bool, chosen bool) {
	own := map[string]bool{}
	var groups []EndpointGroup
	for a := range t.EndpointAssociations.OfProject(projectID) {
		if a.Kind == AnEndpoint {
			own[a.ID] = true
		} else if g, ok := t.EndpointGroups.Get(a.ID); ok {
			groups = append(groups, g)
		}
	}
	if len(own) == 0 && len(groups) == 0 {
		return func(*Endpoint) bool { return true }, false
	}
	return func(e *Endpoint) bool {
		for i := range groups {
			if groups[i].Has(e) {
				return true
			}
		}
		return own[e.ID]
	}, true
}
