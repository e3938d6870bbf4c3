package identity

import (
	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
	view "skylog/projections/identity"
)

// CreateDomain makes a domain unless there is one of that name.
func CreateDomain(w *projections.World, c cmd.CreateDomain) ([]events.Event, error) {
	if w.Identity.Domains.Has(c.ID) {
		return nil, idTaken("domain", c.ID)
	}
	if err := domainNameFree(w, c.ID, c.Name); err != nil {
		return nil, err
	}
	extra, err := merged("", c.Extra)
	if err != nil {
		return nil, err
	}
	c.Extra = extra
	return events.List(evt.DomainCreated(c)), nil
}

func domainNameFree(w *projections.World, id, name string) error {
	if d, ok := w.Identity.Domains.Named(name); ok && d.ID != id {
		return commands.Refuse(commands.Conflict, "Conflict occurred attempting to store domain - it is not permitted to have two domains with the same name: %s.", name)
	}
	return nil
}

// ChangeDomain renames, describes, enables or disables a domain. One that is
// immutable changes only in that it becomes mutable.
func ChangeDomain(w *projections.World, c cmd.ChangeDomain) ([]events.Event, error) {
	d, ok := w.Identity.Domains.Get(c.ID)
	if !ok {
		return nil, notFound("domain", c.ID)
	}
	extra, err := merged(d.Extra, c.Extra)
	if err != nil {
		return nil, err
	}
	is := evt.DomainDescribed{ID: c.ID, Name: or(c.Name, d.Name), Description: or(c.Description, d.Description),
		Immutable: or(c.Immutable, d.Immutable), Extra: extra}
	if d.Immutable && is.Immutable {
		return nil, immutable("domain", c.ID)
	}
	if err := domainNameFree(w, c.ID, is.Name); err != nil {
		return nil, err
	}
	var facts []events.Event
	if is != (evt.DomainDescribed{ID: d.ID, Name: d.Name, Description: d.Description, Immutable: d.Immutable, Extra: d.Extra}) {
		facts = append(facts, is)
	}
	switch enabled := or(c.Enabled, d.Enabled); {
	case enabled && !d.Enabled:
		facts = append(facts, evt.DomainEnabled{ID: c.ID})
	case !enabled && d.Enabled:
		facts = append(facts, evt.DomainDisabled{ID: c.ID})
	}
	return facts, nil
}

// maxInDomain is how many things a domain may hold to be deleted in one go: their
// events must fit into one frame.
const maxInDomain = 2000

// DeleteDomain deletes a disabled domain and, one by one, all that is in it.
func DeleteDomain(w *projections.World, c cmd.DeleteDomain) ([]events.Event, error) {
	d, ok := w.Identity.Domains.Get(c.ID)
	switch {
	case !ok:
		return nil, notFound("domain", c.ID)
	case d.Immutable:
		return nil, immutable("domain", c.ID)
	case d.Enabled:
		return nil, commands.Refuse(commands.Forbidden, "Cannot delete a domain that is enabled, please disable it first.")
	}
	var facts []events.Event
	for id := range w.Identity.Users.OfDomain(c.ID, "") {
		facts = append(facts, evt.UserDeleted{ID: id})
		if len(facts) > maxInDomain {
			return nil, tooMuch(d)
		}
	}
	for id := range w.Identity.Groups.OfDomain(c.ID, "") {
		facts = append(facts, evt.GroupDeleted{ID: id})
		if len(facts) > maxInDomain {
			return nil, tooMuch(d)
		}
	}
	for id := range w.Identity.Projects.OfDomain(c.ID, "") {
		facts = append(facts, evt.ProjectDeleted{ID: id})
		if len(facts) > maxInDomain {
			return nil, tooMuch(d)
		}
	}
	for id := range w.Identity.Roles.OfDomain(c.ID) {
		facts = append(facts, evt.RoleDeleted{ID: id})
		if len(facts) > maxInDomain {
			return nil, tooMuch(d)
		}
	}
	return append(facts, evt.DomainDeleted(c)), nil
}

func tooMuch(d view.Domain) error {
	return commands.Refuse(commands.Conflict,
		"Domain %s holds more than %d users, groups, projects and roles. Delete some of them first.", d.ID, maxInDomain)
}
