package identity

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"skylog/api"
	"skylog/projections"
	view "skylog/projections/identity"
)

// ref names a thing by its id, or by its name and, where names are unique only
// there, its domain.
type ref struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Domain *ref   `json:"domain"`
}

// login is what is sent to get a token.
type login struct {
	Identity struct {
		Methods  []string `json:"methods"`
		Password *struct {
			User struct {
				ref
				Password string `json:"password"`
			} `json:"user"`
		} `json:"password"`
		TOTP *struct {
			User struct {
				ref
				Passcode string `json:"passcode"`
			} `json:"user"`
		} `json:"totp"`
		Token *struct {
			ID string `json:"id"`
		} `json:"token"`
		ApplicationCredential *struct {
			ID     string `json:"id"`
			Name   string `json:"name"`
			Secret string `json:"secret"`
			User   *ref   `json:"user"`
		} `json:"application_credential"`
	} `json:"identity"`
	Scope json.RawMessage `json:"scope"`
}

// wanted is the scope that a login asks for.
type wanted struct {
	Project *ref `json:"project"`
	Domain  *ref `json:"domain"`
	System  *struct {
		All bool `json:"all"`
	} `json:"system"`
	Unscoped *struct{} `json:"unscoped"`
	Trust    *ref      `json:"OS-TRUST:trust"`
}

// unauthenticated is the one answer to every login that fails, whatever the reason:
// who guesses learns nothing from it.
func unauthenticated() error {
	return api.Fail(http.StatusUnauthorized, "The request you have made requires authentication.")
}

func malformed(format string, args ...any) error {
	return api.Fail(http.StatusBadRequest, format, args...)
}

// proof is what the methods of a login have shown.
type proof struct {
	userID     string
	methods    []string
	expires    time.Time // zero: as long as tokens hold
	chain      string    // the audit id of the first token in the chain
	credential string    // the application credential, if one was or is used
	trust      string    // the trust, if one is used
	bound      view.Target
	parent     *view.Token
}

// maxMethods is how many ways to log in one request may name.
const maxMethods = 4

// prove checks every method that a login names. All must show the same user.
func (s *Service) prove(ctx context.Context, w *projections.World, in *login) (*proof, error) {
	id := &in.Identity
	if len(id.Methods) == 0 || len(id.Methods) > maxMethods {
		return nil, malformed("Expecting to find methods in identity, 1 to %d of them.", maxMethods)
	}
	p := &proof{}
	for i, method := range id.Methods {
		if slices.Contains(id.Methods[:i], method) {
			continue
		}
		var userID string
		var err error
		switch {
		case method == "password" && id.Password != nil:
			userID, err = s.byPassword(ctx, w, in)
		case method == "totp" && id.TOTP != nil:
			userID, err = s.byPasscode(ctx, w, in)
		case method == "token" && id.Token != nil:
			userID, err = s.byToken(w, in, p)
		case method == "application_credential" && id.ApplicationCredential != nil:
			userID, err = s.byCredential(ctx, w, in, p)
		case slices.Contains(methods, method) && method != "ec2credential":
			return nil, malformed("Expecting to find %s in identity.", method)
		default:
			return nil, api.Fail(http.StatusUnauthorized, "Attempted to authenticate with an unsupported method.")
		}
		if err != nil {
			return nil, err
		}
		if p.userID != "" && p.userID != userID {
			return nil, unauthenticated()
		}
		p.userID = userID
		if !slices.Contains(p.methods, method) {
			p.methods = append(p.methods, method)
		}
	}
	return p, nil
}

// userOf finds the user that a login names. It is an error to name none.
func userOf(w *projections.World, r *ref) (view.User, bool, error) {
	if r.ID != "" {
		u, ok := w.Identity.Users.Get(r.ID)
		return u, ok, nil
	}
	if r.Name == "" || r.Domain == nil || r.Domain.ID == "" && r.Domain.Name == "" {
		return view.User{}, false, malformed("Expecting to find id, or name and domain, in user.")
	}
	d, ok := domainOf(w, r.Domain)
	if !ok {
		return view.User{}, false, nil
	}
	u, ok := w.Identity.Users.Named(d.ID, r.Name)
	return u, ok, nil
}

func domainOf(w *projections.World, r *ref) (view.Domain, bool) {
	switch {
	case r == nil:
		return view.Domain{}, false
	case r.ID != "":
		return w.Identity.Domains.Get(r.ID)
	}
	return w.Identity.Domains.Named(r.Name)
}

func (s *Service) byPassword(ctx context.Context, w *projections.World, in *login) (string, error) {
	given := &in.Identity.Password.User
	u, _, err := userOf(w, &given.ref)
	if err != nil {
		return "", err
	}
	if err := s.checkPassword(ctx, u, given.Password); err != nil {
		return "", err
	}
	if s.Rules.expired(u, s.Clock()) {
		return "", api.Fail(http.StatusUnauthorized, "The password is expired and needs to be changed for user: %s.", u.ID)
	}
	return u.ID, nil
}

// byToken lets a token be exchanged for one of another scope. It never lives
// longer, and what the first one was bound to binds the next.
func (s *Service) byToken(w *projections.World, in *login, p *proof) (string, error) {
	k, ok := s.openToken(in.Identity.Token.ID)
	if !ok || w.Identity.Check(k, s.Clock()) != nil {
		return "", unauthenticated()
	}
	if k.TrustID != "" {
		return "", api.Fail(http.StatusForbidden, "A token that was had by a trust can't be exchanged for another.")
	}
	p.parent, p.chain = k, k.ChainID
	p.until(k.Expires)
	for _, m := range k.Methods {
		if !slices.Contains(p.methods, m) {
			p.methods = append(p.methods, m)
		}
	}
	if k.ApplicationCredentialID != "" {
		if p.credential != "" && p.credential != k.ApplicationCredentialID {
			return "", unauthenticated()
		}
		p.credential, p.bound = k.ApplicationCredentialID, k.Scope
	}
	if k.Delegated() {
		p.bound = k.Scope
	}
	return k.UserID, nil
}

func (s *Service) byCredential(ctx context.Context, w *projections.World, in *login, p *proof) (string, error) {
	given := in.Identity.ApplicationCredential
	a, ok := w.Identity.ApplicationCredentials.Get(given.ID)
	if given.ID == "" {
		if given.Name == "" || given.User == nil {
			return "", malformed("Expecting to find id, or name and user, in application_credential.")
		}
		u, _, err := userOf(w, given.User)
		if err != nil {
			return "", err
		}
		a, ok = w.Identity.ApplicationCredentials.Named(u.ID, given.Name)
	}
	matched, err := s.matches(ctx, a.SecretHash, given.Secret)
	if err != nil {
		return "", err
	}
	if !ok || !matched || a.ExpiredAt(s.Clock()) || p.credential != "" && p.credential != a.ID {
		return "", unauthenticated()
	}
	p.credential, p.bound = a.ID, view.Target{Kind: view.OnProject, ID: a.ProjectID}
	p.until(a.Expires)
	return a.UserID, nil
}

// scopeOf finds the scope that a login asks for. Whether the user has a role
// there is asked when the token is checked.
func (s *Service) scopeOf(w *projections.World, in *login, p *proof) (view.Target, error) {
	var want wanted
	explicit := len(in.Scope) > 0 && string(in.Scope) != "null"
	if explicit && string(in.Scope) == `"unscoped"` {
		want.Unscoped = &struct{}{}
	} else if explicit && json.Unmarshal(in.Scope, &want) != nil {
		return view.Target{}, malformed("The scope is malformed.")
	}
	named := 0
	for _, there := range []bool{want.Project != nil, want.Domain != nil, want.System != nil, want.Unscoped != nil, want.Trust != nil} {
		if there {
			named++
		}
	}
	var scope view.Target
	switch {
	case named > 1 || explicit && named == 0:
		return scope, malformed("A scope is one of project, domain, system, OS-TRUST:trust and unscoped.")
	case want.Trust != nil:
		return s.trusted(&w.Identity, want.Trust.ID, p)
	case want.Project != nil:
		project, ok, err := projectOf(w, want.Project)
		if err != nil {
			return scope, err
		}
		if !ok {
			return scope, unauthenticated()
		}
		scope = view.Target{Kind: view.OnProject, ID: project.ID}
	case want.Domain != nil:
		d, ok := domainOf(w, want.Domain)
		if !ok {
			return scope, unauthenticated()
		}
		scope = view.Target{Kind: view.OnDomain, ID: d.ID}
	case want.System != nil:
		if !want.System.All {
			return scope, malformed("Of the system, all is the scope.")
		}
		scope = view.Target{Kind: view.OnSystem, ID: view.SystemID}
	case want.Unscoped == nil && p.bound == (view.Target{}):
		return defaultScope(w, p), nil
	}
	if p.bound != (view.Target{}) && scope != p.bound {
		if scope != (view.Target{}) {
			return scope, api.Fail(http.StatusForbidden, "What was had by delegation is good for its own project only.")
		}
		scope = p.bound
	}
	return scope, nil
}

func projectOf(w *projections.World, r *ref) (view.Project, bool, error) {
	if r.ID != "" {
		p, ok := w.Identity.Projects.Get(r.ID)
		return p, ok, nil
	}
	if r.Name == "" || r.Domain == nil {
		return view.Project{}, false, malformed("Expecting to find id, or name and domain, in project.")
	}
	d, ok := domainOf(w, r.Domain)
	if !ok {
		return view.Project{}, false, nil
	}
	p, ok := w.Identity.Projects.Named(d.ID, r.Name)
	return p, ok, nil
}

// defaultScope is the user's default project where they have a role in it; else
// the token is for no scope.
func defaultScope(w *projections.World, p *proof) view.Target {
	u, _ := w.Identity.Users.Get(p.userID)
	scope := view.Target{Kind: view.OnProject, ID: u.DefaultProjectID}
	project, ok := w.Identity.Projects.Get(u.DefaultProjectID)
	d, _ := w.Identity.Domains.Get(project.DomainID)
	if !ok || !project.Enabled || !d.Enabled || len(w.Identity.Effective(u.ID, scope)) == 0 {
		return view.Target{}
	}
	return scope
}
