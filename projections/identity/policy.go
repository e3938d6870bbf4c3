package identity

import (
	"cmp"
	"iter"
	"strings"

	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections/table"
)

// Policy is what is known of one policy document.
type Policy struct{ ID, Type, Blob, Extra string }

// Policies is the table of them, in the order of ids.
type Policies struct{ table.Of[string, Policy] }

func newPolicies() Policies { return Policies{table.New[string, Policy](strings.Compare)} }

// Apply folds one event into the table.
func (t *Policies) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.PolicyCreated:
		t.Put(e.ID, Policy(e))
	case evt.PolicyRevised:
		t.Update(e.ID, func(p *Policy) { *p = Policy(e) })
	case evt.PolicyDeleted:
		t.Delete(e.ID)
	}
}

// PolicyPlace is what a policy document is for: an endpoint, a service, or a service in a region.
type PolicyPlace = evt.PolicyPlace

// PolicyAssociation is which policy document a place has.
type PolicyAssociation struct {
	PolicyPlace
	PolicyID string
}

// PolicyAssociations is the table of them, by places.
type PolicyAssociations struct {
	table.Of[PolicyPlace, PolicyAssociation]
	byPolicy table.Index[string, PolicyPlace, PolicyAssociation]
	byPart   table.Index[string, PolicyPlace, PolicyAssociation]
}

func newPolicyAssociations() PolicyAssociations {
	t := PolicyAssociations{Of: table.New[PolicyPlace, PolicyAssociation](func(a, b PolicyPlace) int {
		return cmp.Or(strings.Compare(a.EndpointID, b.EndpointID), strings.Compare(a.ServiceID, b.ServiceID), strings.Compare(a.RegionID, b.RegionID))
	})}
	t.byPolicy = table.By(&t.Of, strings.Compare, func(a *PolicyAssociation, emit func(string)) { emit(a.PolicyID) })
	t.byPart = table.By(&t.Of, strings.Compare, func(a *PolicyAssociation, emit func(string)) {
		for _, id := range []string{a.EndpointID, a.ServiceID, a.RegionID} {
			if id != "" {
				emit(id)
			}
		}
	})
	return t
}

// OfPolicy goes through the places of a policy document.
func (t *PolicyAssociations) OfPolicy(id string) iter.Seq2[PolicyPlace, PolicyAssociation] {
	return table.Each(t.byPolicy, &t.Of, id)
}

// Apply folds one event into the table.
func (t *PolicyAssociations) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.PolicyAssociated:
		t.Put(e.PolicyPlace, PolicyAssociation(e))
	case evt.PolicyDissociated:
		t.Delete(e.PolicyPlace)
	case evt.PolicyDeleted:
		t.drop(keys(t.OfPolicy(e.ID)))
	case evt.EndpointDeleted:
		t.drop(keys(table.Each(t.byPart, &t.Of, e.ID)))
	case evt.ServiceDeleted:
		t.drop(keys(table.Each(t.byPart, &t.Of, e.ID)))
	case evt.RegionDeleted:
		t.drop(keys(table.Each(t.byPart, &t.Of, e.ID)))
	}
}

func (t *PolicyAssociations) drop(gone []PolicyPlace) {
	for _, k := range gone {
		t.Delete(k)
	}
}

// PolicyOf is the policy document of an endpoint: its own, that of its service in its region
// or in one above, or that of its service.
func (t *Tables) PolicyOf(e *Endpoint) (Policy, bool) {
	places := []PolicyPlace{{EndpointID: e.ID}}
	for region, depth := e.RegionID, 0; region != "" && depth < 16; depth++ {
		places = append(places, PolicyPlace{ServiceID: e.ServiceID, RegionID: region})
		above, _ := t.Regions.Get(region)
		region = above.ParentID
	}
	places = append(places, PolicyPlace{ServiceID: e.ServiceID})
	for _, place := range places {
		if a, ok := t.PolicyAssociations.Get(place); ok {
			return t.Policies.Get(a.PolicyID)
		}
	}
	return Policy{}, false
}
