package network

import (
	"cmp"
	"context"
	"iter"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/network"
	"skylog/projections"
	view "skylog/projections/network"
)

func (s *Service) mountGroups(a huma.API) {
	listed := *groups
	listed.before = s.ensureDefault
	mountKind(s, a, &listed)
	api.Handle(a, "POST "+groups.path(), "create_security_group", http.StatusCreated, s.createGroup)
	api.Handle(a, "PUT "+groups.path()+"/{id}", "update_security_group", http.StatusOK, s.updateGroup)
}

// GroupSettings are the attributes of a group that may be sent at any time.
type GroupSettings struct {
	Name        *string `json:"name,omitempty" maxLength:"255"`
	Description *string `json:"description,omitempty" maxLength:"255"`
}

type createGroup struct {
	Owned
	GroupSettings
}

type (
	createGroupIn struct {
		Body struct {
			Group  *createGroup  `json:"security_group,omitempty"`
			Groups []createGroup `json:"security_groups,omitempty"`
		}
	}
	updateGroupIn struct {
		IDIn
		Body struct {
			Group GroupSettings `json:"security_group"`
		}
	}
)

// group is a security group as it is shown.
type group struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	TenantID  string `json:"tenant_id"`
	ProjectID string `json:"project_id"`
	Stateful  bool   `json:"stateful"`
	Shared    bool   `json:"shared"`
	Rules     []rule `json:"security_group_rules"`
	standard
}

var groups = &kind[view.Group]{
	singular: "security_group", plural: "security_groups", missing: "SecurityGroupNotFound", sentence: "Security group %s does not exist",
	wire: reflect.TypeFor[group](),
	get:  func(w *projections.World, id string) (view.Group, bool) { return w.Network.Groups.Get(id) },
	find: findGroups, show: showGroup,
	target: func(_ *projections.World, g view.Group) api.Target { return groupTarget(g) },
	remove: func(ctx context.Context, id string, revision int) commands.Command {
		return cmd.DeleteSecurityGroup{ID: id, Revision: revision, Trusted: isAdmin(ctx)}
	},
}

func groupTarget(g view.Group) api.Target {
	return api.Target{ProjectID: g.ProjectID, Attrs: map[string]string{"security_group:project_id": g.ProjectID, "security_group:tenant_id": g.ProjectID}}
}

func showGroup(w *projections.World, g view.Group) any {
	out := group{ID: g.ID, Name: g.Name, TenantID: g.ProjectID, ProjectID: g.ProjectID, Stateful: true, Rules: []rule{},
		standard: showStandard(g.Standard, g.Description)}
	var all []view.Rule
	for _, r := range w.Network.Rules.OfGroup(g.ID, "") {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b view.Rule) int { return cmp.Compare(a.Number, b.Number) })
	for _, r := range all {
		out.Rules = append(out.Rules, showRule(r))
	}
	return out
}

func findGroups(f *finder, from string) iter.Seq2[string, view.Group] {
	t := &f.world.Network.Groups
	found, ok := byIndex(f, from, t.Get,
		narrow[view.Group]{"name", func(name, from string) iter.Seq2[string, view.Group] { return t.Named(f.scope(), name, from) }},
		narrow[view.Group]{"project_id", t.OfProject})
	switch {
	case ok:
		return found
	case f.all:
		return t.From(from)
	}
	return t.OfProject(f.projectID, from)
}

// ensureDefault makes the default group of the project whose groups are listed,
// as users of Neutron expect to find it there from the beginning.
func (s *Service) ensureDefault(ctx context.Context, w *projections.World) (*projections.World, error) {
	project := api.From(ctx).ProjectID
	if _, ok := w.Network.Groups.DefaultOf(project); ok || project == "" {
		return w, nil
	}
	return s.Do(ctx, cmd.EnsureDefaultSecurityGroup{ProjectID: project, Seed: api.NewID(ctx)})
}

func (s *Service) createGroup(ctx context.Context, in *createGroupIn) (*api.Respond, error) {
	asked, several, err := bulk("security_group", in.Body.Group, in.Body.Groups)
	if err != nil {
		return nil, err
	}
	var ids []string
	var all []commands.Command
	for _, g := range asked {
		c := cmd.CreateSecurityGroup{ID: api.NewID(ctx), Name: deref(g.Name), Description: deref(g.Description)}
		if c.ProjectID, err = g.owner(ctx); err != nil {
			return nil, err
		}
		if err := api.Allow(ctx, api.Target{ProjectID: c.ProjectID}); err != nil {
			return nil, err
		}
		if err := g.checkName(); err != nil {
			return nil, err
		}
		ids, all = append(ids, c.ID), append(all, c)
	}
	w, err := s.Do(ctx, all...)
	if err != nil {
		return nil, err
	}
	return groups.made(ctx, w, ids, several), nil
}

// checkName refuses the name that only the default group has.
func (g GroupSettings) checkName() error {
	if name := deref(g.Name); strings.EqualFold(name, "default") {
		return commands.RefuseAs(commands.Conflict, "SecurityGroupDefaultAlreadyExists", "Default security group already exists.")
	}
	return nil
}

func (s *Service) updateGroup(ctx context.Context, in *updateGroupIn) (*api.Respond, error) {
	g, err := groups.reach(ctx, api.World(ctx), in.ID, "update_security_group")
	if err != nil {
		return nil, err
	}
	want := in.Body.Group
	if !g.Default {
		if err := want.checkName(); err != nil {
			return nil, err
		}
	}
	c := cmd.UpdateSecurityGroup{ID: g.ID, Name: want.Name, Description: want.Description}
	if c.Revision, err = revision(ctx); err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	if now, ok := w.Network.Groups.Get(g.ID); ok {
		g = now
	}
	return groups.reply(ctx, w, http.StatusOK, g), nil
}
