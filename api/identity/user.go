package identity

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

func (s *Service) mountUsers(a huma.API) {
	const path, rule = "/users", "identity:"
	api.Handle(a, "POST "+path, rule+"create_user", http.StatusCreated, s.createUser)
	api.Handle(a, "GET "+path, rule+"list_users", http.StatusOK, s.listUsers)
	api.Handle(a, "GET "+path+"/{id}", rule+"get_user", http.StatusOK, s.showUser)
	api.Handle(a, "PATCH "+path+"/{id}", rule+"update_user", http.StatusOK, s.changeUser)
	api.Handle(a, "DELETE "+path+"/{id}", rule+"delete_user", http.StatusNoContent, s.deleteUser)
	api.Handle(a, "POST "+path+"/{id}/password", api.Open, http.StatusNoContent, s.changePassword)
	api.Handle(a, "GET "+path+"/{id}/groups", rule+"list_groups_for_user", http.StatusOK, s.listGroupsOfUser)
	api.Handle(a, "GET "+path+"/{id}/projects", rule+"list_user_projects", http.StatusOK, s.listProjectsOfUser)
}

// userOptions are those of a user that this service honours. There is no lock-out
// and passwords don't expire, so the options to ignore these are kept and change nothing.
type userOptions struct {
	LockPassword           *bool `json:"lock_password,omitempty"`
	IgnoreExpiry           *bool `json:"ignore_password_expiry,omitempty"`
	IgnoreFirstUse         *bool `json:"ignore_change_password_upon_first_use,omitempty"`
	IgnoreLockout          *bool `json:"ignore_lockout_failure_attempts,omitempty"`
	IgnoreUserInactivity   *bool `json:"ignore_user_inactivity,omitempty"`
	MultiFactorAuthEnabled *bool `json:"multi_factor_auth_enabled,omitempty" enum:"false"`
}

type (
	createUser struct {
		Name             string       `json:"name" minLength:"1" maxLength:"255"`
		DomainID         *string      `json:"domain_id,omitempty" maxLength:"64"`
		Password         *string      `json:"password,omitempty" maxLength:"4096"`
		DefaultProjectID *string      `json:"default_project_id,omitempty" maxLength:"64"`
		Enabled          *bool        `json:"enabled,omitempty"`
		Options          *userOptions `json:"options,omitempty"`
	}
	changeUser struct {
		Name             *string      `json:"name,omitempty" minLength:"1" maxLength:"255"`
		DomainID         *string      `json:"domain_id,omitempty" maxLength:"64"`
		Password         *string      `json:"password,omitempty" maxLength:"4096"`
		DefaultProjectID *string      `json:"default_project_id,omitempty" maxLength:"64"`
		Enabled          *bool        `json:"enabled,omitempty"`
		Options          *userOptions `json:"options,omitempty"`
	}
	user struct {
		ID                string          `json:"id"`
		Name              string          `json:"name"`
		DomainID          string          `json:"domain_id"`
		Enabled           bool            `json:"enabled"`
		DefaultProjectID  string          `json:"default_project_id,omitempty"`
		PasswordExpiresAt *string         `json:"password_expires_at"`
		Options           json.RawMessage `json:"options"`
		Links             self            `json:"links"`
	}
	oneUser[T any] struct {
		User with[T] `json:"user"`
	}
	createUserIn struct{ Body oneUser[createUser] }
	changeUserIn struct {
		ByID
		Body oneUser[changeUser]
	}
	userOut  struct{ Body oneUser[user] }
	usersOut struct {
		Body struct {
			Users []with[user] `json:"users"`
			Links api.Links    `json:"links"`
		}
	}
	listUsersIn struct {
		api.Paging
		Name     string `query:"name"`
		DomainID string `query:"domain_id"`
	}
	passwordIn struct {
		ByID
		Body struct {
			User struct {
				Password         string `json:"password" minLength:"1" maxLength:"4096"`
				OriginalPassword string `json:"original_password" maxLength:"4096"`
			} `json:"user"`
		}
	}
)

func showUser(ctx context.Context, u view.User) with[user] {
	shown := user{ID: u.ID, Name: u.Name, DomainID: u.DomainID, Enabled: u.Enabled, DefaultProjectID: u.DefaultProjectID,
		Options: json.RawMessage("{}"), Links: link(ctx, "users", u.ID)}
	if u.Options != "" {
		shown.Options = json.RawMessage(u.Options)
	}
	return with[user]{Known: shown, Extra: u.Extra}
}

// text is how options are filed.
func (o *userOptions) text() (*string, error) {
	if o == nil {
		return nil, nil
	}
	text, err := json.Marshal(o)
	if err != nil || string(text) == "{}" {
		return new(string), err
	}
	filed := string(text)
	return &filed, nil
}

// hashOf hashes a password that was sent; without one there is none.
func (s *Service) hashOf(ctx context.Context, password *string) (*string, error) {
	if password == nil {
		return nil, nil
	}
	h, err := s.hash(ctx, *password)
	return &h, err
}

func (s *Service) createUser(ctx context.Context, in *createUserIn) (*userOut, error) {
	want := in.Body.User.Known
	domainID := value(want.DomainID)
	if domainID == "" {
		domainID = homeDomain(api.From(ctx))
	}
	if err := allow(ctx, map[string]string{"target.user.domain_id": domainID}); err != nil {
		return nil, err
	}
	hash, err := s.hashOf(ctx, want.Password)
	if err != nil {
		return nil, err
	}
	filed, err := want.Options.text()
	if err != nil {
		return nil, err
	}
	id := api.NewHexID(ctx)
	w, err := s.Do(ctx, cmd.CreateUser{ID: id, DomainID: domainID, Name: want.Name, PasswordHash: value(hash),
		DefaultProjectID: value(want.DefaultProjectID), Enabled: yes(want.Enabled), Options: value(filed), Extra: in.Body.User.Extra})
	if err != nil {
		return nil, err
	}
	u, _ := w.Identity.Users.Get(id)
	return &userOut{oneUser[user]{showUser(ctx, u)}}, nil
}

func userID(u *view.User) string { return u.ID }

func (s *Service) listUsers(ctx context.Context, in *listUsersIn) (*usersOut, error) {
	who, t := api.From(ctx), &api.World(ctx).Identity
	domainID := in.DomainID
	if who.DomainID != "" {
		domainID = who.DomainID
	}
	if err := allow(ctx, map[string]string{"target.domain_id": domainID}); err != nil {
		return nil, err
	}
	var all iter.Seq[view.User]
	switch {
	case in.Name != "":
		all = after(rows(t.Users.OfName(in.Name)), in.Marker, userID)
	case domainID != "":
		all = rows(t.Users.OfDomain(domainID, in.Marker))
	default:
		all = where(rows(t.Users.From(in.Marker)), func(u *view.User) bool { return u.ID != in.Marker })
	}
	found := where(all, func(u *view.User) bool {
		return (domainID == "" || u.DomainID == domainID) && enabledAs(ctx, u.Enabled)
	})
	out := &usersOut{}
	var err error
	out.Body.Users, out.Body.Links, err = page(ctx, in.Paging, found, userID, showUser)
	return out, err
}

// userFor finds a user and asks whether the caller may do this to them.
func userFor(ctx context.Context, id string) (view.User, error) {
	u, ok := api.World(ctx).Identity.Users.Get(id)
	if err := allow(ctx, map[string]string{"target.user.id": u.ID, "target.user.domain_id": u.DomainID, "user_id": u.ID}); err != nil {
		return u, err
	}
	if !ok {
		return u, missing("user", id)
	}
	return u, nil
}

func (s *Service) showUser(ctx context.Context, in *ByID) (*userOut, error) {
	u, err := userFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &userOut{oneUser[user]{showUser(ctx, u)}}, nil
}

func (s *Service) changeUser(ctx context.Context, in *changeUserIn) (*userOut, error) {
	u, err := userFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	want := &in.Body.User
	if d := want.Known.DomainID; d != nil && *d != u.DomainID {
		return nil, malformed("A user's domain can't be changed.")
	}
	hash, err := s.hashOf(ctx, want.Known.Password)
	if err != nil {
		return nil, err
	}
	filed, err := want.Known.Options.text()
	if err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, cmd.ChangeUser{ID: in.ID, Name: want.Known.Name, PasswordHash: hash, Enabled: want.Known.Enabled, Options: filed,
		DefaultProjectID: cleared(want, "default_project_id", want.Known.DefaultProjectID), Extra: want.Extra})
	if err != nil {
		return nil, err
	}
	u, _ = w.Identity.Users.Get(in.ID)
	return &userOut{oneUser[user]{showUser(ctx, u)}}, nil
}

func (s *Service) deleteUser(ctx context.Context, in *ByID) (*api.Empty, error) {
	if _, err := userFor(ctx, in.ID); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.DeleteUser{ID: in.ID}))
}

// changePassword is for the users themselves: who knows the password may change
// it, with or without a token.
func (s *Service) changePassword(ctx context.Context, in *passwordIn) (*api.Empty, error) {
	w, want := api.World(ctx), &in.Body.User
	u, _ := w.Identity.Users.Get(in.ID)
	d, _ := w.Identity.Domains.Get(u.DomainID)
	ok, err := s.matches(ctx, u.PasswordHash, want.OriginalPassword)
	if err != nil {
		return nil, err
	}
	var set userOptions
	if u.Options != "" {
		if err := json.Unmarshal([]byte(u.Options), &set); err != nil {
			return nil, err
		}
	}
	switch {
	case !ok || !u.Enabled || !d.Enabled:
		return nil, unauthenticated()
	case value(set.LockPassword):
		return nil, malformed("The password is locked: an administrator can change it.")
	case want.Password == want.OriginalPassword:
		return nil, malformed("The new password is the old one.")
	}
	hash, err := s.hash(ctx, want.Password)
	if err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.ChangePassword{ID: u.ID, OldHash: u.PasswordHash, PasswordHash: hash}))
}

func (s *Service) listGroupsOfUser(ctx context.Context, in *ByID) (*groupsOut, error) {
	u, err := userFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	t, out := &api.World(ctx).Identity, &groupsOut{}
	out.Body.Links = api.LinksOf(ctx, false, "")
	for m := range t.Memberships.OfUser(u.ID) {
		if g, ok := t.Groups.Get(m.GroupID); ok {
			out.Body.Groups = append(out.Body.Groups, showGroup(ctx, g))
		}
	}
	return out, nil
}

func (s *Service) listProjectsOfUser(ctx context.Context, in *ByID) (*projectsOut, error) {
	u, err := userFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	projects, _, _ := api.World(ctx).Identity.Scopes(u.ID, unlimited)
	out := &projectsOut{}
	out.Body.Links = api.LinksOf(ctx, false, "")
	for _, p := range projects {
		out.Body.Projects = append(out.Body.Projects, showProject(ctx, p))
	}
	return out, nil
}
