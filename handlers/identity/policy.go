package identity

import (
	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
	view "skylog/projections/identity"
)

// maxPolicies is how many policy documents are kept: they are for few services.
const maxPolicies = 1000

// CreatePolicy keeps a policy document.
func CreatePolicy(w *projections.World, c cmd.CreatePolicy) ([]events.Event, error) {
	switch {
	case w.Identity.Policies.Has(c.ID):
		return nil, idTaken("policy", c.ID)
	case w.Identity.Policies.Len() >= maxPolicies:
		return nil, commands.Refuse(commands.Forbidden, "There may be %d policies.", maxPolicies)
	}
	extra, err := merged("", c.Extra)
	if err != nil {
		return nil, err
	}
	c.Extra = extra
	return events.List(evt.PolicyCreated(c)), nil
}

// ChangePolicy revises a policy document.
func ChangePolicy(w *projections.World, c cmd.ChangePolicy) ([]events.Event, error) {
	p, ok := w.Identity.Policies.Get(c.ID)
	if !ok {
		return nil, notFound("policy", c.ID)
	}
	extra, err := merged(p.Extra, c.Extra)
	if err != nil {
		return nil, err
	}
	is := evt.PolicyRevised{ID: c.ID, Type: or(c.Type, p.Type), Blob: or(c.Blob, p.Blob), Extra: extra}
	if is == evt.PolicyRevised(p) {
		return nil, nil
	}
	return events.List(is), nil
}

// DeletePolicy deletes a policy document.
func DeletePolicy(w *projections.World, c cmd.DeletePolicy) ([]events.Event, error) {
	if !w.Identity.Policies.Has(c.ID) {
		return nil, notFound("policy", c.ID)
	}
	return events.List(evt.PolicyDeleted(c)), nil
}

// AssociatePolicy makes a policy document the one of a place.
func AssociatePolicy(w *projections.World, c cmd.AssociatePolicy) ([]events.Event, error) {
	t, place := &w.Identity, view.PolicyPlace(c.PolicyPlace)
	switch {
	case !t.Policies.Has(c.PolicyID):
		return nil, notFound("policy", c.PolicyID)
	case (place.EndpointID == "") == (place.ServiceID == ""), place.RegionID != "" && place.ServiceID == "":
		return nil, commands.Refuse(commands.Invalid, "A policy is for an endpoint, a service, or a service in a region.")
	case place.EndpointID != "" && !t.Endpoints.Has(place.EndpointID):
		return nil, notFound("endpoint", place.EndpointID)
	case place.ServiceID != "" && !t.Services.Has(place.ServiceID):
		return nil, notFound("service", place.ServiceID)
	case place.RegionID != "" && !t.Regions.Has(place.RegionID):
		return nil, notFound("region", place.RegionID)
	}
	if has, _ := t.PolicyAssociations.Get(place); has.PolicyID == c.PolicyID {
		return nil, nil
	}
	return events.List(evt.PolicyAssociated{PolicyPlace: place, PolicyID: c.PolicyID}), nil
}

// DissociatePolicy lets a place have no policy document.
func DissociatePolicy(w *projections.World, c cmd.DissociatePolicy) ([]events.Event, error) {
	place := view.PolicyPlace(c.PolicyPlace)
	if has, ok := w.Identity.PolicyAssociations.Get(place); !ok || has.PolicyID != c.PolicyID {
		return nil, commands.Refuse(commands.NotFound, "Could not find policy association with policy %s.", c.PolicyID)
	}
	return events.List(evt.PolicyDissociated{PolicyPlace: place}), nil
}
