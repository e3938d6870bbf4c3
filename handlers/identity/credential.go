package identity

import (
	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
)

// maxCredentials is how many credentials a user may have.
const maxCredentials = 500

// CreateCredential keeps something secret of a user's.
func CreateCredential(w *projections.World, c cmd.CreateCredential) ([]events.Event, error) {
	t := &w.Identity
	switch {
	case t.Credentials.Has(c.ID):
		return nil, idTaken("credential", c.ID)
	case !t.Users.Has(c.UserID):
		return nil, notFound("user", c.UserID)
	case c.ProjectID != "" && !t.Projects.Has(c.ProjectID):
		return nil, notFound("project", c.ProjectID)
	case t.Credentials.CountOf(c.UserID) >= maxCredentials:
		return nil, commands.Refuse(commands.Forbidden, "A user may have %d credentials.", maxCredentials)
	}
	return events.List(evt.CredentialCreated(c)), nil
}

// ReplaceCredential gives a credential another content.
func ReplaceCredential(w *projections.World, c cmd.ReplaceCredential) ([]events.Event, error) {
	if !w.Identity.Credentials.Has(c.ID) {
		return nil, notFound("credential", c.ID)
	}
	return events.List(evt.CredentialReplaced(c)), nil
}

// DeleteCredential makes a credential useless.
func DeleteCredential(w *projections.World, c cmd.DeleteCredential) ([]events.Event, error) {
	if !w.Identity.Credentials.Has(c.ID) {
		return nil, notFound("credential", c.ID)
	}
	return events.List(evt.CredentialDeleted(c)), nil
}
