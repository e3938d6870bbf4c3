package compute

// KeypairImported says that a user's key is on file from now on.
type KeypairImported struct{ UserID, Name, Type, PublicKey, Fingerprint string }

// KeypairDeleted says that the name is free again.
type KeypairDeleted struct{ UserID, Name string }

// EventType is the wire name.
func (KeypairImported) EventType() string { return "compute.keypair.imported" }

// EventType is the wire name.
func (KeypairDeleted) EventType() string { return "compute.keypair.deleted" }
