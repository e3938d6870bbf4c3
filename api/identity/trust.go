package identity

import (
	"context"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

func (s *Service) mountTrusts(a huma.API) {
	const path, rule = "/OS-TRUST/trusts", "identity:"
	api.Handle(a, "POST "+path, rule+"create_trust", http.StatusCreated, s.createTrust)
	api.Handle(a, "GET "+path, api.Authenticated, http.StatusOK, s.listTrusts)
	api.Handle(a, "GET "+path+"/{id}", rule+"get_trust", http.StatusOK, s.showTrust)
	api.Handle(a, "DELETE "+path+"/{id}", rule+"delete_trust", http.StatusNoContent, s.deleteTrust)
	api.Handle(a, "GET "+path+"/{id}/roles", rule+"list_roles_for_trust", http.StatusOK, s.listRolesOfTrust)
	api.Handle(a, "GET "+path+"/{id}/roles/{role}", rule+"get_role_for_trust", http.StatusOK, s.showRoleOfTrust)
}

type (
	createTrust struct {
		TrustorID     string     `json:"trustor_user_id" maxLength:"64"`
		TrusteeID     string     `json:"trustee_user_id" maxLength:"64"`
		Impersonation bool       `json:"impersonation"`
		ProjectID     *string    `json:"project_id,omitempty" maxLength:"64"`
		Roles         []roleName `json:"roles,omitempty" maxItems:"100"`
		ExpiresAt     *string    `json:"expires_at,omitempty" maxLength:"64"`
		RemainingUses *int       `json:"remaining_uses,omitempty" minimum:"1" maximum:"1000000"`
		Redelegable   *bool      `json:"allow_redelegation,omitempty"`
		Redelegations *int       `json:"redelegation_count,omitempty" minimum:"0" maximum:"1000"`
	}
	trust struct {
		ID            string        `json:"id"`
		TrustorID     string        `json:"trustor_user_id"`
		TrusteeID     string        `json:"trustee_user_id"`
		ProjectID     string        `json:"project_id"`
		Impersonation bool          `json:"impersonation"`
		ExpiresAt     *string       `json:"expires_at"`
		RemainingUses *int          `json:"remaining_uses"`
		Redelegations int           `json:"redelegation_count"`
		ParentID      *string       `json:"redelegated_trust_id,omitempty"`
		DeletedAt     *string       `json:"deleted_at"`
		Roles         *[]with[role] `json:"roles,omitempty"`
		RolesLinks    *api.Links    `json:"roles_links,omitempty"`
		Links         self          `json:"links"`
	}
	trustOut struct {
		Body struct {
			Trust trust `json:"trust"`
		}
	}
	trustsOut struct {
		Body struct {
			Trusts []trust   `json:"trusts"`
			Links  api.Links `json:"links"`
		}
	}
	createTrustIn struct {
		Body only[createTrust]
	}
	listTrustsIn struct {
		api.Paging
		TrustorID string `query:"trustor_user_id"`
		TrusteeID string `query:"trustee_user_id"`
	}
	roleOfTrustIn struct {
		ByID
		RoleID string `path:"role" maxLength:"255"`
	}
)

func (createTrust) keys() (string, string) { return "trust", "trusts" }

func showTrust(ctx context.Context, k view.Trust) trust {
	shown := trust{ID: k.ID, TrustorID: k.TrustorID, TrusteeID: k.TrusteeID, ProjectID: k.ProjectID, Impersonation: k.Impersonation,
		Redelegations: k.Redelegations, ParentID: orNull(k.ParentID), Links: link(ctx, "OS-TRUST", "trusts", k.ID)}
	if !k.Expires.IsZero() {
		shown.ExpiresAt = orNull(k.Expires.UTC().Format("2006-01-02T15:04:05.000000Z"))
	}
	if k.Limited {
		shown.RemainingUses = &k.Uses
	}
	return shown
}

// whole shows a trust with its roles, as it is shown alone.
func whole(ctx context.Context, t *view.Tables, k view.Trust) *trustOut {
	shown, lent := showTrust(ctx, k), []with[role]{}
	for _, id := range k.RoleIDs {
		if r, ok := t.Roles.Get(id); ok {
			lent = append(lent, showRole(ctx, r))
		}
	}
	shown.Roles, shown.RolesLinks = &lent, &api.Links{Self: link(ctx, "OS-TRUST", "trusts", k.ID, "roles").Self}
	out := &trustOut{}
	out.Body.Trust = shown
	return out
}

// notByCredential refuses tokens of application credentials: whatever they may, trusts are not
// theirs to see nor to make.
func notByCredential(ctx context.Context) error {
	if claims(api.From(ctx)).ApplicationCredentialID != "" {
		return commands.Refuse(commands.Forbidden, "Using method 'application_credential' is not allowed for managing trusts.")
	}
	return nil
}

func (s *Service) createTrust(ctx context.Context, in *createTrustIn) (*trustOut, error) {
	want, who, t := in.Body.Known, api.From(ctx), &api.World(ctx).Identity
	if err := allow(ctx, map[string]string{"target.trust.trustor_user_id": want.TrustorID}); err != nil {
		return nil, err
	}
	k := claims(who)
	if err := notByCredential(ctx); err != nil {
		return nil, err
	}
	switch {
	case want.TrustorID != who.UserID:
		return nil, commands.Refuse(commands.Forbidden, "The authenticated user should match the trustor.")
	case k.Delegated() && k.TrustID == "":
		return nil, commands.Refuse(commands.Forbidden, "Redelegation allowed for delegated by trust only.")
	case value(want.ProjectID) == "":
		return nil, malformed("A trust is for a project: project_id.")
	}
	expires, err := s.expiry(want.ExpiresAt)
	if err != nil {
		return nil, err
	}
	c := cmd.CreateTrust{ID: api.NewHexID(ctx), TrustorID: want.TrustorID, TrusteeID: want.TrusteeID, ProjectID: value(want.ProjectID),
		Impersonation: want.Impersonation, Expires: expires, Uses: value(want.RemainingUses), ParentID: k.TrustID,
		Redelegable:   value(want.Redelegable) && (want.Redelegations == nil || *want.Redelegations > 0),
		Redelegations: value(want.Redelegations)}
	for _, r := range want.Roles {
		id := r.ID
		if named, ok := t.Roles.Named("", r.Name); ok && id == "" {
			id = named.ID
		}
		c.RoleIDs = append(c.RoleIDs, id)
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	made, _ := w.Identity.Trusts.Get(c.ID)
	return whole(ctx, &w.Identity, made), nil
}

// listTrusts asks one of three rules: that of all trusts, of those that somebody gave, or of those
// that somebody was given.
func (s *Service) listTrusts(ctx context.Context, in *listTrustsIn) (*trustsOut, error) {
	rule, attrs := "identity:list_trusts", map[string]string{}
	switch {
	case in.TrustorID != "":
		rule, attrs["target.trust.trustor_user_id"] = "identity:list_trusts_for_trustor", in.TrustorID
	case in.TrusteeID != "":
		rule, attrs["target.trust.trustee_user_id"] = "identity:list_trusts_for_trustee", in.TrusteeID
	}
	if err := api.AllowRule(ctx, rule, api.Target{Attrs: attrs}); err != nil {
		return nil, err
	}
	if err := notByCredential(ctx); err != nil {
		return nil, err
	}
	t, now := &api.World(ctx).Identity, s.Clock()
	all := rows(t.Trusts.From(in.Marker))
	switch {
	case in.TrustorID != "":
		all = rows(t.Trusts.OfTrustor(in.TrustorID, in.Marker))
	case in.TrusteeID != "":
		all = rows(t.Trusts.OfTrustee(in.TrusteeID, in.Marker))
	}
	var living iter.Seq[view.Trust] = where(all, func(k *view.Trust) bool {
		return k.ID != in.Marker && !k.ExpiredAt(now) && !k.Exhausted() &&
			(in.TrustorID == "" || in.TrusteeID == "" || k.TrusteeID == in.TrusteeID)
	})
	out := &trustsOut{}
	var err error
	out.Body.Trusts, out.Body.Links, err = page(ctx, in.Paging, living, func(k *view.Trust) string { return k.ID }, showTrust)
	return out, err
}

// trustFor finds a trust and asks whether the caller may do this to it. One that isn't there is a
// 404 to everybody, as Keystone has it.
func (s *Service) trustFor(ctx context.Context, id string) (view.Trust, error) {
	k, ok := api.World(ctx).Identity.Trusts.Get(id)
	if !ok || k.ExpiredAt(s.Clock()) || k.Exhausted() {
		return k, missing("trust", id)
	}
	if err := allow(ctx, map[string]string{"target.trust.trustor_user_id": k.TrustorID, "target.trust.trustee_user_id": k.TrusteeID}); err != nil {
		return k, err
	}
	return k, notByCredential(ctx)
}

func (s *Service) showTrust(ctx context.Context, in *ByID) (*trustOut, error) {
	k, err := s.trustFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return whole(ctx, &api.World(ctx).Identity, k), nil
}

func (s *Service) deleteTrust(ctx context.Context, in *ByID) (*api.Empty, error) {
	if _, err := s.trustFor(ctx, in.ID); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.DeleteTrust{ID: in.ID}))
}

func (s *Service) listRolesOfTrust(ctx context.Context, in *ByID) (*rolesOut, error) {
	k, err := s.trustFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &rolesOut{}
	out.Body.Items = *whole(ctx, &api.World(ctx).Identity, k).Body.Trust.Roles
	out.Body.Links = api.LinksOf(ctx, false, "")
	return out, nil
}

func (s *Service) showRoleOfTrust(ctx context.Context, in *roleOfTrustIn) (*roleOut, error) {
	k, err := s.trustFor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	r, ok := api.World(ctx).Identity.Roles.Get(in.RoleID)
	if !ok || !slices.Contains(k.RoleIDs, in.RoleID) {
		return nil, missing("role", in.RoleID)
	}
	return s.roles().shown(ctx, r), nil
}

// trusted finds the trust by which a user logs in, and what the token is then.
func (s *Service) trusted(w *view.Tables, id string, p *proof) (view.Target, error) {
	k, ok := w.Trusts.Get(id)
	switch {
	case !ok || k.ExpiredAt(s.Clock()) || k.Exhausted():
		return view.Target{}, unauthenticated()
	case p.parent != nil && p.parent.Delegated() || p.credential != "":
		return view.Target{}, api.Fail(http.StatusForbidden, "A token that was had by delegation leads to no trust.")
	case k.TrusteeID != p.userID:
		return view.Target{}, api.Fail(http.StatusForbidden, "User is not a trustee.")
	}
	p.trust = k.ID
	if k.Impersonation {
		p.userID = k.TrustorID
	}
	p.until(k.Expires)
	return view.Target{Kind: view.OnProject, ID: k.ProjectID}, nil
}

// until shortens the life of the token to come.
func (p *proof) until(end time.Time) {
	if !end.IsZero() && (p.expires.IsZero() || end.Before(p.expires)) {
		p.expires = end
	}
}
