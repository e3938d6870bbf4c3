package compute

import (
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/handlers"
	"skylog/projections"
	view "skylog/projections/compute"
)

func registerServerGroups(r *handlers.Registry) {
	handlers.On(r, CreateServerGroup)
	handlers.On(r, DeleteServerGroup)
}

// CreateServerGroup makes a group as far as the project's quota allows.
func CreateServerGroup(w *projections.World, c cmd.CreateServerGroup) ([]events.Event, error) {
	limit := w.Compute.Quotas.Limit(c.ProjectID, "server_groups")
	if limit >= 0 && w.Compute.ServerGroups.CountOf(c.ProjectID) >= limit {
		return nil, commands.Refuse(commands.OverLimit, "Quota exceeded, too many server groups.")
	}
	return events.List(evt.ServerGroupCreated(c)), nil
}

// DeleteServerGroup removes a group; its members stay where they are.
func DeleteServerGroup(w *projections.World, c cmd.DeleteServerGroup) ([]events.Event, error) {
	if !w.Compute.ServerGroups.Has(c.ID) {
		return nil, commands.Refuse(commands.NotFound, "Instance group %s could not be found.", c.ID)
	}
	return events.List(evt.ServerGroupDeleted(c)), nil
}

// joins says whether a server may be made a member of a group.
func joins(w *projections.World, project, user, group string) error {
	g, ok := w.Compute.ServerGroups.Get(group)
	if !ok || g.ProjectID != project {
		return commands.Refuse(commands.Invalid, "Instance group %s could not be found.", group)
	}
	limit := w.Compute.Quotas.Limit(project, "server_group_members")
	if limit < 0 {
		return nil
	}
	members := 0
	for _, s := range w.Compute.Servers.OfGroup(group) {
		if s.UserID == user { // Nova counts those of the user (server_group_members_by_user)
			members++
		}
	}
	if members >= limit {
		return commands.Refuse(commands.OverLimit, "Quota exceeded, too many servers in group")
	}
	return nil
}

// company is where the other members of a server's group are.
type company struct {
	policy  string
	most    int            // members that anti-affinity lets be on one host
	on      map[string]int // members by host
	anybody bool
}

// companyOf looks at the group of a server that is to be placed. A group that
// is gone binds nobody.
func companyOf(w *projections.World, group, server string) company {
	g, ok := w.Compute.ServerGroups.Get(group)
	if !ok {
		return company{}
	}
	c := company{policy: g.Policy, most: max(1, g.MaxPerHost), on: map[string]int{}}
	for id, s := range w.Compute.Servers.OfGroup(group) {
		if id != server && s.Host != "" && !s.Gone() {
			c.on[s.Host]++
			c.anybody = true
			if s.Live != nil { // it counts in both places
				c.on[s.Live.To]++
			}
		}
	}
	return c
}

// allows says whether the policy lets the server be on a host, and prefers
// whether it would rather have it there.
func (c company) allows(host string) bool {
	switch c.policy {
	case view.Affinity:
		return !c.anybody || c.on[host] > 0
	case view.AntiAffinity:
		return c.on[host] < c.most
	}
	return true
}

func (c company) prefers(host string) bool {
	switch c.policy {
	case view.SoftAffinity:
		return !c.anybody || c.on[host] > 0
	case view.SoftAntiAffinity:
		return c.on[host] == 0
	}
	return true
}
