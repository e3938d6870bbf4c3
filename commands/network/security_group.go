package network

import "net/netip"

// CreateSecurityGroup makes a group whose members may send anything and receive nothing.
type CreateSecurityGroup struct{ ID, ProjectID, Name, Description string }

// EnsureDefaultSecurityGroup makes a project's default group where it has none.
// Seed is what the ids of group and rules derive from.
type EnsureDefaultSecurityGroup struct{ ProjectID, Seed string }

// UpdateSecurityGroup changes a group's name or description.
type UpdateSecurityGroup struct {
	ID                string
	Revision          int
	Name, Description *string
}

// DeleteSecurityGroup removes a group that no port is in. The default group goes
// only where Trusted.
type DeleteSecurityGroup struct {
	ID       string
	Revision int
	Trusted  bool
}

// CreateSecurityGroupRule lets further traffic pass to or from a group's members.
type CreateSecurityGroupRule struct {
	ID, ProjectID, GroupID string
	Trusted                bool
	Description            string
	Ingress, IPv6          bool
	Protocol               string
	PortMin, PortMax       *int
	RemoteGroupID          string
	RemotePrefix           netip.Prefix
}

// DeleteSecurityGroupRule stops letting it pass.
type DeleteSecurityGroupRule struct {
	ID       string
	Revision int
}

// CommandType is the wire name.
func (CreateSecurityGroup) CommandType() string { return "network.security_group.create" }

// CommandType is the wire name.
func (EnsureDefaultSecurityGroup) CommandType() string {
	return "network.security_group.ensure_default"
}

// CommandType is the wire name.
func (UpdateSecurityGroup) CommandType() string { return "network.security_group.update" }

// CommandType is the wire name.
func (DeleteSecurityGroup) CommandType() string { return "network.security_group.delete" }

// CommandType is the wire name.
func (CreateSecurityGroupRule) CommandType() string { return "network.security_group_rule.create" }

// CommandType is the wire name.
func (DeleteSecurityGroupRule) CommandType() string { return "network.security_group_rule.delete" }
