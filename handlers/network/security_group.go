package network

import (
	"skylog/commands"
	cmd "skylog/commands/network"
	"skylog/events"
	evt "skylog/events/network"
	"skylog/projections"
	view "skylog/projections/network"
)

// defaultName is the name of the group that ports get where none is named.
const defaultName = "default"

// ensureDefault makes a project's default group where it has none: its members
// may send anything and receive from each other.
func ensureDefault(w *projections.World, projectID, seed string) []events.Event {
	if _, ok := w.Network.Groups.DefaultOf(projectID); ok || projectID == "" {
		return nil
	}
	id := derived(seed, "default")
	made := events.List(evt.SecurityGroupCreated{ID: id, ProjectID: projectID, Name: defaultName, Description: "Default security group", Default: true})
	made = append(made, egress(projectID, id)...)
	for _, v6 := range []bool{false, true} {
		made = append(made, evt.SecurityGroupRuleAdded{Rule: evt.SecurityGroupRule{
			ID: derived(id, "ingress"+family(v6)), ProjectID: projectID, GroupID: id, Ingress: true, IPv6: v6, RemoteGroupID: id}})
	}
	return made
}

// egress are the rules that let a group's members send anything.
func egress(projectID, groupID string) []events.Event {
	var made []events.Event
	for _, v6 := range []bool{false, true} {
		made = append(made, evt.SecurityGroupRuleAdded{Rule: evt.SecurityGroupRule{
			ID: derived(groupID, "egress"+family(v6)), ProjectID: projectID, GroupID: groupID, IPv6: v6}})
	}
	return made
}

func family(v6 bool) string {
	if v6 {
		return "IPv6"
	}
	return "IPv4"
}

// defaultGroup is the id of a project's default group, be it that ensureDefault makes it.
func defaultGroup(w *projections.World, projectID, seed string) string {
	if g, ok := w.Network.Groups.DefaultOf(projectID); ok {
		return g.ID
	}
	return derived(seed, "default")
}

// EnsureDefaultSecurityGroup makes a project's default group where it has none.
func EnsureDefaultSecurityGroup(w *projections.World, c cmd.EnsureDefaultSecurityGroup) ([]events.Event, error) {
	return ensureDefault(w, c.ProjectID, c.Seed), nil
}

// CreateSecurityGroup makes a group whose members may send anything and receive nothing.
func CreateSecurityGroup(w *projections.World, c cmd.CreateSecurityGroup) ([]events.Event, error) {
	decided := ensureDefault(w, c.ProjectID, c.ID)
	more := 1
	if len(decided) > 0 {
		more = 2
	}
	if err := within(w, c.ProjectID, "security_group", more); err != nil {
		return nil, err
	}
	if err := within(w, c.ProjectID, "security_group_rule", 2); err != nil {
		return nil, err
	}
	decided = append(decided, evt.SecurityGroupCreated{ID: c.ID, ProjectID: c.ProjectID, Name: c.Name, Description: c.Description})
	return append(decided, egress(c.ProjectID, c.ID)...), nil
}

func noGroup(id string) error {
	return commands.RefuseAs(commands.NotFound, "SecurityGroupNotFound", "Security group %s does not exist", id)
}

func findGroup(w *projections.World, id string) (view.Group, error) {
	g, ok := w.Network.Groups.Get(id)
	if !ok {
		return g, noGroup(id)
	}
	return g, nil
}

// UpdateSecurityGroup renames a group. The default group keeps its name.
func UpdateSecurityGroup(w *projections.World, c cmd.UpdateSecurityGroup) ([]events.Event, error) {
	g, err := findGroup(w, c.ID)
	if err != nil {
		return nil, err
	}
	if err := current(c.Revision, g.Standard); err != nil {
		return nil, err
	}
	e := evt.SecurityGroupRenamed{ID: g.ID, Name: g.Name, Description: g.Description}
	set(&e.Name, c.Name)
	set(&e.Description, c.Description)
	switch {
	case g.Default && c.Name != nil:
		return nil, commands.RefuseAs(commands.Conflict, "SecurityGroupCannotUpdateDefault", "Updating default security group not allowed.")
	case e.Name == g.Name && e.Description == g.Description:
		return nil, nil
	}
	return events.List(e), nil
}

// DeleteSecurityGroup removes a group that no port is in, and every rule that refers to it.
func DeleteSecurityGroup(w *projections.World, c cmd.DeleteSecurityGroup) ([]events.Event, error) {
	g, err := findGroup(w, c.ID)
	if err != nil {
		return nil, err
	}
	if err := current(c.Revision, g.Standard); err != nil {
		return nil, err
	}
	for range w.Network.Ports.OfGroup(g.ID, "") {
		return nil, commands.RefuseAs(commands.Conflict, "SecurityGroupInUse", "Security Group %s in use.", g.ID)
	}
	if g.Default && !c.Trusted {
		return nil, commands.RefuseAs(commands.Conflict, "SecurityGroupCannotRemoveDefault", "Insufficient rights for removing default security group.")
	}
	var gone []events.Event
	for id, r := range w.Network.Rules.AboutGroup(g.ID) {
		if r.GroupID != g.ID {
			gone = append(gone, evt.SecurityGroupRuleRemoved{ID: id, GroupID: r.GroupID})
		}
	}
	return append(gone, evt.SecurityGroupDeleted{ID: g.ID}), nil
}
