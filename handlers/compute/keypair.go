package compute

import (
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

// ImportKeypair files a public key unless the user has one of that name or as many as the quota allows.
func ImportKeypair(w *projections.World, c cmd.ImportKeypair) ([]events.Event, error) {
	id := view.KeypairID{UserID: c.UserID, Name: c.Name}
	limit := w.Compute.Quotas.Limit(c.ProjectID, "key_pairs")
	switch keys := &w.Compute.Keypairs; {
	case keys.Has(id):
		return nil, commands.Refuse(commands.Conflict, "Key pair '%s' already exists.", c.Name)
	case limit >= 0 && keys.CountOf(c.UserID) >= limit:
		return nil, commands.Refuse(commands.OverLimit, "Quota exceeded, too many key pairs.")
	}
	return events.List(evt.KeypairImported{UserID: c.UserID, Name: c.Name, Type: c.Type, PublicKey: c.PublicKey, Fingerprint: c.Fingerprint}), nil
}

// DeleteKeypair forgets a key; servers booted with it keep it.
func DeleteKeypair(w *projections.World, c cmd.DeleteKeypair) ([]events.Event, error) {
	if !w.Compute.Keypairs.Has(view.KeypairID(c)) {
		return nil, commands.Refuse(commands.NotFound, "Keypair %s not found for user %s", c.Name, c.UserID)
	}
	return events.List(evt.KeypairDeleted(c)), nil
}
