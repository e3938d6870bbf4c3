package identity

import (
	"context"
	"iter"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

func (s *Service) mountGroups(a huma.API) {
	const path, rule = "/groups", "identity:"
	api.Handle(a, "POST "+path, rule+"create_group", http.StatusCreated, s.createGroup)
	api.Handle(a, "GET "+path, rule+"list_groups", http.StatusOK, s.listGroups)
	api.Handle(a, "GET "+path+"/{id}", rule+"get_group", http.StatusOK, s.showGroup)
	api.Handle(a, "PATCH "+path+"/{id}", rule+"update_group", http.StatusOK, s.changeGroup)
	api.Handle(a, "DELETE "+path+"/{id}", rule+"delete_group", http.StatusNoContent, s.deleteGroup)
	api.Handle(a, "GET "+path+"/{id}/users", rule+"list_users_in_group", http.StatusOK, s.listUsersInGroup)
	api.Handle(a, "HEAD "+path+"/{id}/users/{user}", rule+"check_user_in_group", http.StatusNoContent, s.checkMember)
	api.Handle(a, "PUT "+path+"/{id}/users/{user}", rule+"add_user_to_group", http.StatusNoContent, s.addMember)
	api.Handle(a, "DELETE "+path+"/{id}/users/{user}", rule+"remove_user_from_group", http.StatusNoContent, s.removeMember)
}

type (
	createGroup struct {
		Name        string  `json:"name" minLength:"1" maxLength:"64"`
		DomainID    *string `json:"domain_id,omitempty" maxLength:"64"`
		Description *string `json:"description,omitempty" maxLength:"65535"`
	}
	changeGroup struct {
		Name        *string `json:"name,omitempty" minLength:"1" maxLength:"64"`
		DomainID    *string `json:"domain_id,omitempty" maxLength:"64"`
		Description *string `json:"description,omitempty" maxLength:"65535"`
	}
	group struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		DomainID    string `json:"domain_id"`
		Description string `json:"description"`
		Links       self   `json:"links"`
	}
	oneGroup[T any] struct {
		Group with[T] `json:"group"`
	}
	createGroupIn struct{ Body oneGroup[createGroup] }
	changeGroupIn struct {
		ByID
		Body oneGroup[changeGroup]
	}
	groupOut  struct{ Body oneGroup[group] }
	groupsOut struct {
		Body struct {
			Groups []with[group] `json:"groups"`
			Links  api.Links     `json:"links"`
		}
	}
	listGroupsIn struct {
		api.Paging
		Name     string `query:"name"`
		DomainID string `query:"domain_id"`
	}
	memberIn struct {
		ByID
		UserID string `path:"user" maxLength:"255"`
	}
)

func showGroup(ctx context.Context, g view.Group) with[group] {
	return with[group]{Extra: g.Extra, Known: group{ID: g.ID, Name: g.Name, DomainID: g.DomainID, Description: g.Description,
		Links: link(ctx, "groups", g.ID)}}
}

func (s *Service) createGroup(ctx context.Context, in *createGroupIn) (*groupOut, error) {
	want := in.Body.Group.Known
	domainID := value(want.DomainID)
	if domainID == "" {
		domainID = homeDomain(api.From(ctx))
	}
	if err := allow(ctx, map[string]string{"target.group.domain_id": domainID}); err != nil {
		return nil, err
	}
	id := api.NewHexID(ctx)
	w, err := s.Do(ctx, cmd.CreateGroup{ID: id, DomainID: domainID, Name: want.Name, Description: value(want.Description), Extra: in.Body.Group.Extra})
	if err != nil {
		return nil, err
	}
	g, _ := w.Identity.Groups.Get(id)
	return &groupOut{oneGroup[group]{showGroup(ctx, g)}}, nil
}

func groupID(g *view.Group) string { return g.ID }

func (s *Service) listGroups(ctx context.Context, in *listGroupsIn) (*groupsOut, error) {
	who, t := api.From(ctx), &api.World(ctx).Identity
	domainID := in.DomainID
	if who.DomainID != "" {
		domainID = who.DomainID
	}
	if err := allow(ctx, map[string]string{"target.group.domain_id": domainID}); err != nil {
		return nil, err
	}
	var all iter.Seq[view.Group]
	switch {
	case in.Name != "":
		all = after(rows(t.Groups.OfName(in.Name)), in.Marker, groupID)
	case domainID != "":
		all = rows(t.Groups.OfDomain(domainID, in.Marker))
	default:
		all = where(rows(t.Groups.From(in.Marker)), func(g *view.Group) bool { return g.ID != in.Marker })
	}
	passes := filters(ctx, "name")
	found := where(all, func(g *view.Group) bool { return (domainID == "" || g.DomainID == domainID) && passes(g.Name) })
	out := &groupsOut{}
	var err error
	out.Body.Groups, out.Body.Links, err = page(ctx, in.Paging, found, groupID, showGroup)
	return out, err
}

// groupFor finds a group and asks whether the caller may do this to it, and to
// the user if one is concerned.
func groupFor(ctx context.Context, id, userID string) (view.Group, error) {
	t := &api.World(ctx).Identity
	g, ok := t.Groups.Get(id)
	u, found := t.Users.Get(userID)
	if err := allow(ctx, map[string]string{"target.group.domain_id": g.DomainID, "target.user.domain_id": u.DomainID}); err != nil {
		return g, err
	}
	switch {
	case !ok:
		return g, missing("group", id)
	case userID != "" && !found:
		return g, missing("user", userID)
	}
	return g, nil
}

func (s *Service) showGroup(ctx context.Context, in *ByID) (*groupOut, error) {
	g, err := groupFor(ctx, in.ID, "")
	if err != nil {
		return nil, err
	}
	return &groupOut{oneGroup[group]{showGroup(ctx, g)}}, nil
}

func (s *Service) changeGroup(ctx context.Context, in *changeGroupIn) (*groupOut, error) {
	g, err := groupFor(ctx, in.ID, "")
	if err != nil {
		return nil, err
	}
	want := &in.Body.Group
	if d := want.Known.DomainID; d != nil && *d != g.DomainID {
		return nil, malformed("A group's domain can't be changed.")
	}
	w, err := s.Do(ctx, cmd.ChangeGroup{ID: in.ID, Name: want.Known.Name,
		Description: cleared(want, "description", want.Known.Description), Extra: want.Extra})
	if err != nil {
		return nil, err
	}
	g, _ = w.Identity.Groups.Get(in.ID)
	return &groupOut{oneGroup[group]{showGroup(ctx, g)}}, nil
}

func (s *Service) deleteGroup(ctx context.Context, in *ByID) (*api.Empty, error) {
	if _, err := groupFor(ctx, in.ID, ""); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.DeleteGroup{ID: in.ID}))
}

func (s *Service) listUsersInGroup(ctx context.Context, in *ByID) (*usersOut, error) {
	g, err := groupFor(ctx, in.ID, "")
	if err != nil {
		return nil, err
	}
	ends, err := s.passwordEnds(ctx)
	if err != nil {
		return nil, err
	}
	passes := filters(ctx, "name")
	t, out := &api.World(ctx).Identity, &usersOut{}
	out.Body.Links = api.LinksOf(ctx, false, "")
	for m := range t.Memberships.OfGroup(g.ID) {
		if u, ok := t.Users.Get(m.UserID); ok && passes(u.Name) && ends(&u) && enabledAs(ctx, u.Enabled) {
			out.Body.Users = append(out.Body.Users, s.shownUser(ctx, u))
		}
	}
	return out, nil
}

func (s *Service) checkMember(ctx context.Context, in *memberIn) (*api.Empty, error) {
	if _, err := groupFor(ctx, in.ID, in.UserID); err != nil {
		return nil, err
	}
	if !api.World(ctx).Identity.Memberships.Has(view.Membership{UserID: in.UserID, GroupID: in.ID}) {
		return nil, missing("user in the group", in.UserID)
	}
	return &api.Empty{Status: http.StatusNoContent}, nil
}

func (s *Service) addMember(ctx context.Context, in *memberIn) (*api.Empty, error) {
	if _, err := groupFor(ctx, in.ID, in.UserID); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.JoinGroup{UserID: in.UserID, GroupID: in.ID}))
}

func (s *Service) removeMember(ctx context.Context, in *memberIn) (*api.Empty, error) {
	if _, err := groupFor(ctx, in.ID, in.UserID); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.LeaveGroup{UserID: in.UserID, GroupID: in.ID}))
}
