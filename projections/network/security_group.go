package network

import (
	"fmt"
	"iter"

	"skylog/events"
	evt "skylog/events/network"
	"skylog/projections/table"
)

// Group is what is known of one security group. The zero Group doesn't exist.
type Group struct {
	ID, ProjectID, Name, Description string
	Default                          bool
	Standard
}

// Rule is what is known of one rule of a security group.
type Rule struct {
	evt.SecurityGroupRule
	Standard
}

// Groups is the table of security groups, in the order of their ids.
type Groups struct {
	table.Of[string, Group]
	byProject  table.Index[string, string, Group]
	byName     table.Index[Pair, string, Group]
	defaults   table.Index[string, string, Group]
	perProject table.Tally[string, int, string, Group]
}

func newGroups() Groups {
	t := Groups{Of: table.New[string, Group](compareStrings)}
	t.byProject = table.By(&t.Of, compareStrings, func(g *Group, emit func(string)) { emit(g.ProjectID) })
	t.byName = table.By(&t.Of, comparePairs, func(g *Group, emit func(Pair)) { both(emit, g.ProjectID, g.Name) })
	t.defaults = table.By(&t.Of, compareStrings, func(g *Group, emit func(string)) {
		if g.Default {
			emit(g.ProjectID)
		}
	})
	t.perProject = table.Count(&t.Of, compareStrings, func(g *Group) (string, bool) { return g.ProjectID, true })
	return t
}

// OfProject goes through a project's groups by id, from the id given on.
func (t *Groups) OfProject(projectID, from string) iter.Seq2[string, Group] {
	return within(t.byProject, &t.Of, projectID, from)
}

// Named goes through the groups of a name within a scope.
func (t *Groups) Named(scope, name, from string) iter.Seq2[string, Group] {
	return within(t.byName, &t.Of, Pair{scope, name}, from)
}

// DefaultOf is the group that a project's ports get where none is named.
func (t *Groups) DefaultOf(projectID string) (Group, bool) {
	return table.First(t.defaults, &t.Of, projectID)
}

// CountOf is how many groups a project has.
func (t *Groups) CountOf(projectID string) int { return table.Total(t.perProject, &t.Of, projectID) }

// Rules is the table of rules, in the order of their ids.
type Rules struct {
	table.Of[string, Rule]
	byProject  table.Index[string, string, Rule]
	byGroup    table.Index[string, string, Rule]
	byRemote   table.Index[string, string, Rule]
	byMeaning  table.Index[Pair, string, Rule]
	perProject table.Tally[string, int, string, Rule]
}

func newRules() Rules {
	t := Rules{Of: table.New[string, Rule](compareStrings)}
	t.byProject = table.By(&t.Of, compareStrings, func(r *Rule, emit func(string)) { emit(r.ProjectID) })
	t.byGroup = table.By(&t.Of, compareStrings, func(r *Rule, emit func(string)) { emit(r.GroupID) })
	t.byRemote = table.By(&t.Of, compareStrings, func(r *Rule, emit func(string)) {
		if r.RemoteGroupID != "" {
			emit(r.RemoteGroupID)
		}
	})
	t.byMeaning = table.By(&t.Of, comparePairs, func(r *Rule, emit func(Pair)) { emit(Pair{r.GroupID, meaning(r.SecurityGroupRule)}) })
	t.perProject = table.Count(&t.Of, compareStrings, func(r *Rule) (string, bool) { return r.ProjectID, true })
	return t
}

// OfProject goes through a project's rules by id, from the id given on.
func (t *Rules) OfProject(projectID, from string) iter.Seq2[string, Rule] {
	return within(t.byProject, &t.Of, projectID, from)
}

// OfGroup goes through a group's rules by id, from the id given on.
func (t *Rules) OfGroup(groupID, from string) iter.Seq2[string, Rule] {
	return within(t.byGroup, &t.Of, groupID, from)
}

// AboutGroup goes through the rules of any group whose remote side is this group.
func (t *Rules) AboutGroup(groupID string) iter.Seq2[string, Rule] {
	return table.Each(t.byRemote, &t.Of, groupID)
}

// Refer says whether any rule's remote side is this group.
func (t *Rules) Refer(groupID string) bool { return table.Has(t.byRemote, &t.Of, groupID) }

// Like is the rule of the same group that lets pass just the same, if there is one.
func (t *Rules) Like(r evt.SecurityGroupRule) (Rule, bool) {
	return table.First(t.byMeaning, &t.Of, Pair{r.GroupID, meaning(r)})
}

// CountOf is how many rules a project has.
func (t *Rules) CountOf(projectID string) int { return table.Total(t.perProject, &t.Of, projectID) }

// meaning is the same for rules that let the same pass.
func meaning(r evt.SecurityGroupRule) string {
	remote := ""
	if r.RemotePrefix.IsValid() && r.RemotePrefix.Bits() > 0 {
		remote = r.RemotePrefix.Masked().String()
	}
	return fmt.Sprint(r.Ingress, r.IPv6, " ", ProtocolNumber(r.Protocol), " ", bound(r.PortMin), " ", bound(r.PortMax), " ", r.RemoteGroupID, " ", remote)
}

func bound(p *int) int {
	if p == nil {
		return -1
	}
	return *p
}

func (t *Tables) applyGroup(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.SecurityGroupCreated:
		t.Groups.Put(e.ID, Group{ID: e.ID, ProjectID: e.ProjectID, Name: e.Name, Description: e.Description, Default: e.Default, Standard: made(m)})
	case evt.SecurityGroupRenamed:
		t.Groups.Update(e.ID, func(g *Group) {
			g.Name, g.Description = e.Name, e.Description
			g.touch(m)
		})
	case evt.SecurityGroupDeleted:
		var ids []string
		for id := range t.Rules.OfGroup(e.ID, "") {
			ids = append(ids, id)
		}
		for _, id := range ids {
			t.Rules.Delete(id)
		}
		t.Groups.Delete(e.ID)
	case evt.SecurityGroupRuleAdded:
		t.Rules.Put(e.Rule.ID, Rule{SecurityGroupRule: e.Rule, Standard: made(m)})
		t.touchGroup(e.Rule.GroupID, m)
	case evt.SecurityGroupRuleRemoved:
		t.Rules.Delete(e.ID)
		t.touchGroup(e.GroupID, m)
	}
}

// touchGroup counts a change of a group's rules as one of the group.
func (t *Tables) touchGroup(id string, m events.Meta) {
	t.Groups.Update(id, func(g *Group) { g.touch(m) })
}
