// Package network has the rules of the network service: which addresses,
// segments and MACs are given out, what may overlap, what is in use and by how
// much a project is over its limits. Refusals bear the names that Neutron has
// for them.
package network

import (
	"crypto/sha256"
	"fmt"

	"github.com/google/uuid"

	"skylog/commands"
	"skylog/handlers"
	"skylog/projections"
	view "skylog/projections/network"
)

// Register registers the service's deciders.
func Register(r *handlers.Registry) {
	handlers.On(r, CreateNetwork)
	handlers.On(r, UpdateNetwork)
	handlers.On(r, DeleteNetwork)
	handlers.On(r, CreateSubnet)
	handlers.On(r, UpdateSubnet)
	handlers.On(r, DeleteSubnet)
	handlers.On(r, CreatePort)
	handlers.On(r, UpdatePort)
	handlers.On(r, DeletePort)
	handlers.On(r, BindPort)
	handlers.On(r, ReportPortUp)
	handlers.On(r, ReportPortDown)
	handlers.On(r, CreateSecurityGroup)
	handlers.On(r, EnsureDefaultSecurityGroup)
	handlers.On(r, UpdateSecurityGroup)
	handlers.On(r, DeleteSecurityGroup)
	handlers.On(r, CreateSecurityGroupRule)
	handlers.On(r, DeleteSecurityGroupRule)
	handlers.On(r, ChangeTags)
	handlers.On(r, SetQuota)
	handlers.On(r, ResetQuota)
}

// derived is an id that derives from another one and what it is for, so that
// deciding twice gives the same.
func derived(seed, what string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("skylog/network/"+seed+"/"+what)).String()
}

// invalid refuses what makes no sense in Neutron's words for it.
func invalid(format string, args ...any) error {
	return commands.RefuseAs(commands.Invalid, "InvalidInput", "Invalid input for operation: %s.", fmt.Sprintf(format, args...))
}

// current refuses a change by someone who saw another revision than the newest.
func current(revision int, s view.Standard) error {
	if revision == 0 || revision == s.Revision {
		return nil
	}
	return commands.RefuseAs(commands.Stale, "RevisionNumberConstraintFailed", "Constrained to %d, but current revision is %d", revision, s.Revision)
}

// within refuses what would bring a project over its limit.
func within(w *projections.World, projectID, resource string, more int) error {
	limit := w.Network.Quotas.Limits(projectID)[resource]
	if limit < 0 || w.Network.Used(projectID, resource)+more <= limit {
		return nil
	}
	return commands.RefuseAs(commands.OverLimit, "OverQuota", "Quota exceeded for resources: ['%s'].", resource)
}

// macTries is how often a MAC is derived anew before the network counts as full:
// with a million ports on it, one try in sixteen finds its MAC taken.
const macTries = 64

// mac derives a MAC that no other port of the network has.
func mac(w *projections.World, networkID, seed string) (string, error) {
	for try := range macTries {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", seed, try))
		mac := fmt.Sprintf("fa:16:3e:%02x:%02x:%02x", sum[0], sum[1], sum[2])
		if !macInUse(w, networkID, mac) {
			return mac, nil
		}
	}
	return "", commands.RefuseAs(commands.Exhausted, "NetworkMacAddressGenerationFailure", "Unable to generate unique mac on network %s.", networkID)
}

func macInUse(w *projections.World, networkID, mac string) bool {
	for range w.Network.Ports.WithMAC(networkID, mac, "") {
		return true
	}
	return false
}
