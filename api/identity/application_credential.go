package identity

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/identity"
	view "skylog/projections/identity"
)

func (s *Service) mountApplicationCredentials(a huma.API) {
	const path, rule = "/users/{id}/application_credentials", "identity:"
	api.Handle(a, "POST "+path, rule+"create_application_credential", http.StatusCreated, s.createCredential)
	api.Handle(a, "GET "+path, rule+"list_application_credentials", http.StatusOK, s.listCredentials)
	api.Handle(a, "GET "+path+"/{credential}", rule+"get_application_credential", http.StatusOK, s.showCredential)
	api.Handle(a, "DELETE "+path+"/{credential}", rule+"delete_application_credential", http.StatusNoContent, s.deleteCredential)
}

type (
	createCredential struct {
		Name         string       `json:"name" minLength:"1" maxLength:"255"`
		Description  *string      `json:"description,omitempty" maxLength:"65535"`
		Secret       *string      `json:"secret,omitempty" minLength:"1" maxLength:"4096"`
		ExpiresAt    *string      `json:"expires_at,omitempty" maxLength:"64"`
		Roles        []roleName   `json:"roles,omitempty" maxItems:"100"`
		Unrestricted *bool        `json:"unrestricted,omitempty"`
		AccessRules  []wantedRule `json:"access_rules,omitempty" maxItems:"100"`
	}
	roleName struct {
		ID   string `json:"id,omitempty" maxLength:"64"`
		Name string `json:"name,omitempty" maxLength:"255"`
	}
	credentialRole struct {
		ID       string  `json:"id"`
		Name     string  `json:"name"`
		DomainID *string `json:"domain_id"`
	}
	credential struct {
		ID           string           `json:"id"`
		Name         string           `json:"name"`
		Description  *string          `json:"description"`
		Secret       string           `json:"secret,omitempty"`
		UserID       string           `json:"user_id"`
		ProjectID    string           `json:"project_id"`
		System       *string          `json:"system"`
		Roles        []credentialRole `json:"roles"`
		ExpiresAt    *string          `json:"expires_at"`
		Unrestricted bool             `json:"unrestricted"`
		AccessRules  *[]accessRule    `json:"access_rules,omitempty"`
		Links        self             `json:"links"`
	}
	oneCredential[T any] struct {
		ApplicationCredential T `json:"application_credential"`
	}
	createCredentialIn struct {
		ByID
		Body oneCredential[with[createCredential]]
	}
	credentialIn struct {
		ByID
		CredentialID string `path:"credential" maxLength:"255"`
	}
	listCredentialsIn struct {
		ByID
		Name string `query:"name"`
	}
	credentialOut  struct{ Body oneCredential[credential] }
	credentialsOut struct {
		Body struct {
			ApplicationCredentials []credential `json:"application_credentials"`
			Links                  api.Links    `json:"links"`
		}
	}
)

func showCredential(ctx context.Context, t *view.Tables, a view.ApplicationCredential) credential {
	shown := credential{ID: a.ID, Name: a.Name, Description: orNull(a.Description), UserID: a.UserID, ProjectID: a.ProjectID,
		Unrestricted: a.Unrestricted, AccessRules: shownRules(t, &a), Links: link(ctx, "users", a.UserID, "application_credentials", a.ID)}
	for _, id := range a.RoleIDs {
		if r, ok := t.Roles.Get(id); ok {
			shown.Roles = append(shown.Roles, credentialRole{r.ID, r.Name, orNull(r.DomainID)})
		}
	}
	if !a.Expires.IsZero() {
		shown.ExpiresAt = orNull(a.Expires.UTC().Format("2006-01-02T15:04:05.000000"))
	}
	return shown
}

// unrestricted refuses callers that came by an application credential which may
// not make or delete others.
func unrestricted(ctx context.Context) error {
	k := claims(api.From(ctx))
	a, _ := api.World(ctx).Identity.ApplicationCredentials.Get(k.ApplicationCredentialID)
	if k.ApplicationCredentialID != "" && !a.Unrestricted {
		return commands.Refuse(commands.Forbidden, "A restricted application credential can't make or delete credentials.")
	}
	return nil
}

// newSecret makes a secret that nobody guesses.
func newSecret() string {
	var secret [48]byte
	rand.Read(secret[:])
	return base64.RawURLEncoding.EncodeToString(secret[:])
}

// expiry reads when a credential shall end.
func (s *Service) expiry(text *string) (time.Time, error) {
	if text == nil || *text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999", time.RFC3339Nano, "2006-01-02T15:04:05-0700"} {
		if at, err := time.Parse(layout, *text); err == nil {
			if !at.After(s.Clock()) {
				return at, malformed("expires_at is in the past.")
			}
			return at.UTC().Truncate(time.Microsecond), nil
		}
	}
	return time.Time{}, malformed("expires_at is not a time like 2026-01-02T03:04:05.")
}

// lent finds the roles that a credential shall have, among those of the caller's
// token: all, where none is named.
func lent(ctx context.Context, wanted []roleName) ([]string, error) {
	k := claims(api.From(ctx))
	var ids []string
	held := api.World(ctx).Identity.RolesOf(k)
	for _, want := range wanted {
		i := slices.IndexFunc(held, func(r view.Role) bool { return want.ID == r.ID || want.ID == "" && want.Name == r.Name })
		if i < 0 {
			return nil, malformed("Could not find role assignment with role: %.64s%.64s.", want.ID, want.Name)
		}
		ids = append(ids, held[i].ID)
	}
	if len(wanted) == 0 {
		for _, r := range held {
			ids = append(ids, r.ID)
		}
	}
	return ids, nil
}

func (s *Service) createCredential(ctx context.Context, in *createCredentialIn) (*credentialOut, error) {
	who, want := api.From(ctx), in.Body.ApplicationCredential.Known
	if err := ownThings(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := unrestricted(ctx); err != nil {
		return nil, err
	}
	if who.ProjectID == "" {
		return nil, malformed("An application credential is made with a token for its project.")
	}
	expires, err := s.expiry(want.ExpiresAt)
	if err != nil {
		return nil, err
	}
	bounds, err := wantedRules(ctx, want.AccessRules)
	if err != nil {
		return nil, err
	}
	roles, err := lent(ctx, want.Roles)
	if err != nil {
		return nil, err
	}
	secret := value(want.Secret)
	if secret == "" {
		secret = newSecret()
	}
	hash, err := s.hash(ctx, secret)
	if err != nil {
		return nil, err
	}
	id := api.NewHexID(ctx)
	w, err := s.Do(ctx, cmd.CreateApplicationCredential{ID: id, UserID: in.ID, ProjectID: who.ProjectID, Name: want.Name,
		Description: value(want.Description), SecretHash: hash, RoleIDs: roles, Expires: expires, Unrestricted: value(want.Unrestricted), AccessRules: bounds})
	if err != nil {
		return nil, err
	}
	a, _ := w.Identity.ApplicationCredentials.Get(id)
	out := &credentialOut{}
	out.Body.ApplicationCredential = showCredential(ctx, &w.Identity, a)
	if a.SecretHash == hash { // else the request is repeated: the secret was shown the first time
		out.Body.ApplicationCredential.Secret = secret
	}
	return out, nil
}

func (s *Service) listCredentials(ctx context.Context, in *listCredentialsIn) (*credentialsOut, error) {
	if err := ownThings(ctx, in.ID); err != nil {
		return nil, err
	}
	t, out := &api.World(ctx).Identity, &credentialsOut{}
	out.Body.Links = api.LinksOf(ctx, false, "")
	for _, a := range t.ApplicationCredentials.OfUser(in.ID) {
		if in.Name == "" || a.Name == in.Name {
			out.Body.ApplicationCredentials = append(out.Body.ApplicationCredentials, showCredential(ctx, t, a))
		}
	}
	return out, nil
}

func (s *Service) showCredential(ctx context.Context, in *credentialIn) (*credentialOut, error) {
	if err := ownThings(ctx, in.ID); err != nil {
		return nil, err
	}
	t := &api.World(ctx).Identity
	a, ok := t.ApplicationCredentials.Get(in.CredentialID)
	if !ok || a.UserID != in.ID {
		return nil, missing("application credential", in.CredentialID)
	}
	return &credentialOut{oneCredential[credential]{showCredential(ctx, t, a)}}, nil
}

func (s *Service) deleteCredential(ctx context.Context, in *credentialIn) (*api.Empty, error) {
	if err := ownThings(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := unrestricted(ctx); err != nil {
		return nil, err
	}
	return done(s.Do(ctx, cmd.DeleteApplicationCredential{UserID: in.ID, ID: in.CredentialID}))
}
