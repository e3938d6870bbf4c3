package identity

import (
	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
	view "skylog/projections/identity"
)

// CreateGroup makes a group in a domain under a free name.
func CreateGroup(w *projections.World, c cmd.CreateGroup) ([]events.Event, error) {
	if !w.Identity.Domains.Has(c.DomainID) {
		return nil, notFound("domain", c.DomainID)
	}
	if w.Identity.Groups.Has(c.ID) {
		return nil, idTaken("group", c.ID)
	}
	if _, ok := w.Identity.Groups.Named(c.DomainID, c.Name); ok {
		return nil, taken("group", c.Name, c.DomainID)
	}
	extra, err := merged("", c.Extra)
	if err != nil {
		return nil, err
	}
	c.Extra = extra
	return events.List(evt.GroupCreated(c)), nil
}

// ChangeGroup renames or describes a group.
func ChangeGroup(w *projections.World, c cmd.ChangeGroup) ([]events.Event, error) {
	g, ok := w.Identity.Groups.Get(c.ID)
	if !ok {
		return nil, notFound("group", c.ID)
	}
	extra, err := merged(g.Extra, c.Extra)
	if err != nil {
		return nil, err
	}
	is := evt.GroupDescribed{ID: c.ID, Name: or(c.Name, g.Name), Description: or(c.Description, g.Description), Extra: extra}
	if other, ok := w.Identity.Groups.Named(g.DomainID, is.Name); ok && other.ID != c.ID {
		return nil, taken("group", is.Name, g.DomainID)
	}
	if is == (evt.GroupDescribed{ID: g.ID, Name: g.Name, Description: g.Description, Extra: g.Extra}) {
		return nil, nil
	}
	return events.List(is), nil
}

// DeleteGroup deletes a group; its users stay.
func DeleteGroup(w *projections.World, c cmd.DeleteGroup) ([]events.Event, error) {
	if !w.Identity.Groups.Has(c.ID) {
		return nil, notFound("group", c.ID)
	}
	return events.List(evt.GroupDeleted(c)), nil
}

// JoinGroup puts a user into a group; who is in it stays so.
func JoinGroup(w *projections.World, c cmd.JoinGroup) ([]events.Event, error) {
	switch {
	case !w.Identity.Users.Has(c.UserID):
		return nil, notFound("user", c.UserID)
	case !w.Identity.Groups.Has(c.GroupID):
		return nil, notFound("group", c.GroupID)
	case w.Identity.Memberships.Has(view.Membership(c)):
		return nil, nil
	}
	return events.List(evt.UserJoinedGroup(c)), nil
}

// LeaveGroup takes a user out of a group.
func LeaveGroup(w *projections.World, c cmd.LeaveGroup) ([]events.Event, error) {
	if !w.Identity.Memberships.Has(view.Membership(c)) {
		return nil, commands.Refuse(commands.NotFound, "User '%s' not found in group '%s'.", c.UserID, c.GroupID)
	}
	return events.List(evt.UserLeftGroup(c)), nil
}
