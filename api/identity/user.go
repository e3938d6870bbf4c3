package identity

import (
	"context"
	"encoding/json"
	"iter"
	"maps"
	"net/http"
	"slices"

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
	api.Handle(a, "POST "+path+"/{id}/password", api.Open, http.StatusNoContent, s.changePassword, api.Unrehearsed) // it tells whether a password is right
	api.Handle(a, "GET "+path+"/{id}/groups", rule+"list_groups_for_user", http.StatusOK, s.listGroupsOfUser)
	api.Handle(a, "GET "+path+"/{id}/projects", rule+"list_user_projects", http.StatusOK, s.listProjectsOfUser)
}

// userOptions are those of a user that this service honours. Users aren't disabled for having
// been away, so the option to ignore that is kept and changes nothing.
type userOptions struct {
	LockPassword           *bool      `json:"lock_password,omitempty" nullable:"true"`
	IgnoreExpiry           *bool      `json:"ignore_password_expiry,omitempty" nullable:"true"`
	IgnoreFirstUse         *bool      `json:"ignore_change_password_upon_first_use,omitempty" nullable:"true"`
	IgnoreLockout          *bool      `json:"ignore_lockout_failure_attempts,omitempty" nullable:"true"`
	IgnoreUserInactivity   *bool      `json:"ignore_user_inactivity,omitempty" nullable:"true"`
	MultiFactorAuthEnabled *bool      `json:"multi_factor_auth_enabled,omitempty" nullable:"true"`
	MultiFactorAuthRules   [][]string `json:"multi_factor_auth_rules,omitempty" nullable:"true" maxItems:"20"`
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

func (s *Service) shownUser(ctx context.Context, u view.User) with[user] {
	shown := user{ID: u.ID, Name: u.Name, DomainID: u.DomainID, Enabled: u.Enabled, DefaultProjectID: u.DefaultProjectID,
		PasswordExpiresAt: s.Rules.expiresAt(u), Options: json.RawMessage("{}"), Links: link(ctx, "users", u.ID)}
	if u.Options != "" {
		shown.Options = json.RawMessage(u.Options)
	}
	return with[user]{Known: shown, Extra: u.Extra}
}

// filed is how options are filed after a change: those that were sent win, null takes one away.
// A nil change leaves them as they were.
func filed(was string, sent *userOptions, body []byte) (*string, error) {
	if sent == nil {
		return nil, nil
	}
	for _, rule := range sent.MultiFactorAuthRules {
		if len(rule) == 0 || len(rule) > len(methods) || slices.ContainsFunc(rule, func(m string) bool { return len(m) > 255 }) {
			return nil, malformed("A rule of multi_factor_auth_rules names one to %d ways to log in.", len(methods))
		}
	}
	all := map[string]json.RawMessage{}
	if was != "" {
		if err := json.Unmarshal([]byte(was), &all); err != nil {
			return nil, err
		}
	}
	var change struct {
		User struct{ Options map[string]json.RawMessage }
	}
	if err := json.Unmarshal(body, &change); err != nil {
		return nil, malformed("The options are malformed.")
	}
	maps.Copy(all, change.User.Options)
	maps.DeleteFunc(all, func(_ string, v json.RawMessage) bool { return string(v) == "null" })
	if len(all) == 0 {
		return new(string), nil
	}
	text, err := json.Marshal(all)
	merged := string(text)
	return &merged, err
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
	hash, temporary, err := s.hashOfGiven(ctx, "", want.Password)
	if err != nil {
		return nil, err
	}
	set, err := filed("", want.Options, api.Body(ctx))
	if err != nil {
		return nil, err
	}
	id := api.NewHexID(ctx)
	w, err := s.Do(ctx, cmd.CreateUser{ID: id, DomainID: domainID, Name: want.Name, PasswordHash: value(hash),
		DefaultProjectID: value(want.DefaultProjectID), Enabled: yes(want.Enabled), Options: value(set), Extra: in.Body.User.Extra,
		TemporaryPassword: temporary})
	if err != nil {
		return nil, err
	}
	u, _ := w.Identity.Users.Get(id)
	return &userOut{oneUser[user]{s.shownUser(ctx, u)}}, nil
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
	ends, err := s.passwordEnds(ctx)
	if err != nil {
		return nil, err
	}
	passes, query := filters(ctx, "name"), api.Query(ctx)
	if query.Has("idp_id") || query.Has("protocol_id") || query.Has("unique_id") {
		all = func(func(view.User) bool) {} // nobody comes from another identity provider
	}
	found := where(all, func(u *view.User) bool {
		return (domainID == "" || u.DomainID == domainID) && enabledAs(ctx, u.Enabled) && passes(u.Name) && ends(u)
	})
	out := &usersOut{}
	out.Body.Users, out.Body.Links, err = page(ctx, in.Paging, found, userID, s.shownUser)
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
	return &userOut{oneUser[user]{s.shownUser(ctx, u)}}, nil
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
	hash, temporary, err := s.hashOfGiven(ctx, in.ID, want.Known.Password)
	if err != nil {
		return nil, err
	}
	set, err := filed(u.Options, want.Known.Options, api.Body(ctx))
	if err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, cmd.ChangeUser{ID: in.ID, Name: want.Known.Name, PasswordHash: hash, Enabled: want.Known.Enabled, Options: set,
		TemporaryPassword: temporary, KeptPasswords: s.Rules.UniqueLast,
		DefaultProjectID: cleared(want, "default_project_id", want.Known.DefaultProjectID), Extra: want.Extra})
	if err != nil {
		return nil, err
	}
	u, _ = w.Identity.Users.Get(in.ID)
	return &userOut{oneUser[user]{s.shownUser(ctx, u)}}, nil
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
	if err := s.checkPassword(ctx, u, want.OriginalPassword); err != nil {
		return nil, err
	}
	switch {
	case !u.Enabled || !d.Enabled:
		return nil, unauthenticated()
	case value(optionsOf(u).LockPassword):
		return nil, malformed("The password is locked: an administrator can change it.")
	case want.Password == want.OriginalPassword:
		return nil, malformed("The new password is the old one.")
	}
	if err := s.mayBecome(ctx, u, want.Password); err != nil {
		return nil, err
	}
	hash, err := s.hash(ctx, want.Password)
	if err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.ChangePassword{ID: u.ID, OldHash: u.PasswordHash, PasswordHash: hash, KeptPasswords: s.Rules.UniqueLast}))
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
