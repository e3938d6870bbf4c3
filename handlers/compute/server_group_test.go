package compute

import (
	"testing"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/handlers/given"
	view "skylog/projections/compute"
)

func TestServerGroups(t *testing.T) {
	group := evt.ServerGroupCreated{ID: "g", ProjectID: "p", UserID: "u", Name: "db", Policy: view.AntiAffinity}
	given.Run(t, Register, []given.Case{
		{Name: "a group is made", When: cmd.CreateServerGroup(group), Then: given.Events{group}},
		{Name: "one more than the quota allows is refused",
			Given: given.Events{evt.QuotaSet{ProjectID: "p", Limits: map[string]int{"server_groups": 1}}, group},
			When:  cmd.CreateServerGroup{ID: "h", ProjectID: "p", Policy: view.Affinity}, Refused: commands.OverLimit},
		{Name: "what the default class allows counts for a project without a quota",
			Given: given.Events{evt.QuotaSet{ProjectID: view.DefaultClass, Limits: map[string]int{"server_groups": 0}}},
			When:  cmd.CreateServerGroup(group), Refused: commands.OverLimit},
		{Name: "a group that isn't there can't go", When: cmd.DeleteServerGroup{ID: "g"}, Refused: commands.NotFound},
		{Name: "a group goes", Given: given.Events{group}, When: cmd.DeleteServerGroup{ID: "g"}, Then: given.Events{evt.ServerGroupDeleted{ID: "g"}}},
	})
}

func TestMembersArePlacedWithRegardToEachOther(t *testing.T) {
	join := with(ask, func(c *cmd.CreateServer) { c.GroupID = "g" })
	joined := with(created, func(e *evt.ServerCreated) { e.GroupID = "g" })
	failed := evt.ServerBuildFailed{ID: "s", Code: 500, Message: noHost}
	on := func(host string) given.Events { return given.Events{joined, evt.ServerPlaced{ID: "s", Host: host}} }
	// group is a group of this policy with members on hosts, of which b is the roomier.
	group := func(policy string, most int, hosts ...string) given.Events {
		all := given.Events{small, hostA, hostB, evt.ServerGroupCreated{ID: "g", ProjectID: "p", UserID: "u", Policy: policy, MaxPerHost: most}}
		for i, host := range hosts {
			id := string(rune('x' + i))
			all = append(all, events.List(with(joined, func(e *evt.ServerCreated) { e.ID = id }), evt.ServerPlaced{ID: id, Host: host}, evt.ServerBooted{ID: id})...)
		}
		return all
	}
	given.Run(t, Register, []given.Case{
		{Name: "the first goes anywhere", Given: group(view.Affinity, 0), When: join, Then: on("b")},
		{Name: "affinity goes to the others", Given: group(view.Affinity, 0, "a"), When: join, Then: on("a")},
		{Name: "affinity goes nowhere else", Given: append(group(view.Affinity, 0, "a"), evt.HostDisabled{Name: "a"}), When: join, Then: given.Events{joined, failed}},
		{Name: "anti-affinity goes elsewhere", Given: group(view.AntiAffinity, 0, "b"), When: join, Then: on("a")},
		{Name: "anti-affinity fails where it must share", Given: group(view.AntiAffinity, 0, "a", "b"), When: join, Then: given.Events{joined, failed}},
		{Name: "anti-affinity lets as many share as its rule says", Given: group(view.AntiAffinity, 2, "a", "b"), When: join, Then: on("b")},
		{Name: "an administrator's host must keep the policy too", Given: group(view.AntiAffinity, 0, "b"),
			When: with(join, func(c *cmd.CreateServer) { c.Host = "b" }), Then: given.Events{joined, failed}},
		{Name: "soft anti-affinity prefers an empty host", Given: group(view.SoftAntiAffinity, 0, "b"), When: join, Then: on("a")},
		{Name: "soft anti-affinity shares where it must", Given: group(view.SoftAntiAffinity, 0, "a", "b"), When: join, Then: on("b")},
		{Name: "soft affinity prefers the others' host", Given: group(view.SoftAffinity, 0, "a"), When: join, Then: on("a")},
		{Name: "soft affinity goes elsewhere where it must", Given: append(group(view.SoftAffinity, 0, "a"), evt.HostDisabled{Name: "a"}), When: join, Then: on("b")},
		{Name: "a member that is gone doesn't count", Given: append(group(view.AntiAffinity, 0, "b"), evt.ServerDeleted{ID: "x", Host: "b"}), When: join, Then: on("b")},
		{Name: "a group of others is refused",
			Given: given.Events{small, hostB, evt.ServerGroupCreated{ID: "g", ProjectID: "q", Policy: view.Affinity}}, When: join, Refused: commands.Invalid},
		{Name: "more members than the quota allows are refused",
			Given: append(group(view.Affinity, 0, "a"), evt.QuotaSet{ProjectID: "p", Limits: map[string]int{"server_group_members": 1}}), When: join, Refused: commands.OverLimit},
	})
}
