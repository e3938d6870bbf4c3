package identity

import (
	"cmp"

	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
	view "skylog/projections/identity"
)

// CreateRegisteredLimit says how much of a resource a project may have by default.
func CreateRegisteredLimit(w *projections.World, c cmd.CreateRegisteredLimit) ([]events.Event, error) {
	what := view.Limited{ServiceID: c.ServiceID, RegionID: c.RegionID, ResourceName: c.ResourceName}
	if w.Identity.RegisteredLimits.Has(c.ID) {
		return nil, idTaken("registered_limit", c.ID)
	}
	if err := mayRegister(w, c.ID, what); err != nil {
		return nil, err
	}
	return events.List(evt.RegisteredLimitCreated(c)), nil
}

func mayRegister(w *projections.World, id string, what view.Limited) error {
	if err := endpointRefers(w, what.ServiceID, what.RegionID); err != nil {
		return err
	}
	if other, ok := w.Identity.RegisteredLimits.On(what); ok && other.ID != id {
		return commands.Refuse(commands.Conflict, "Conflict occurred attempting to store registered_limit - Duplicate entry.")
	}
	return nil
}

// referred refuses to touch a registered limit in whose place others stand.
func referred(w *projections.World, l view.RegisteredLimit) error {
	if w.Identity.Limits.Any(l.Limited) {
		return commands.Refuse(commands.Forbidden, "Unable to update or delete registered limit %s because there are project limits associated with it.", l.ID)
	}
	return nil
}

// ChangeRegisteredLimit revises a registered limit.
func ChangeRegisteredLimit(w *projections.World, c cmd.ChangeRegisteredLimit) ([]events.Event, error) {
	l, ok := w.Identity.RegisteredLimits.Get(c.ID)
	if !ok {
		return nil, notFound("registered limit", c.ID)
	}
	is := evt.RegisteredLimitRevised{ID: c.ID, ServiceID: or(c.ServiceID, l.ServiceID), RegionID: or(c.RegionID, l.RegionID),
		ResourceName: or(c.ResourceName, l.ResourceName), Description: or(c.Description, l.Description), Default: or(c.Default, l.Default)}
	what := view.Limited{ServiceID: is.ServiceID, RegionID: is.RegionID, ResourceName: is.ResourceName}
	if what != l.Limited {
		if err := referred(w, l); err != nil {
			return nil, err
		}
		if err := mayRegister(w, c.ID, what); err != nil {
			return nil, err
		}
	}
	if is.Description == l.Description && is.Default == l.Default && what == l.Limited {
		return nil, nil
	}
	return events.List(is), nil
}

// DeleteRegisteredLimit deletes a registered limit.
func DeleteRegisteredLimit(w *projections.World, c cmd.DeleteRegisteredLimit) ([]events.Event, error) {
	l, ok := w.Identity.RegisteredLimits.Get(c.ID)
	if !ok {
		return nil, notFound("registered limit", c.ID)
	}
	if err := referred(w, l); err != nil {
		return nil, err
	}
	return events.List(evt.RegisteredLimitDeleted(c)), nil
}

// CreateLimit gives a project or a domain a limit of its own on what is registered.
func CreateLimit(w *projections.World, c cmd.CreateLimit) ([]events.Event, error) {
	t := &w.Identity
	what := view.Limited{ServiceID: c.ServiceID, RegionID: c.RegionID, ResourceName: c.ResourceName}
	if t.Domains.Has(c.ProjectID) && c.DomainID == "" { // a domain is its own topmost project
		c.ProjectID, c.DomainID = "", c.ProjectID
	}
	switch {
	case t.Limits.Has(c.ID):
		return nil, idTaken("limit", c.ID)
	case (c.ProjectID == "") == (c.DomainID == ""):
		return nil, commands.Refuse(commands.Invalid, "A limit is either a project's or a domain's.")
	case c.ProjectID != "" && !t.Projects.Has(c.ProjectID):
		return nil, commands.Refuse(commands.Invalid, "Could not find project: %s.", c.ProjectID)
	case c.DomainID != "" && !t.Domains.Has(c.DomainID):
		return nil, commands.Refuse(commands.Invalid, "Could not find domain: %s.", c.DomainID)
	}
	if err := endpointRefers(w, c.ServiceID, c.RegionID); err != nil {
		return nil, err
	}
	if _, ok := t.RegisteredLimits.On(what); !ok {
		return nil, commands.Refuse(commands.Forbidden, "Unable to create a limit that has no corresponding registered limit.")
	}
	if _, taken := t.Limits.Owned(cmp.Or(c.ProjectID, c.DomainID), what); taken {
		return nil, commands.Refuse(commands.Conflict, "Conflict occurred attempting to store limit - Duplicate entry.")
	}
	return events.List(evt.LimitCreated(c)), nil
}

// ChangeLimit changes how much a limit is.
func ChangeLimit(w *projections.World, c cmd.ChangeLimit) ([]events.Event, error) {
	l, ok := w.Identity.Limits.Get(c.ID)
	if !ok {
		return nil, notFound("limit", c.ID)
	}
	is := evt.LimitRevised{ID: c.ID, Limit: or(c.Limit, l.Limit), Description: or(c.Description, l.Description)}
	if is.Limit == l.Limit && is.Description == l.Description {
		return nil, nil
	}
	return events.List(is), nil
}

// DeleteLimit lets the registered limit count again.
func DeleteLimit(w *projections.World, c cmd.DeleteLimit) ([]events.Event, error) {
	if !w.Identity.Limits.Has(c.ID) {
		return nil, notFound("limit", c.ID)
	}
	return events.List(evt.LimitDeleted(c)), nil
}
