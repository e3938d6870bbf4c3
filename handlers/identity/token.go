package identity

import (
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
	view "skylog/projections/identity"
)

// RevokeToken makes a token void; one that is stays so.
func RevokeToken(w *projections.World, c cmd.RevokeToken) ([]events.Event, error) {
	if w.Identity.Revocations.Has(c.AuditID) {
		return nil, nil
	}
	return events.List(evt.TokenRevoked(c)), nil
}

// PassDeadline forgets that a token was revoked once it has expired anyway.
func PassDeadline(w *projections.World, c cmd.PassDeadline) ([]events.Event, error) {
	r, ok := w.Identity.Revocations.Get(c.ID)
	if c.Kind != view.DueRevocation || !ok || !r.Due.Equal(c.Due) {
		return nil, nil
	}
	return events.List(evt.TokenRevocationForgotten{AuditID: c.ID}), nil
}
