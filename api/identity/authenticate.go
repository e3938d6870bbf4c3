package identity

import (
	"errors"

	"skylog/api"
	"skylog/commands"
	"skylog/projections"
	view "skylog/projections/identity"
)

var errForged = errors.New("the token was not issued here")

// Authenticate tells whose a token is and what its bearer may now: the gateway's
// api.Authenticator.
func (s *Service) Authenticate(w *projections.World, token string) (api.Who, error) {
	k, ok := s.openToken(token)
	if !ok {
		return api.Who{}, errForged
	}
	if err := w.Identity.Check(k, s.Clock()); err != nil {
		return api.Who{}, err
	}
	u, _ := w.Identity.Users.Get(k.UserID)
	who := api.Who{UserID: u.ID, UserName: u.Name, UserDomainID: u.DomainID, Claims: k}
	switch k.Scope.Kind {
	case view.OnProject:
		p, _ := w.Identity.Projects.Get(k.Scope.ID)
		who.ProjectID, who.ProjectName, who.ProjectDomainID = p.ID, p.Name, p.DomainID
	case view.OnDomain:
		who.DomainID = k.Scope.ID
	case view.OnSystem:
		who.System = true
	}
	if a, ok := w.Identity.ApplicationCredentials.Get(k.ApplicationCredentialID); ok {
		who.AccessRules = rulesOf(&w.Identity, &a)
	}
	roles := w.Identity.RolesOf(k)
	rights := commands.Rights{UserID: k.UserID, ScopeKind: k.Scope.Kind, ScopeID: k.Scope.ID, AuditID: k.AuditID, Issued: k.Seq,
		TrustID: k.TrustID, ApplicationCredentialID: k.ApplicationCredentialID, RoleIDs: make([]string, len(roles))}
	who.Roles = make([]string, len(roles))
	for i, r := range roles {
		who.Roles[i], rights.RoleIDs[i] = r.Name, r.ID
	}
	who.Rights = []commands.Rights{rights}
	return who, nil
}

// claims is what the caller's token says of itself. A caller whom another
// authenticator vouched for has none: nothing is theirs but what policy allows.
func claims(who api.Who) *view.Token {
	if k, ok := who.Claims.(*view.Token); ok {
		return k
	}
	return &view.Token{UserID: who.UserID}
}
