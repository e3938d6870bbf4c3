package identity

import (
	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
	view "skylog/projections/identity"
)

// GrantRole gives an actor a role on a target; who has it keeps it.
func GrantRole(w *projections.World, c cmd.GrantRole) ([]events.Event, error) {
	role, ok := w.Identity.Roles.Get(c.RoleID)
	if !ok {
		return nil, notFound("role", c.RoleID)
	}
	if err := actorExists(w, c.Assignment); err != nil {
		return nil, err
	}
	domainID, err := targetDomain(w, c.Assignment)
	if err != nil {
		return nil, err
	}
	if role.DomainID != "" && role.DomainID != domainID && c.TargetKind == view.OnProject {
		return nil, commands.Refuse(commands.Forbidden, "Role %s is another domain's own.", role.ID)
	}
	if w.Identity.Assignments.Has(view.Assignment(c.Assignment)) {
		return nil, nil
	}
	return events.List(evt.RoleGranted{Assignment: evt.Assignment(c.Assignment)}), nil
}

func actorExists(w *projections.World, a cmd.Assignment) error {
	switch {
	case a.ActorKind == view.ForUser && !w.Identity.Users.Has(a.ActorID):
		return notFound("user", a.ActorID)
	case a.ActorKind == view.ForGroup && !w.Identity.Groups.Has(a.ActorID):
		return notFound("group", a.ActorID)
	case a.ActorKind != view.ForUser && a.ActorKind != view.ForGroup:
		return commands.Refuse(commands.Invalid, "A role is granted to a user or a group.")
	}
	return nil
}

// targetDomain is the domain of a target; the system has none.
func targetDomain(w *projections.World, a cmd.Assignment) (string, error) {
	switch a.TargetKind {
	case view.OnProject:
		if p, ok := w.Identity.Projects.Get(a.TargetID); ok {
			return p.DomainID, nil
		}
		return "", notFound("project", a.TargetID)
	case view.OnDomain:
		if w.Identity.Domains.Has(a.TargetID) {
			return a.TargetID, nil
		}
		return "", notFound("domain", a.TargetID)
	case view.OnSystem:
		if a.TargetID == view.SystemID && !a.Inherited {
			return "", nil
		}
	}
	return "", commands.Refuse(commands.Invalid, "A role is granted on a project, a domain or the system.")
}

// RevokeRole takes a role back.
func RevokeRole(w *projections.World, c cmd.RevokeRole) ([]events.Event, error) {
	if !w.Identity.Assignments.Has(view.Assignment(c.Assignment)) {
		return nil, commands.Refuse(commands.NotFound,
			"Could not find role assignment with role: %s, user or group: %s, project, domain, or system: %s.", c.RoleID, c.ActorID, c.TargetID)
	}
	return events.List(evt.RoleRevoked{Assignment: evt.Assignment(c.Assignment)}), nil
}
