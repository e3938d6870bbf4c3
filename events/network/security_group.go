package network

import "net/netip"

// SecurityGroupCreated says that a project has a further security group, without rules so far.
type SecurityGroupCreated struct {
	ID, ProjectID, Name, Description string
	Default                          bool // the one that ports get where none is named
}

// SecurityGroupRenamed says under what name and description a group goes from now on.
type SecurityGroupRenamed struct{ ID, Name, Description string }

// SecurityGroupDeleted says that a group is gone, and its rules with it.
type SecurityGroupDeleted struct{ ID string }

// SecurityGroupRule lets traffic pass to or from a group's members. Zero fields
// match everything of their kind.
type SecurityGroupRule struct {
	ID, ProjectID, GroupID string
	Description            string
	Ingress                bool
	IPv6                   bool
	// Protocol is as its owner wrote it: "", a name or a number.
	Protocol string
	// PortMin and PortMax are the destination ports, or ICMP type and code; nil: any.
	PortMin, PortMax *int
	RemoteGroupID    string
	RemotePrefix     netip.Prefix
}

// SecurityGroupRuleAdded says that a group has a further rule.
type SecurityGroupRuleAdded struct{ Rule SecurityGroupRule }

// SecurityGroupRuleRemoved says that a group has a rule less.
type SecurityGroupRuleRemoved struct{ ID, GroupID string }

// EventType is the wire name.
func (SecurityGroupCreated) EventType() string { return "network.security_group.created" }

// EventType is the wire name.
func (SecurityGroupRenamed) EventType() string { return "network.security_group.renamed" }

// EventType is the wire name.
func (SecurityGroupDeleted) EventType() string { return "network.security_group.deleted" }

// EventType is the wire name.
func (SecurityGroupRuleAdded) EventType() string { return "network.security_group_rule.added" }

// EventType is the wire name.
func (SecurityGroupRuleRemoved) EventType() string { return "network.security_group_rule.removed" }
