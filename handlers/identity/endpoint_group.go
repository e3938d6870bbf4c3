package identity

import (
	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
	view "skylog/projections/identity"
)

// CreateEndpointGroup gives endpoints that are alike a free name together.
func CreateEndpointGroup(w *projections.World, c cmd.CreateEndpointGroup) ([]events.Event, error) {
	if w.Identity.EndpointGroups.Has(c.ID) {
		return nil, idTaken("endpoint_group", c.ID)
	}
	if err := mayGroup(w, evt.EndpointGroupRevised(c)); err != nil {
		return nil, err
	}
	return events.List(evt.EndpointGroupCreated(c)), nil
}

func mayGroup(w *projections.World, g evt.EndpointGroupRevised) error {
	if other, ok := w.Identity.EndpointGroups.Named(g.Name); ok && other.ID != g.ID {
		return commands.Refuse(commands.Conflict, "Conflict occurred attempting to store endpoint_group - Duplicate entry found with name %s.", g.Name)
	}
	if g.ServiceID == "" && g.RegionID == "" && g.Interface == "" {
		return commands.Refuse(commands.Invalid, "filters field is required and cannot be empty")
	}
	return nil
}

// ChangeEndpointGroup revises an endpoint group.
func ChangeEndpointGroup(w *projections.World, c cmd.ChangeEndpointGroup) ([]events.Event, error) {
	g, ok := w.Identity.EndpointGroups.Get(c.ID)
	if !ok {
		return nil, notFound("endpoint group", c.ID)
	}
	is := evt.EndpointGroupRevised{ID: c.ID, Name: or(c.Name, g.Name), Description: or(c.Description, g.Description),
		ServiceID: or(c.ServiceID, g.ServiceID), RegionID: or(c.RegionID, g.RegionID), Interface: or(c.Interface, g.Interface)}
	if err := mayGroup(w, is); err != nil {
		return nil, err
	}
	if is == evt.EndpointGroupRevised(g) {
		return nil, nil
	}
	return events.List(is), nil
}

// DeleteEndpointGroup deletes an endpoint group.
func DeleteEndpointGroup(w *projections.World, c cmd.DeleteEndpointGroup) ([]events.Event, error) {
	if !w.Identity.EndpointGroups.Has(c.ID) {
		return nil, notFound("endpoint group", c.ID)
	}
	return events.List(evt.EndpointGroupDeleted(c)), nil
}

// AssociateEndpoint puts an endpoint or a group into a project's catalog.
func AssociateEndpoint(w *projections.World, c cmd.AssociateEndpoint) ([]events.Event, error) {
	t := &w.Identity
	switch {
	case !t.Projects.Has(c.ProjectID):
		return nil, notFound("project", c.ProjectID)
	case c.Kind == view.AnEndpoint && !t.Endpoints.Has(c.ID):
		return nil, notFound("endpoint", c.ID)
	case c.Kind == view.AnEndpointGroup && !t.EndpointGroups.Has(c.ID):
		return nil, notFound("endpoint group", c.ID)
	case c.Kind != view.AnEndpoint && c.Kind != view.AnEndpointGroup:
		return nil, commands.Refuse(commands.Invalid, "A catalog is made of endpoints and of groups of them.")
	case t.EndpointAssociations.Has(view.EndpointAssociation(c)):
		return nil, nil
	}
	n := 0
	for range t.EndpointAssociations.OfProject(c.ProjectID) {
		if n++; n >= view.MaxAssociations {
			return nil, commands.Refuse(commands.Forbidden, "A project may be associated with %d endpoints and groups.", view.MaxAssociations)
		}
	}
	return events.List(evt.EndpointAssociated(c)), nil
}

// DissociateEndpoint takes an endpoint or a group out of a project's catalog.
func DissociateEndpoint(w *projections.World, c cmd.DissociateEndpoint) ([]events.Event, error) {
	if !w.Identity.EndpointAssociations.Has(view.EndpointAssociation(c)) {
		return nil, commands.Refuse(commands.NotFound, "The %s %s is not associated with project %s.", c.Kind, c.ID, c.ProjectID)
	}
	return events.List(evt.EndpointDissociated(c)), nil
}
