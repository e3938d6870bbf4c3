package network

import (
	"testing"

	"skylog/commands"
	cmd "skylog/commands/network"
	evt "skylog/events/network"
	"skylog/handlers/given"
)

func TestSecurityGroups(t *testing.T) {
	web := evt.SecurityGroupCreated{ID: "w", ProjectID: "ada", Name: "web"}
	about := evt.SecurityGroupRule{ID: "r", ProjectID: "ada", GroupID: "g", Ingress: true, RemoteGroupID: "w"}
	given.Run(t, Register, []given.Case{
		{Name: "a group lets its members send", Given: given.Events{group}, When: cmd.CreateSecurityGroup{ID: "w", ProjectID: "ada", Name: "web"},
			Then: given.Events{web,
				evt.SecurityGroupRuleAdded{Rule: evt.SecurityGroupRule{ID: derived("w", "egressIPv4"), ProjectID: "ada", GroupID: "w"}},
				evt.SecurityGroupRuleAdded{Rule: evt.SecurityGroupRule{ID: derived("w", "egressIPv6"), ProjectID: "ada", GroupID: "w", IPv6: true}}}},
		{Name: "one more than the quota allows is refused", Given: given.Events{evt.QuotaSet{ProjectID: "ada", Limits: map[string]int{"security_group": 1}}},
			When: cmd.CreateSecurityGroup{ID: "w", ProjectID: "ada"}, Refused: commands.OverLimit},
		{Name: "the default group keeps its name", Given: given.Events{group}, When: cmd.UpdateSecurityGroup{ID: "g", Name: to("x")}, Refused: commands.Conflict},
		{Name: "a group is renamed", Given: given.Events{web}, When: cmd.UpdateSecurityGroup{ID: "w", Name: to("x")}, Then: given.Events{evt.SecurityGroupRenamed{ID: "w", Name: "x"}}},
		{Name: "the default group stays", Given: given.Events{group}, When: cmd.DeleteSecurityGroup{ID: "g"}, Refused: commands.Conflict},
		{Name: "a group in use stays", Given: after(laid, given.Events{web, port("p", macA, "", []string{"w"})}), When: cmd.DeleteSecurityGroup{ID: "w"}, Refused: commands.Conflict},
		{Name: "rules about a group go with it", Given: given.Events{group, web, evt.SecurityGroupRuleAdded{Rule: about}}, When: cmd.DeleteSecurityGroup{ID: "w"},
			Then: given.Events{evt.SecurityGroupRuleRemoved{ID: "r", GroupID: "g"}, evt.SecurityGroupDeleted{ID: "w"}}},
		{Name: "a project's group is made once", Given: given.Events{group}, When: cmd.EnsureDefaultSecurityGroup{ProjectID: "ada", Seed: "x"}},
	})
}

func TestSecurityGroupRules(t *testing.T) {
	ask := func(change func(*cmd.CreateSecurityGroupRule)) cmd.CreateSecurityGroupRule {
		c := cmd.CreateSecurityGroupRule{ID: "r", ProjectID: "ada", GroupID: "g", Ingress: true}
		change(&c)
		return c
	}
	ports := func(protocol string, from, until int) func(*cmd.CreateSecurityGroupRule) {
		return func(c *cmd.CreateSecurityGroupRule) { c.Protocol, c.PortMin, c.PortMax = protocol, &from, &until }
	}
	added := func(change func(*evt.SecurityGroupRule)) given.Events {
		r := evt.SecurityGroupRule{ID: "r", ProjectID: "ada", GroupID: "g", Ingress: true}
		change(&r)
		return given.Events{evt.SecurityGroupRuleAdded{Rule: r}}
	}
	ssh := evt.SecurityGroupRuleAdded{Rule: evt.SecurityGroupRule{ID: "q", ProjectID: "ada", GroupID: "g", Ingress: true, Protocol: "tcp", PortMin: to(22), PortMax: to(22)}}
	base := given.Events{group, evt.SecurityGroupCreated{ID: "e", ProjectID: "eve"}, ssh}
	given.Run(t, Register, []given.Case{
		{Name: "ports are let in", Given: base, When: ask(ports("TCP", 80, 90)),
			Then: added(func(r *evt.SecurityGroupRule) { r.Protocol, r.PortMin, r.PortMax = "tcp", to(80), to(90) })},
		{Name: "all ports are any port", Given: base, When: ask(ports("udp", 1, 65535)), Then: added(func(r *evt.SecurityGroupRule) { r.Protocol = "udp" })},
		{Name: "ICMP for IPv6 is ICMPv6", Given: base, When: ask(func(c *cmd.CreateSecurityGroupRule) { c.IPv6, c.Protocol, c.PortMin = true, "icmp", to(128) }),
			Then: added(func(r *evt.SecurityGroupRule) { r.IPv6, r.Protocol, r.PortMin = true, "ipv6-icmp", to(128) })},
		{Name: "the same rule again is refused", Given: base, When: ask(ports("tcp", 22, 22)), Refused: commands.Conflict},
		{Name: "the same rule by number is refused", Given: base, When: ask(ports("6", 22, 22)), Refused: commands.Conflict},
		{Name: "the same rule from everywhere is refused", Given: base, When: ask(func(c *cmd.CreateSecurityGroupRule) {
			ports("tcp", 22, 22)(c)
			c.RemotePrefix = prefix("0.0.0.0/0")
		}), Refused: commands.Conflict},
		{Name: "ports without a protocol are refused", Given: base, When: ask(ports("", 1, 2)), Refused: commands.Invalid},
		{Name: "ports of a protocol that has none are refused", Given: base, When: ask(ports("gre", 1, 2)), Refused: commands.Invalid},
		{Name: "ports upside down are refused", Given: base, When: ask(ports("tcp", 9, 2)), Refused: commands.Invalid},
		{Name: "port 0 is refused", Given: base, When: ask(ports("tcp", 0, 2)), Refused: commands.Invalid},
		{Name: "half a port range is refused", Given: base, When: ask(func(c *cmd.CreateSecurityGroupRule) { c.Protocol, c.PortMin = "tcp", to(80) }), Refused: commands.Invalid},
		{Name: "an ICMP type beyond 255 is refused", Given: base, When: ask(ports("icmp", 256, 0)), Refused: commands.Invalid},
		{Name: "an ICMP code without a type is refused", Given: base, When: ask(func(c *cmd.CreateSecurityGroupRule) { c.Protocol, c.PortMax = "icmp", to(1) }), Refused: commands.Invalid},
		{Name: "an unknown protocol is refused", Given: base, When: ask(func(c *cmd.CreateSecurityGroupRule) { c.Protocol = "tpc" }), Refused: commands.Invalid},
		{Name: "an IPv6 protocol over IPv4 is refused", Given: base, When: ask(func(c *cmd.CreateSecurityGroupRule) { c.Protocol = "ipv6-icmp" }), Refused: commands.Invalid},
		{Name: "a prefix of the other family is refused", Given: base, When: ask(func(c *cmd.CreateSecurityGroupRule) { c.RemotePrefix = prefix("fd00::/8") }), Refused: commands.Invalid},
		{Name: "two remotes are refused", Given: base, When: ask(func(c *cmd.CreateSecurityGroupRule) {
			c.RemotePrefix, c.RemoteGroupID = prefix("10.0.0.0/8"), "g"
		}), Refused: commands.Invalid},
		{Name: "another project's remote group isn't there", Given: base, When: ask(func(c *cmd.CreateSecurityGroupRule) { c.RemoteGroupID = "e" }), Refused: commands.NotFound},
		{Name: "another project's group isn't there", Given: base, When: ask(func(c *cmd.CreateSecurityGroupRule) { c.GroupID = "e" }), Refused: commands.NotFound},
		{Name: "a rule goes", Given: base, When: cmd.DeleteSecurityGroupRule{ID: "q"}, Then: given.Events{evt.SecurityGroupRuleRemoved{ID: "q", GroupID: "g"}}},
	})
}

func TestTagsAndQuotas(t *testing.T) {
	tagged := evt.TagsReplaced{Kind: evt.Networks, ID: "n", Tags: []string{"a", "b"}}
	given.Run(t, Register, []given.Case{
		{Name: "tags are kept in order, each once", Given: laid, When: cmd.ChangeTags{Kind: "networks", ID: "n", Add: []string{"b", "a", "b"}}, Then: given.Events{tagged}},
		{Name: "a tag that is there already is no event", Given: after(laid, given.Events{tagged}), When: cmd.ChangeTags{Kind: "networks", ID: "n", Add: []string{"a"}}},
		{Name: "a tag that isn't there can't go", Given: after(laid, given.Events{tagged}), When: cmd.ChangeTags{Kind: "networks", ID: "n", Remove: []string{"c"}}, Refused: commands.NotFound},
		{Name: "what isn't there can't be tagged", When: cmd.ChangeTags{Kind: "networks", ID: "n"}, Refused: commands.NotFound},
		{Name: "limits are set", When: cmd.SetQuota{ProjectID: "ada", Limits: map[string]int{"port": -1}}, Then: given.Events{evt.QuotaSet{ProjectID: "ada", Limits: map[string]int{"port": -1}}}},
		{Name: "an unknown resource has no limit", When: cmd.SetQuota{ProjectID: "ada", Limits: map[string]int{"moon": 1}}, Refused: commands.Invalid},
		{Name: "a limit below the usage is refused where that is asked", Given: laid, When: cmd.SetQuota{ProjectID: "ada", NotBelowUsage: true, Limits: map[string]int{"network": 0}}, Refused: commands.Conflict},
		{Name: "limits go back to the defaults", Given: given.Events{evt.QuotaSet{ProjectID: "ada"}}, When: cmd.ResetQuota{ProjectID: "ada"}, Then: given.Events{evt.QuotaReset{ProjectID: "ada"}}},
	})
}
