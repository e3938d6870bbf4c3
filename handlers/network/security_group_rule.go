package network

import (
	"slices"
	"strings"

	"skylog/commands"
	cmd "skylog/commands/network"
	"skylog/events"
	evt "skylog/events/network"
	"skylog/projections"
	view "skylog/projections/network"
)

// CreateSecurityGroupRule lets further traffic pass. A rule that can't be
// enforced just as it is written is refused, never loosened.
func CreateSecurityGroupRule(w *projections.World, c cmd.CreateSecurityGroupRule) ([]events.Event, error) {
	g, ok := w.Network.Groups.Get(c.GroupID)
	if !ok || !c.Trusted && g.ProjectID != c.ProjectID {
		return nil, noGroup(c.GroupID)
	}
	rule := evt.SecurityGroupRule{ID: c.ID, ProjectID: c.ProjectID, GroupID: c.GroupID, Description: c.Description, Ingress: c.Ingress, IPv6: c.IPv6,
		Protocol: strings.ToLower(c.Protocol), PortMin: c.PortMin, PortMax: c.PortMax, RemoteGroupID: c.RemoteGroupID, RemotePrefix: c.RemotePrefix}
	if err := within(w, c.ProjectID, "security_group_rule", 1); err != nil {
		return nil, err
	}
	if err := normalise(&rule); err != nil {
		return nil, err
	}
	if rule.RemoteGroupID != "" {
		remote, ok := w.Network.Groups.Get(rule.RemoteGroupID)
		if !ok || !c.Trusted && remote.ProjectID != c.ProjectID {
			return nil, noGroup(rule.RemoteGroupID)
		}
	}
	if same, ok := w.Network.Rules.Like(rule); ok {
		return nil, commands.RefuseAs(commands.Conflict, "SecurityGroupRuleExists", "Security group rule already exists. Rule id is %s.", same.ID)
	}
	return events.List(evt.SecurityGroupRuleAdded{Rule: rule}), nil
}

// normalise brings a rule into the one form in which it is kept, or refuses it.
func normalise(r *evt.SecurityGroupRule) error {
	if r.Protocol == "any" || r.Protocol == "0" && !r.IPv6 {
		r.Protocol = ""
	}
	if r.IPv6 {
		switch r.Protocol {
		case "icmp", "icmpv6":
			r.Protocol = "ipv6-icmp"
		case "1":
			r.Protocol = "58"
		}
	}
	number := view.ProtocolNumber(r.Protocol)
	if number == -2 {
		return commands.RefuseAs(commands.Invalid, "SecurityGroupRuleInvalidProtocol",
			"Security group rule protocol %s not supported. Only protocol values [%s] and integer representations [0 to 255] are supported.",
			r.Protocol, strings.Join(view.ProtocolNames(), ", "))
	}
	if r.PortMin != nil && r.PortMax != nil && *r.PortMin == 1 && *r.PortMax == 65535 {
		r.PortMin, r.PortMax = nil, nil
	}
	if err := checkPorts(*r, number); err != nil {
		return err
	}
	switch {
	case r.RemoteGroupID != "" && r.RemotePrefix.IsValid():
		return commands.RefuseAs(commands.Invalid, "SecurityGroupMultipleRemoteEntites",
			"Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.")
	case r.RemotePrefix.IsValid() && r.RemotePrefix.Addr().Is6() != r.IPv6:
		return commands.RefuseAs(commands.Invalid, "SecurityGroupRuleParameterConflict", "Conflicting value ethertype %s for CIDR %s", family(r.IPv6), r.RemotePrefix)
	case !r.IPv6 && (number == 0 && r.Protocol != "" || slices.Contains([]int{41, 43, 44, 58, 59, 60}, number)):
		return commands.RefuseAs(commands.Invalid, "SecurityGroupEthertypeConflictWithProtocol", "Invalid ethertype %s for protocol %s.", family(r.IPv6), r.Protocol)
	}
	return nil
}

// checkPorts refuses ports, types and codes that the protocol doesn't have.
func checkPorts(r evt.SecurityGroupRule, number int) error {
	if r.PortMin == nil && r.PortMax == nil {
		return nil
	}
	switch number {
	case -1:
		return commands.RefuseAs(commands.Invalid, "SecurityGroupProtocolRequiredWithPorts", "Must also specify protocol if port range is given.")
	case view.TCP, view.UDP, view.DCCP, view.SCTP, view.UDPLite:
		for _, p := range []*int{r.PortMin, r.PortMax} {
			if p != nil && (*p < 1 || *p > 65535) {
				return commands.RefuseAs(commands.Invalid, "SecurityGroupInvalidPortValue", "Invalid value for port %d", *p)
			}
		}
		if r.PortMin == nil || r.PortMax == nil || *r.PortMin > *r.PortMax {
			return commands.RefuseAs(commands.Invalid, "SecurityGroupInvalidPortRange", "For TCP/UDP protocols, port_range_min must be <= port_range_max")
		}
	case view.ICMP, view.ICMPv6:
		return checkICMP(r)
	default:
		return commands.RefuseAs(commands.Invalid, "SecurityGroupInvalidProtocolForPort",
			"Ports cannot be specified for protocol %d. Ports are only supported for TCP, UDP, UDPLITE, SCTP, DCCP.", number)
	}
	return nil
}

func checkICMP(r evt.SecurityGroupRule) error {
	for _, field := range []struct {
		name, attribute string
		value           *int
	}{{"type", "port_range_min", r.PortMin}, {"code", "port_range_max", r.PortMax}} {
		if field.value != nil && (*field.value < 0 || *field.value > 255) {
			return commands.RefuseAs(commands.Invalid, "SecurityGroupInvalidIcmpValue", "Invalid value for ICMP %s (%s) %d. It must be 0 to 255.",
				field.name, field.attribute, *field.value)
		}
	}
	if r.PortMin == nil {
		return commands.RefuseAs(commands.Invalid, "SecurityGroupMissingIcmpType", "ICMP code (port-range-max) %d is provided but ICMP type (port-range-min) is missing.", *r.PortMax)
	}
	return nil
}

// DeleteSecurityGroupRule stops letting traffic pass.
func DeleteSecurityGroupRule(w *projections.World, c cmd.DeleteSecurityGroupRule) ([]events.Event, error) {
	r, ok := w.Network.Rules.Get(c.ID)
	if !ok {
		return nil, commands.RefuseAs(commands.NotFound, "SecurityGroupRuleNotFound", "Security group rule %s does not exist", c.ID)
	}
	if err := current(c.Revision, r.Standard); err != nil {
		return nil, err
	}
	return events.List(evt.SecurityGroupRuleRemoved{ID: r.ID, GroupID: r.GroupID}), nil
}
