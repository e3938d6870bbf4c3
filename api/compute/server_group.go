package compute

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

func (s *Service) mountServerGroups(a huma.API) {
	const path, rule = "/os-server-groups", "os_compute_api:os-server-groups:"
	api.Handle(a, "GET "+path, rule+"index", http.StatusOK, s.indexServerGroups)
	api.Handle(a, "POST "+path, rule+"create", http.StatusOK, s.createServerGroup)
	api.Handle(a, "GET "+path+"/{id}", rule+"show", http.StatusOK, s.showServerGroup)
	api.Handle(a, "DELETE "+path+"/{id}", rule+"delete", http.StatusNoContent, s.deleteServerGroup)
}

type serverGroup struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Policies  []string       `json:"policies" until:"2.63"`
	Metadata  map[string]any `json:"metadata" until:"2.63"`
	Policy    string         `json:"policy" since:"2.64"`
	Rules     map[string]int `json:"rules" since:"2.64"`
	Members   []string       `json:"members"`
	ProjectID string         `json:"project_id" since:"2.13"`
	UserID    string         `json:"user_id" since:"2.13"`
}

type groupRules struct {
	MaxPerHost *api.Int `json:"max_server_per_host,omitempty"`
}

type (
	oneServerGroup[T any] struct {
		Group T `json:"server_group"`
	}
	serverGroupID struct {
		ID string `path:"id" maxLength:"255"`
	}
	serverGroupOut      struct{ Body oneServerGroup[serverGroup] }
	createServerGroupIn struct {
		Body oneServerGroup[struct {
			Name     string      `json:"name" minLength:"1" maxLength:"255"`
			Policies []string    `json:"policies,omitempty" until:"2.63" maxItems:"1"`
			Policy   string      `json:"policy,omitempty" since:"2.64"`
			Rules    *groupRules `json:"rules,omitempty" since:"2.64"`
		}]
	}
	listServerGroupsIn struct {
		All    string `query:"all_projects"`
		Limit  string `query:"limit"`
		Offset string `query:"offset"`
	}
	serverGroupsOut struct {
		Body struct {
			Groups []serverGroup `json:"server_groups"`
		}
	}
)

func showServerGroup(w *projections.World, g view.ServerGroup) serverGroup {
	out := serverGroup{ID: g.ID, Name: g.Name, Policies: []string{g.Policy}, Policy: g.Policy, Rules: map[string]int{}, ProjectID: g.ProjectID, UserID: g.UserID}
	if g.MaxPerHost > 0 {
		out.Rules["max_server_per_host"] = g.MaxPerHost
	}
	for id := range w.Compute.Servers.OfGroup(g.ID) {
		out.Members = append(out.Members, id)
	}
	return out
}

// seenServerGroup is a group, if the caller may do what the rule says to it.
func seenServerGroup(ctx context.Context, id string) (view.ServerGroup, error) {
	missing := commands.Refuse(commands.NotFound, "Instance group %s could not be found.", id)
	g, ok := api.World(ctx).Compute.ServerGroups.Get(id)
	if !ok {
		return g, missing
	}
	return g, api.Allow(ctx, api.Target{ProjectID: g.ProjectID, UserID: g.UserID, Missing: missing})
}

// count reads a query parameter that is a number from zero.
func count(name, value string, none int) (int, error) {
	if value == "" {
		return none, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return 0, commands.Refuse(commands.Invalid, "Invalid input for query parameters %s. Value: %.40s. It must be a non-negative integer.", name, value)
	}
	return n, nil
}

func (s *Service) indexServerGroups(ctx context.Context, in *listServerGroupsIn) (*serverGroupsOut, error) {
	project := api.From(ctx).ProjectID
	if in.All != "" { // whatever its value is, as with Nova
		if err := api.AllowRule(ctx, "os_compute_api:os-server-groups:index:all_projects", api.Target{}); err != nil {
			return nil, err
		}
		project = ""
	}
	size, err := count("limit", in.Limit, api.MaxPage)
	if err != nil {
		return nil, err
	}
	offset, err := count("offset", in.Offset, 0)
	if err != nil {
		return nil, err
	}
	w, out := api.World(ctx), &serverGroupsOut{}
	for g := range w.Compute.ServerGroups.OfProject(project) {
		if offset > 0 {
			offset--
			continue
		}
		if len(out.Body.Groups) == min(size, api.MaxPage) {
			break
		}
		out.Body.Groups = append(out.Body.Groups, showServerGroup(w, g))
	}
	return out, nil
}

func (s *Service) showServerGroup(ctx context.Context, in *serverGroupID) (*serverGroupOut, error) {
	g, err := seenServerGroup(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &serverGroupOut{oneServerGroup[serverGroup]{showServerGroup(api.World(ctx), g)}}, nil
}

func (s *Service) createServerGroup(ctx context.Context, in *createServerGroupIn) (*serverGroupOut, error) {
	who, want := api.From(ctx), in.Body.Group
	name, err := goodName(want.Name)
	if err != nil {
		return nil, err
	}
	c := cmd.CreateServerGroup{ID: api.NewID(ctx), ProjectID: who.ProjectID, UserID: who.UserID, Name: name, Policy: want.Policy}
	if who.Version.Before(2, 64) && len(want.Policies) == 1 {
		c.Policy = want.Policies[0]
	}
	known := []string{view.Affinity, view.AntiAffinity, view.SoftAffinity, view.SoftAntiAffinity}
	if who.Version.Before(2, 15) {
		known = known[:2]
	}
	if !slices.Contains(known, c.Policy) {
		return nil, commands.Refuse(commands.Invalid, "Invalid input for field/attribute policy. Value: %.80s. It must be one of %v.", c.Policy, known)
	}
	if want.Rules != nil && want.Rules.MaxPerHost != nil {
		n := int(*want.Rules.MaxPerHost)
		switch {
		case n < 1 || n > maxInt:
			return nil, commands.Refuse(commands.Invalid, "Invalid input for field/attribute max_server_per_host. Value: %d. %d is less than the minimum of 1", n, n)
		case c.Policy != view.AntiAffinity:
			return nil, commands.Refuse(commands.Invalid, "Only anti-affinity policy supports rules.")
		}
		c.MaxPerHost = n
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	g, _ := w.Compute.ServerGroups.Get(c.ID)
	return &serverGroupOut{oneServerGroup[serverGroup]{showServerGroup(w, g)}}, nil
}

func (s *Service) deleteServerGroup(ctx context.Context, in *serverGroupID) (*api.Empty, error) {
	if _, err := seenServerGroup(ctx, in.ID); err != nil {
		return nil, err
	}
	_, err := s.Do(ctx, cmd.DeleteServerGroup{ID: in.ID})
	return &api.Empty{Status: http.StatusNoContent}, err
}

// groupsShown are the server groups that a server is shown to be in.
func groupsShown(w *projections.World, s view.Server) *[]string {
	groups := []string{}
	if s.GroupID != "" && w.Compute.ServerGroups.Has(s.GroupID) {
		groups = append(groups, s.GroupID)
	}
	return &groups
}
