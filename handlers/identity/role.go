package identity

import (
	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
	view "skylog/projections/identity"
)

// CreateRole makes a role under a free name, everybody's or a domain's own.
func CreateRole(w *projections.World, c cmd.CreateRole) ([]events.Event, error) {
	if c.DomainID != "" && !w.Identity.Domains.Has(c.DomainID) {
		return nil, notFound("domain", c.DomainID)
	}
	if w.Identity.Roles.Has(c.ID) {
		return nil, idTaken("role", c.ID)
	}
	if err := roleNameFree(w, c.ID, c.DomainID, c.Name); err != nil {
		return nil, err
	}
	extra, err := merged("", c.Extra)
	if err != nil {
		return nil, err
	}
	c.Extra = extra
	return events.List(evt.RoleCreated(c)), nil
}

func roleNameFree(w *projections.World, id, domainID, name string) error {
	if r, ok := w.Identity.Roles.Named(domainID, name); ok && r.ID != id {
		return commands.Refuse(commands.Conflict, "Conflict occurred attempting to store role - Duplicate entry found with name %s.", name)
	}
	return nil
}

// ChangeRole renames or describes a role.
func ChangeRole(w *projections.World, c cmd.ChangeRole) ([]events.Event, error) {
	r, ok := w.Identity.Roles.Get(c.ID)
	if !ok {
		return nil, notFound("role", c.ID)
	}
	extra, err := merged(r.Extra, c.Extra)
	if err != nil {
		return nil, err
	}
	is := evt.RoleDescribed{ID: c.ID, Name: or(c.Name, r.Name), Description: or(c.Description, r.Description),
		Immutable: or(c.Immutable, r.Immutable), Extra: extra}
	if r.Immutable && is.Immutable {
		return nil, immutable("role", c.ID)
	}
	if err := roleNameFree(w, c.ID, r.DomainID, is.Name); err != nil {
		return nil, err
	}
	if is == (evt.RoleDescribed{ID: r.ID, Name: r.Name, Description: r.Description, Immutable: r.Immutable, Extra: r.Extra}) {
		return nil, nil
	}
	return events.List(is), nil
}

// DeleteRole deletes a role and takes it from whomever has it.
func DeleteRole(w *projections.World, c cmd.DeleteRole) ([]events.Event, error) {
	switch r, ok := w.Identity.Roles.Get(c.ID); {
	case !ok:
		return nil, notFound("role", c.ID)
	case r.Immutable:
		return nil, immutable("role", c.ID)
	}
	return events.List(evt.RoleDeleted(c)), nil
}

// neverImplied is the name of a role that no other brings: nobody may become an administrator by
// the way of another role.
const neverImplied = "admin"

// ImplyRole lets a role bring another.
func ImplyRole(w *projections.World, c cmd.ImplyRole) ([]events.Event, error) {
	_, ok := w.Identity.Roles.Get(c.PriorID)
	implied, there := w.Identity.Roles.Get(c.ImpliedID)
	switch {
	case !ok:
		return nil, notFound("role", c.PriorID)
	case !there:
		return nil, notFound("role", c.ImpliedID)
	case implied.Name == neverImplied || implied.DomainID != "":
		return nil, commands.Refuse(commands.Forbidden, "Role %s cannot be implied by another.", implied.Name)
	case w.Identity.Implications.Has(view.Implication(c)):
		return nil, nil
	}
	return events.List(evt.RoleImplied(c)), nil
}

// StopImplyingRole lets a role no more bring another.
func StopImplyingRole(w *projections.World, c cmd.StopImplyingRole) ([]events.Event, error) {
	if !w.Identity.Implications.Has(view.Implication(c)) {
		return nil, commands.Refuse(commands.NotFound, "%s does not imply %s.", c.PriorID, c.ImpliedID)
	}
	return events.List(evt.RoleNoLongerImplied(c)), nil
}
