package identity

import (
	"slices"

	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
	view "skylog/projections/identity"
)

// maxApplicationCredentials is how many a user may have.
const maxApplicationCredentials = 500

// CreateApplicationCredential lets a program log in as the user. It may have no
// role that the user hasn't there.
func CreateApplicationCredential(w *projections.World, c cmd.CreateApplicationCredential) ([]events.Event, error) {
	all := &w.Identity.ApplicationCredentials
	_, taken := all.Named(c.UserID, c.Name)
	switch {
	case !w.Identity.Users.Has(c.UserID):
		return nil, notFound("user", c.UserID)
	case !w.Identity.Projects.Has(c.ProjectID):
		return nil, notFound("project", c.ProjectID)
	case taken:
		return nil, commands.Refuse(commands.Conflict, "Conflict occurred attempting to store application_credential - Duplicate entry found with name %s.", c.Name)
	case all.Has(c.ID):
		return nil, idTaken("application_credential", c.ID)
	case all.CountOf(c.UserID) >= maxApplicationCredentials:
		return nil, commands.Refuse(commands.Forbidden, "A user may have %d application credentials.", maxApplicationCredentials)
	case len(c.RoleIDs) == 0:
		return nil, commands.Refuse(commands.Invalid, "An application credential needs a role.")
	}
	held := w.Identity.Effective(c.UserID, view.Target{Kind: view.OnProject, ID: c.ProjectID})
	for _, id := range c.RoleIDs {
		if !slices.ContainsFunc(held, func(r view.Role) bool { return r.ID == id }) {
			return nil, commands.Refuse(commands.Invalid, "Could not find role assignment with role: %s, user or group: %s, project, domain, or system: %s.",
				id, c.UserID, c.ProjectID)
		}
	}
	rules, made, err := accessRules(w, c.UserID, c.AccessRules)
	if err != nil {
		return nil, err
	}
	return append(made, evt.ApplicationCredentialCreated{ID: c.ID, UserID: c.UserID, ProjectID: c.ProjectID, Name: c.Name, Description: c.Description,
		SecretHash: c.SecretHash, RoleIDs: c.RoleIDs, Expires: c.Expires, Unrestricted: c.Unrestricted, AccessRuleIDs: rules}), nil
}

// DeleteApplicationCredential makes a credential useless. Another user's isn't there.
func DeleteApplicationCredential(w *projections.World, c cmd.DeleteApplicationCredential) ([]events.Event, error) {
	if a, ok := w.Identity.ApplicationCredentials.Get(c.ID); !ok || a.UserID != c.UserID {
		return nil, notFound("application credential", c.ID)
	}
	return events.List(evt.ApplicationCredentialDeleted{ID: c.ID}), nil
}
