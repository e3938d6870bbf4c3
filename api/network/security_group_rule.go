package network

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/netip"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/network"
	"skylog/projections"
	view "skylog/projections/network"
)

func (s *Service) mountRules(a huma.API) {
	mountKind(s, a, groupRules)
	api.Handle(a, "POST "+groupRules.path(), "create_security_group_rule", http.StatusCreated, s.createRule)
}

type createRule struct {
	Owned
	GroupID       string  `json:"security_group_id" maxLength:"255"`
	Description   *string `json:"description,omitempty" maxLength:"255"`
	Direction     string  `json:"direction" enum:"ingress,egress"`
	Ethertype     *string `json:"ethertype,omitempty" maxLength:"20"`
	Protocol      any     `json:"protocol,omitempty"`
	PortMin       any     `json:"port_range_min,omitempty"`
	PortMax       any     `json:"port_range_max,omitempty"`
	RemoteGroupID *string `json:"remote_group_id,omitempty" maxLength:"255"`
	RemotePrefix  *string `json:"remote_ip_prefix,omitempty" maxLength:"64"`
}

type createRuleIn struct {
	Body struct {
		Rule  *createRule  `json:"security_group_rule,omitempty"`
		Rules []createRule `json:"security_group_rules,omitempty"`
	}
}

// rule is a security group rule as it is shown.
type rule struct {
	ID             string  `json:"id"`
	TenantID       string  `json:"tenant_id"`
	ProjectID      string  `json:"project_id"`
	GroupID        string  `json:"security_group_id"`
	Direction      string  `json:"direction"`
	Ethertype      string  `json:"ethertype"`
	Protocol       *string `json:"protocol"`
	PortMin        *int    `json:"port_range_min"`
	PortMax        *int    `json:"port_range_max"`
	RemoteGroupID  *string `json:"remote_group_id"`
	RemotePrefix   *string `json:"remote_ip_prefix"`
	NormalizedCIDR *string `json:"normalized_cidr"`
	standard
}

var groupRules = &kind[view.Rule]{
	singular: "security_group_rule", plural: "security_group_rules", missing: "SecurityGroupRuleNotFound", sentence: "Security group rule %s does not exist",
	wire: reflect.TypeFor[rule](),
	get:  func(w *projections.World, id string) (view.Rule, bool) { return w.Network.Rules.Get(id) },
	find: findRules, show: func(_ *projections.World, r view.Rule) any { return showRule(r) },
	target: func(w *projections.World, r view.Rule) api.Target {
		g, _ := w.Network.Groups.Get(r.GroupID)
		t := groupTarget(g)
		t.ProjectID = r.ProjectID
		return t
	},
	remove: func(_ context.Context, id string, revision int) commands.Command {
		return cmd.DeleteSecurityGroupRule{ID: id, Revision: revision}
	},
}

func showRule(r view.Rule) rule {
	out := rule{ID: r.ID, TenantID: r.ProjectID, ProjectID: r.ProjectID, GroupID: r.GroupID, Direction: "egress", Ethertype: "IPv4",
		Protocol: null(r.Protocol), PortMin: r.PortMin, PortMax: r.PortMax, RemoteGroupID: null(r.RemoteGroupID),
		standard: showStandard(r.Standard, r.Description)}
	if r.Ingress {
		out.Direction = "ingress"
	}
	if r.IPv6 {
		out.Ethertype = "IPv6"
	}
	if r.RemotePrefix.IsValid() {
		out.RemotePrefix, out.NormalizedCIDR = null(r.RemotePrefix.String()), null(r.RemotePrefix.Masked().String())
	}
	return out
}

func findRules(f *finder, from string) iter.Seq2[string, view.Rule] {
	t := &f.world.Network.Rules
	found, ok := byIndex(f, from, t.Get,
		narrow[view.Rule]{"security_group_id", t.OfGroup},
		narrow[view.Rule]{"project_id", t.OfProject})
	switch {
	case ok:
		return found
	case f.all:
		return t.From(from)
	}
	return t.OfProject(f.projectID, from)
}

func (s *Service) createRule(ctx context.Context, in *createRuleIn) (*api.Respond, error) {
	asked, several, err := bulk("security_group_rule", in.Body.Rule, in.Body.Rules)
	if err != nil {
		return nil, err
	}
	var ids []string
	var all []commands.Command
	for _, r := range asked {
		c, err := r.command(ctx)
		if err != nil {
			return nil, err
		}
		ids, all = append(ids, c.ID), append(all, c)
	}
	w, err := s.Do(ctx, all...)
	if err != nil {
		return nil, err
	}
	return groupRules.made(ctx, w, ids, several), nil
}

func (r createRule) command(ctx context.Context) (c cmd.CreateSecurityGroupRule, err error) {
	c = cmd.CreateSecurityGroupRule{ID: api.NewID(ctx), GroupID: r.GroupID, Trusted: isAdmin(ctx), Description: deref(r.Description),
		Ingress: r.Direction == "ingress", RemoteGroupID: deref(r.RemoteGroupID)}
	if c.ProjectID, err = r.owner(ctx); err != nil {
		return c, err
	}
	g, err := groups.reach(ctx, api.World(ctx), r.GroupID, "get_security_group")
	if err != nil {
		return c, err
	}
	t := groupTarget(g)
	if !api.Can(ctx, "create_security_group_rule", t) {
		return c, forbidden("create_security_group_rule")
	}
	switch {
	case r.Ethertype == nil || strings.EqualFold(*r.Ethertype, "IPv4"):
	case strings.EqualFold(*r.Ethertype, "IPv6"):
		c.IPv6 = true
	default:
		return c, commands.RefuseAs(commands.Invalid, "SecurityGroupRuleInvalidEtherType",
			"Security group rule for ethertype '%s' not supported. Allowed values are ['IPv4', 'IPv6'].", clip(*r.Ethertype))
	}
	switch p := r.Protocol.(type) {
	case nil:
	case string:
		c.Protocol = clip(p)
	case float64:
		c.Protocol = fmt.Sprint(p)
	default:
		return c, bad("protocol", "'%s' is no protocol", clip(fmt.Sprint(p)))
	}
	if c.PortMin, err = integer("port_range_min", r.PortMin); err != nil {
		return c, err
	}
	if c.PortMax, err = integer("port_range_max", r.PortMax); err != nil {
		return c, err
	}
	if deref(r.RemotePrefix) != "" {
		c.RemotePrefix, err = remote(*r.RemotePrefix)
	}
	return c, err
}

// remote reads the prefix of a rule. One that can't be read is refused here: no
// rule may ever mean more than its owner wrote.
func remote(s string) (netip.Prefix, error) {
	p, err := cidr("remote_ip_prefix", s)
	if err != nil {
		return p, commands.RefuseAs(commands.Invalid, "InvalidCIDR", "Invalid CIDR %s given as IP prefix.", clip(s))
	}
	return p, nil
}
