package identity

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/projections"
	view "skylog/projections/identity"
)

func (s *Service) mountTokens(a huma.API) {
	const path = "/auth/tokens"
	api.Handle(a, "POST "+path, api.Open, http.StatusCreated, s.issueToken, api.Unrehearsed)
	api.Handle(a, "GET "+path, "identity:validate_token", http.StatusOK, s.validateToken, api.PresentOnly)
	api.Handle(a, "HEAD "+path, "identity:check_token", http.StatusOK, s.checkToken, api.PresentOnly)
	api.Handle(a, "DELETE "+path, "identity:revoke_token", http.StatusNoContent, s.revokeToken)
}

type (
	named struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	namedIn struct {
		ID     string `json:"id"`
		Name   string `json:"name"`
		Domain named  `json:"domain"`
	}
	tokenUser struct {
		ID                string  `json:"id"`
		Name              string  `json:"name"`
		Domain            named   `json:"domain"`
		PasswordExpiresAt *string `json:"password_expires_at"`
	}
	token struct {
		Methods               []string         `json:"methods"`
		User                  tokenUser        `json:"user"`
		AuditIDs              []string         `json:"audit_ids"`
		ExpiresAt             time.Time        `json:"expires_at" layout:"2006-01-02T15:04:05.000000Z"`
		IssuedAt              time.Time        `json:"issued_at" layout:"2006-01-02T15:04:05.000000Z"`
		Project               *namedIn         `json:"project,omitempty"`
		IsDomain              *bool            `json:"is_domain,omitempty"`
		Domain                *named           `json:"domain,omitempty"`
		System                map[string]bool  `json:"system,omitempty"`
		Roles                 []named          `json:"roles,omitempty"`
		Catalog               *[]catalogEntry  `json:"catalog,omitempty"`
		ApplicationCredential *tokenCredential `json:"application_credential,omitempty"`
		Trust                 *tokenTrust      `json:"OS-TRUST:trust,omitempty"`
	}
	tokenTrust struct {
		ID            string  `json:"id"`
		TrustorUser   onlyID  `json:"trustor_user"`
		TrusteeUser   onlyID  `json:"trustee_user"`
		Impersonation bool    `json:"impersonation"`
		ParentID      *string `json:"redelegated_trust_id,omitempty"`
	}
	onlyID struct {
		ID string `json:"id"`
	}
	tokenCredential struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		Restricted bool   `json:"restricted"`

		AccessRules *[]accessRule `json:"access_rules,omitempty"`
	}
	tokenOut struct {
		Status       int
		SubjectToken string `header:"X-Subject-Token"`
		Receipt      string `header:"Openstack-Auth-Receipt"`
		Vary         string `header:"Vary"`
		Body         any
	}
	tokenBody struct {
		Token token `json:"token"`
	}
	loginIn struct {
		Receipt string `header:"Openstack-Auth-Receipt" maxLength:"8192"`
		Body    struct {
			Auth map[string]any `json:"auth" doc:"identity (methods and what each needs) and scope"`
		}
		RawBody []byte
	}
	subjectIn struct {
		Subject string `header:"X-Subject-Token" maxLength:"8192"`
	}
)

// issueToken is how everybody logs in.
func (s *Service) issueToken(ctx context.Context, in *loginIn) (*tokenOut, error) {
	var sent struct{ Auth login }
	if err := json.Unmarshal(in.RawBody, &sent); err != nil {
		return nil, malformed("The auth object is malformed.")
	}
	w := api.World(ctx)
	p, err := s.prove(ctx, w, &sent.Auth)
	if err != nil {
		return nil, err
	}
	if half, err := s.halfDone(w, p, in.Receipt); half != nil || err != nil {
		return half, err
	}
	scope, err := s.scopeOf(w, &sent.Auth, p)
	if err != nil {
		return nil, err
	}
	now := s.Clock().UTC().Truncate(time.Microsecond)
	k := &view.Token{UserID: p.userID, Scope: scope, Methods: p.methods, AuditID: newAuditID(), ChainID: p.chain,
		Seq: w.Seq, Issued: now, Expires: now.Add(s.TokenLife), ApplicationCredentialID: p.credential, TrustID: p.trust}
	if !p.expires.IsZero() && p.expires.Before(k.Expires) {
		k.Expires = p.expires
	}
	if k.ChainID == "" {
		k.ChainID = k.AuditID
	}
	if w.Identity.Check(k, now) != nil {
		return nil, unauthenticated()
	}
	if trust, _ := w.Identity.Trusts.Get(k.TrustID); trust.Limited {
		if w, err = s.Do(ctx, cmd.UseTrust{ID: k.TrustID}); err != nil {
			return nil, unauthenticated()
		}
	}
	return s.shown(ctx, w, k, s.sealToken(k)), nil
}

func (s *Service) shown(ctx context.Context, w *projections.World, k *view.Token, sealed string) *tokenOut {
	out := &tokenOut{SubjectToken: sealed, Vary: "X-Auth-Token"}
	out.Body = tokenBody{s.showToken(ctx, w, k)}
	return out
}

func (s *Service) showToken(ctx context.Context, w *projections.World, k *view.Token) token {
	t := &w.Identity
	u, _ := t.Users.Get(k.UserID)
	shown := token{Methods: k.Methods, AuditIDs: []string{k.AuditID}, ExpiresAt: k.Expires, IssuedAt: k.Issued,
		User: tokenUser{u.ID, u.Name, domainNamed(t, u.DomainID), s.Rules.expiresAt(u)}}
	if k.ChainID != k.AuditID {
		shown.AuditIDs = append(shown.AuditIDs, k.ChainID)
	}
	switch k.Scope.Kind {
	case "":
		return shown
	case view.OnProject:
		p, _ := t.Projects.Get(k.Scope.ID)
		shown.Project, shown.IsDomain = &namedIn{p.ID, p.Name, domainNamed(t, p.DomainID)}, new(bool)
	case view.OnDomain:
		d := domainNamed(t, k.Scope.ID)
		shown.Domain = &d
	case view.OnSystem:
		shown.System = map[string]bool{"all": true}
	}
	for _, r := range t.RolesOf(k) {
		shown.Roles = append(shown.Roles, named{r.ID, r.Name})
	}
	if a, ok := t.ApplicationCredentials.Get(k.ApplicationCredentialID); ok {
		shown.ApplicationCredential = &tokenCredential{a.ID, a.Name, !a.Unrestricted, shownRules(t, &a)}
	}
	if one, ok := t.Trusts.Get(k.TrustID); ok {
		shown.Trust = &tokenTrust{one.ID, onlyID{one.TrustorID}, onlyID{one.TrusteeID}, one.Impersonation, orNull(one.ParentID)}
	}
	if !api.Query(ctx).Has("nocatalog") {
		entries := catalog(ctx, t, k.Scope)
		shown.Catalog = &entries
	}
	return shown
}

func domainNamed(t *view.Tables, id string) named {
	d, _ := t.Domains.Get(id)
	return named{d.ID, d.Name}
}

// understands says whether who asks about a token will heed what binds it: services that don't
// know of access rules must not take one for more than it is.
func understands(ctx context.Context, k *view.Token) bool {
	a, ok := api.World(ctx).Identity.ApplicationCredentials.Get(k.ApplicationCredentialID)
	return !ok || len(a.AccessRuleIDs) == 0 || claims(api.From(ctx)).AuditID == k.AuditID || api.HTTP(ctx).Header.Get("OpenStack-Identity-Access-Rules") != ""
}

// subject is the token that a call is about. What doesn't hold isn't there.
func (s *Service) subject(ctx context.Context, in *subjectIn) (*view.Token, error) {
	if in.Subject == "" {
		return nil, malformed("Expecting to find the header X-Subject-Token.")
	}
	k, ok := s.openToken(in.Subject)
	if !ok || api.World(ctx).Identity.Check(k, s.Clock()) != nil || !understands(ctx, k) {
		k, ok = nil, false
	}
	attrs := map[string]string{}
	if ok {
		attrs["target.token.user_id"] = k.UserID
	}
	if err := allow(ctx, attrs); err != nil {
		return nil, err
	}
	if !ok {
		return nil, commands.Refuse(commands.NotFound, "Could not find the token of the header X-Subject-Token.")
	}
	return k, nil
}

func (s *Service) validateToken(ctx context.Context, in *subjectIn) (*tokenOut, error) {
	k, err := s.subject(ctx, in)
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, api.World(ctx), k, in.Subject), nil
}

func (s *Service) checkToken(ctx context.Context, in *subjectIn) (*api.Empty, error) {
	if _, err := s.subject(ctx, in); err != nil {
		return nil, err
	}
	return &api.Empty{Status: http.StatusOK}, nil
}

func (s *Service) revokeToken(ctx context.Context, in *subjectIn) (*api.Empty, error) {
	k, err := s.subject(ctx, in)
	if err != nil {
		return nil, err
	}
	if _, err := s.Do(ctx, cmd.RevokeToken{AuditID: k.AuditID, Expires: k.Expires}); err != nil {
		return nil, err
	}
	return &api.Empty{Status: http.StatusNoContent}, nil
}
