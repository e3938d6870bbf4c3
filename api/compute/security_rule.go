package compute

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"skylog/api"
	"skylog/commands"
	netcmd "skylog/commands/network"
)

type (
	createSecurityRuleIn struct {
		Body struct {
			Rule struct {
				ParentGroupID string  `json:"parent_group_id" maxLength:"255"`
				GroupID       *string `json:"group_id,omitempty" maxLength:"255" nullable:"true"`
				Protocol      *string `json:"ip_protocol,omitempty" maxLength:"40" nullable:"true"`
				From          any     `json:"from_port,omitempty"`
				To            any     `json:"to_port,omitempty"`
				CIDR          *string `json:"cidr,omitempty" maxLength:"64" nullable:"true"`
			} `json:"security_group_rule"`
		}
	}
	securityRuleOut struct {
		Body struct {
			Rule securityRule `json:"security_group_rule"`
		}
	}
)

// createSecurityRule lets further traffic in. A rule for addresses must name a
// protocol and ports; one for a group without them is for all.
func (s *Service) createSecurityRule(ctx context.Context, in *createSecurityRuleIn) (*securityRuleOut, error) {
	want := in.Body.Rule
	g, err := seenGroup(ctx, want.ParentGroupID, "get_security_group")
	if err != nil {
		return nil, err
	}
	target := api.Target{ProjectID: g.ProjectID, Attrs: map[string]string{"security_group:project_id": g.ProjectID, "security_group:tenant_id": g.ProjectID}}
	if err := api.AllowRule(ctx, "create_security_group_rule", target); err != nil {
		return nil, err
	}
	c := netcmd.CreateSecurityGroupRule{ID: api.NewID(ctx), ProjectID: api.From(ctx).ProjectID, GroupID: g.ID, Trusted: isAdmin(ctx), Ingress: true}
	from, to, ports, err := portsOfRule(want.From, want.To)
	if err != nil {
		return nil, err
	}
	protocol := ""
	if want.Protocol != nil {
		protocol = strings.ToLower(*want.Protocol)
	}
	if want.GroupID != nil {
		if _, err := seenGroup(ctx, *want.GroupID, "get_security_group"); err != nil {
			return nil, err
		}
		c.RemoteGroupID = *want.GroupID
		if !ports {
			from, to, ports = everyPort(protocol)
		}
	} else if c.RemotePrefix, err = rangeOf(want.CIDR); err != nil {
		return nil, err
	} else if protocol == "" || !ports {
		return nil, commands.Refuse(commands.Invalid, "Not enough parameters to build a valid rule.")
	}
	c.IPv6 = c.RemotePrefix.IsValid() && c.RemotePrefix.Addr().Is6()
	if protocol != "" && ports {
		if err := checkPorts(protocol, from, to); err != nil {
			return nil, err
		}
		c.Protocol = protocol
		if from >= 0 {
			c.PortMin = &from
		}
		if to >= 0 {
			c.PortMax = &to
		}
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, asInvalid(err)
	}
	out := &securityRuleOut{}
	r, _ := w.Network.Rules.Get(c.ID)
	out.Body.Rule = showSecurityRule(w, r)
	return out, nil
}

// rangeOf reads from which addresses a rule lets in: without any, from all of IPv4.
func rangeOf(cidr *string) (netip.Prefix, error) {
	if cidr == nil || *cidr == "" {
		return netip.MustParsePrefix("0.0.0.0/0"), nil
	}
	p, err := netip.ParsePrefix(*cidr)
	if err != nil {
		if a, wrong := netip.ParseAddr(*cidr); wrong == nil {
			return netip.PrefixFrom(a, a.BitLen()), nil
		}
		return p, commands.Refuse(commands.Invalid, "Invalid cidr %s.", *cidr)
	}
	return p, nil
}

// portsOfRule reads the first and last port of a rule, sent as numbers or as text.
func portsOfRule(first, last any) (from, to int, sent bool, err error) {
	if first == nil || last == nil {
		return 0, 0, false, nil
	}
	for into, port := range map[*int]any{&from: first, &to: last} {
		if *into, err = strconv.Atoi(fmt.Sprint(port)); err != nil {
			return 0, 0, true, commands.Refuse(commands.Invalid, "Invalid input received: To and From ports must be integers")
		}
	}
	return from, to, true, nil
}

// everyPort is what a rule for a group means that names no ports.
func everyPort(protocol string) (from, to int, is bool) {
	switch protocol {
	case "icmp":
		return -1, -1, true
	case "tcp", "udp":
		return 1, 65535, true
	}
	return 0, 0, false
}

func checkPorts(protocol string, from, to int) error {
	fault := ""
	switch {
	case protocol != "tcp" && protocol != "udp" && protocol != "icmp":
		return commands.Refuse(commands.Invalid, "Invalid IP protocol %s.", protocol)
	case from > to:
		fault = "Former value cannot be greater than the later"
	case protocol != "icmp" && (from < 1 || to > 65535):
		fault = "Valid " + strings.ToUpper(protocol) + " ports should be between 1-65535"
	case protocol == "icmp" && (from < -1 || from > 255 || to < -1 || to > 255):
		fault = "For ICMP, the type:code must be valid"
	default:
		return nil
	}
	return commands.Refuse(commands.Invalid, "Invalid port range %d:%d. %s", from, to, fault)
}

func (s *Service) deleteSecurityRule(ctx context.Context, in *securityGroupID) (*api.Empty, error) {
	if err := checkGroupID(in.ID); err != nil {
		return nil, err
	}
	missing := commands.Refuse(commands.NotFound, "Security group rule %s does not exist", in.ID)
	r, ok := api.World(ctx).Network.Rules.Get(in.ID)
	if !ok {
		return nil, missing
	}
	target := api.Target{ProjectID: r.ProjectID, Missing: missing, Attrs: map[string]string{"security_group:project_id": r.ProjectID, "security_group:tenant_id": r.ProjectID}}
	if err := api.AllowRule(ctx, "delete_security_group_rule", target); err != nil {
		return nil, err
	}
	_, err := s.Do(ctx, netcmd.DeleteSecurityGroupRule{ID: in.ID})
	return &api.Empty{}, err
}
