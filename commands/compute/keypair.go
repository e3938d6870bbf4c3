// Package compute is what may be asked of the compute service.
package compute

// ImportKeypair files a public key under a name of the user's choosing.
// A private half, where the API made one, never gets this far.
type ImportKeypair struct{ UserID, ProjectID, Name, Type, PublicKey, Fingerprint string }

// DeleteKeypair forgets a key. Servers booted with it keep it.
type DeleteKeypair struct{ UserID, Name string }

// CommandType is the wire name.
func (ImportKeypair) CommandType() string { return "compute.keypair.import" }

// CommandType is the wire name.
func (DeleteKeypair) CommandType() string { return "compute.keypair.delete" }
