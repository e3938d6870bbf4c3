package compute

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"skylog/api"
	"skylog/commands"
	netcmd "skylog/commands/network"
	"skylog/projections"
	netview "skylog/projections/network"
)

// mountSecurityGroups mounts security groups as older clients ask for them here.
// The network service's own policy is asked besides.
func (s *Service) mountSecurityGroups(a huma.API) {
	const path, rule = "/os-security-groups", "os_compute_api:os-security-groups:"
	old := api.Between("", lastProxy)
	api.Handle(a, "GET "+path, rule+"get", http.StatusOK, s.listSecurityGroups, old)
	api.Handle(a, "POST "+path, rule+"create", http.StatusOK, s.createSecurityGroup, old)
	api.Handle(a, "GET "+path+"/{id}", rule+"show", http.StatusOK, s.showSecurityGroup, old)
	api.Handle(a, "PUT "+path+"/{id}", rule+"update", http.StatusOK, s.updateSecurityGroup, old)
	api.Handle(a, "DELETE "+path+"/{id}", rule+"delete", http.StatusAccepted, s.deleteSecurityGroup, old)
	api.Handle(a, "POST /os-security-group-rules", rule+"rule:create", http.StatusOK, s.createSecurityRule, old)
	api.Handle(a, "DELETE /os-security-group-rules/{id}", rule+"rule:delete", http.StatusAccepted, s.deleteSecurityRule, old)
}

type securityGroup struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	TenantID    string         `json:"tenant_id"`
	Rules       []securityRule `json:"rules"`
}

type securityRule struct {
	ID            string            `json:"id"`
	ParentGroupID string            `json:"parent_group_id"`
	Protocol      *string           `json:"ip_protocol"`
	FromPort      *int              `json:"from_port"`
	ToPort        *int              `json:"to_port"`
	Group         map[string]string `json:"group"`
	Range         map[string]string `json:"ip_range"`
}

type (
	securityGroupsOut struct {
		Body struct {
			Groups []securityGroup `json:"security_groups"`
		}
	}
	securityGroupOut struct {
		Body struct {
			Group securityGroup `json:"security_group"`
		}
	}
	listSecurityGroupsIn struct {
		Limit      string `query:"limit"`
		Offset     string `query:"offset"`
		AllTenants string `query:"all_tenants"`
	}
	securityGroupID struct {
		ID string `path:"id" maxLength:"255"`
	}
	groupBody struct {
		Group struct {
			Name        string `json:"name" minLength:"1" maxLength:"255"`
			Description string `json:"description" maxLength:"255" nullable:"true"`
		} `json:"security_group"`
	}
	createSecurityGroupIn struct{ Body groupBody }
	updateSecurityGroupIn struct {
		ID   string `path:"id" maxLength:"255"`
		Body groupBody
	}
)

// showSecurityGroup shows a group with its rules for what comes in: Nova's API
// knows no others.
func showSecurityGroup(w *projections.World, g netview.Group) securityGroup {
	out := securityGroup{ID: g.ID, Name: g.Name, Description: g.Description, TenantID: g.ProjectID}
	var in []netview.Rule
	for _, r := range w.Network.Rules.OfGroup(g.ID, "") {
		if r.Ingress {
			in = append(in, r)
		}
	}
	slices.SortFunc(in, func(a, b netview.Rule) int { return cmp.Compare(a.Number, b.Number) })
	for _, r := range in {
		out.Rules = append(out.Rules, showSecurityRule(w, r))
	}
	return out
}

// showSecurityRule shows a rule. Without ports it has those that a protocol can
// have; without a remote end it is for every address of its family.
func showSecurityRule(w *projections.World, r netview.Rule) securityRule {
	out := securityRule{ID: r.ID, ParentGroupID: r.GroupID, Protocol: text(r.Protocol), FromPort: r.PortMin, ToPort: r.PortMax}
	if r.Protocol != "" && r.PortMin == nil && r.PortMax == nil {
		first, last := -1, -1
		if p := strings.ToLower(r.Protocol); p == "tcp" || p == "udp" {
			first, last = 1, 65535
		}
		out.FromPort, out.ToPort = &first, &last
	}
	remote, ok := w.Network.Groups.Get(r.RemoteGroupID)
	switch {
	case ok:
		out.Group = map[string]string{"name": remote.Name, "tenant_id": remote.ProjectID}
	case r.RemotePrefix.IsValid():
		out.Range = map[string]string{"cidr": r.RemotePrefix.String()}
	case r.IPv6:
		out.Range = map[string]string{"cidr": "::/0"}
	default:
		out.Range = map[string]string{"cidr": "0.0.0.0/0"}
	}
	return out
}

// seenGroup is a group that the caller may do something to by the rule of the
// network service.
func seenGroup(ctx context.Context, id, rule string) (netview.Group, error) {
	missing := commands.Refuse(commands.NotFound, "Security group %s not found.", id)
	g, ok := api.World(ctx).Network.Groups.Get(id)
	if !ok {
		return g, missing
	}
	return g, api.AllowRule(ctx, rule, api.Target{ProjectID: g.ProjectID, Missing: missing})
}

// checkGroupID refuses what can't be a group's id, as Nova does where groups are changed.
func checkGroupID(id string) error {
	if uuid.Validate(id) != nil {
		return commands.Refuse(commands.Invalid, "Security group id should be uuid")
	}
	return nil
}

// listSecurityGroups shows the groups of the caller's project, which has a
// default one from the beginning, as users of Neutron expect.
func (s *Service) listSecurityGroups(ctx context.Context, in *listSecurityGroupsIn) (*securityGroupsOut, error) {
	limit, err := count("limit", in.Limit, api.MaxPage)
	if err != nil {
		return nil, err
	}
	offset, err := count("offset", in.Offset, 0)
	if err != nil {
		return nil, err
	}
	w, project := api.World(ctx), api.From(ctx).ProjectID
	if _, ok := w.Network.Groups.DefaultOf(project); !ok && project != "" {
		if w, err = s.Do(ctx, netcmd.EnsureDefaultSecurityGroup{ProjectID: project, Seed: api.NewID(ctx)}); err != nil {
			return nil, err
		}
	}
	groups := w.Network.Groups.OfProject(project, "")
	if all, _ := api.ParseBool(in.AllTenants); all && isAdmin(ctx) {
		groups = w.Network.Groups.From("")
	}
	var found []netview.Group
	for _, g := range groups {
		if len(found) == maxLooked {
			break
		}
		found = append(found, g)
	}
	slices.SortStableFunc(found, func(a, b netview.Group) int {
		return cmp.Or(strings.Compare(a.ProjectID, b.ProjectID), strings.Compare(a.Name, b.Name))
	})
	found = found[min(offset, len(found)):]
	out := &securityGroupsOut{}
	for _, g := range found[:min(limit, api.MaxPage, len(found))] {
		out.Body.Groups = append(out.Body.Groups, showSecurityGroup(w, g))
	}
	return out, nil
}

func (s *Service) showSecurityGroup(ctx context.Context, in *securityGroupID) (*securityGroupOut, error) {
	g, err := seenGroup(ctx, in.ID, "get_security_group")
	if err != nil {
		return nil, err
	}
	out := &securityGroupOut{}
	out.Body.Group = showSecurityGroup(api.World(ctx), g)
	return out, nil
}

// asInvalid is how Nova tells what Neutron's state is against: as a bad request.
func asInvalid(err error) error {
	if r, ok := commands.Refused(err); ok && r.Kind == commands.Conflict {
		return commands.Refuse(commands.Invalid, "%s", r.Message)
	}
	return err
}

// doneToGroup has a group changed and shows it then.
func (s *Service) doneToGroup(ctx context.Context, id string, c commands.Command) (*securityGroupOut, error) {
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, asInvalid(err)
	}
	g, _ := w.Network.Groups.Get(id)
	out := &securityGroupOut{}
	out.Body.Group = showSecurityGroup(w, g)
	return out, nil
}

func (s *Service) createSecurityGroup(ctx context.Context, in *createSecurityGroupIn) (*securityGroupOut, error) {
	project := api.From(ctx).ProjectID
	if err := api.AllowRule(ctx, "create_security_group", api.Target{ProjectID: project}); err != nil {
		return nil, err
	}
	want := in.Body.Group
	if strings.EqualFold(want.Name, "default") {
		return nil, commands.Refuse(commands.Invalid, "Default security group already exists.")
	}
	c := netcmd.CreateSecurityGroup{ID: api.NewID(ctx), ProjectID: project, Name: want.Name, Description: want.Description}
	return s.doneToGroup(ctx, c.ID, c)
}

func (s *Service) updateSecurityGroup(ctx context.Context, in *updateSecurityGroupIn) (*securityGroupOut, error) {
	if err := checkGroupID(in.ID); err != nil {
		return nil, err
	}
	if _, err := seenGroup(ctx, in.ID, "update_security_group"); err != nil {
		return nil, err
	}
	return s.doneToGroup(ctx, in.ID, netcmd.UpdateSecurityGroup{ID: in.ID, Name: &in.Body.Group.Name, Description: &in.Body.Group.Description})
}

func (s *Service) deleteSecurityGroup(ctx context.Context, in *securityGroupID) (*api.Empty, error) {
	if err := checkGroupID(in.ID); err != nil {
		return nil, err
	}
	if _, err := seenGroup(ctx, in.ID, "delete_security_group"); err != nil {
		return nil, err
	}
	_, err := s.Do(ctx, netcmd.DeleteSecurityGroup{ID: in.ID, Trusted: isAdmin(ctx)})
	return &api.Empty{}, asInvalid(err)
}
