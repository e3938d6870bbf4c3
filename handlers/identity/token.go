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

// PassDeadline forgets that a token was revoked once it has expired anyway, and ends trusts
// whose time has come.
func PassDeadline(w *projections.World, c cmd.PassDeadline) ([]events.Event, error) {
	switch c.Kind {
	case view.DueRevocation:
		if r, ok := w.Identity.Revocations.Get(c.ID); ok && r.Due.Equal(c.Due) {
			return events.List(evt.TokenRevocationForgotten{AuditID: c.ID}), nil
		}
	case view.DueTrust:
		if k, ok := w.Identity.Trusts.Get(c.ID); ok && k.Due.Equal(c.Due) {
			return events.List(evt.TrustDeleted{ID: c.ID}), nil
		}
	}
	return nil, nil
}
