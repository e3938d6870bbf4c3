package identity

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections/table"
)

// Token is what a token says of itself once it is opened. It names no roles:
// they are looked up whenever it is used.
type Token struct {
	UserID string
	Scope  Target // zero: unscoped
	// Methods are how its bearer logged in, such as "password".
	Methods []string
	// AuditID names the token without being it; ChainID is that of the first of
	// the tokens from which this one was had.
	AuditID, ChainID string
	// Seq is the world's frame in which it was issued: what ends tokens ends
	// those of earlier frames.
	Seq             uint64
	Issued, Expires time.Time
	// ApplicationCredentialID is the credential it was had with, if it was one.
	ApplicationCredentialID string
	// TrustID is the trust that it was had with, if it was one.
	TrustID string
}

// Delegated says whether a token leads to no more than a trust or an application credential
// does, or was had by a signature with a key that others keep.
func (k *Token) Delegated() bool {
	return k.TrustID != "" || k.ApplicationCredentialID != "" || slices.Contains(k.Methods, "ec2credential")
}

// Void says that a token doesn't hold, and why; the why is for logs, not for its bearer.
type Void struct{ Why string }

func (v Void) Error() string { return "the token is void: " + v.Why }

// Check says whether a token holds in this world: an error is a Void.
func (t *Tables) Check(k *Token, now time.Time) error {
	u, ok := t.Users.Get(k.UserID)
	switch {
	case !now.Before(k.Expires):
		return Void{"it has expired"}
	case !ok:
		return Void{"its user is gone"}
	case !u.Enabled || k.Seq < u.TokensSince:
		return Void{"its user was disabled or changed passwords"}
	case t.Revocations.Has(k.AuditID):
		return Void{"it was revoked"}
	}
	if err := t.checkDomain(u.DomainID, k); err != nil {
		return err
	}
	if k.ApplicationCredentialID != "" {
		a, ok := t.ApplicationCredentials.Get(k.ApplicationCredentialID)
		if !ok || a.UserID != k.UserID || k.Scope != (Target{OnProject, a.ProjectID}) || a.ExpiredAt(now) {
			return Void{"its application credential is gone or has expired"}
		}
	}
	if k.TrustID != "" {
		if err := t.checkTrust(k, now); err != nil {
			return err
		}
	}
	return t.checkScope(k)
}

// checkTrust says whether the trust that a token was had with is there still, and all that it
// was passed on from, and nobody concerned was disabled since.
func (t *Tables) checkTrust(k *Token, now time.Time) error {
	trust, ok := t.Trusts.Get(k.TrustID)
	if !ok || k.Scope != (Target{OnProject, trust.ProjectID}) || k.UserID != trust.TrusteeID && (!trust.Impersonation || k.UserID != trust.TrustorID) {
		return Void{"its trust is gone"}
	}
	pedigree, whole := t.Trusts.Pedigree(trust)
	if !whole {
		return Void{"its trust was passed on from one that is gone"}
	}
	for _, one := range pedigree {
		if one.ExpiredAt(now) {
			return Void{"its trust has expired"}
		}
		for _, id := range []string{one.TrustorID, one.TrusteeID} {
			u, ok := t.Users.Get(id)
			if !ok || !u.Enabled || k.Seq < u.TokensSince {
				return Void{"a party to its trust is gone, was disabled or changed passwords"}
			}
			if err := t.checkDomain(u.DomainID, k); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Tables) checkDomain(id string, k *Token) error {
	if d, ok := t.Domains.Get(id); !ok || !d.Enabled || k.Seq < d.TokensSince {
		return Void{"a domain of its is gone or was disabled"}
	}
	return nil
}

func (t *Tables) checkScope(k *Token) error {
	switch k.Scope.Kind {
	case "":
		return nil
	case OnProject:
		p, ok := t.Projects.Get(k.Scope.ID)
		if !ok || !p.Enabled || k.Seq < p.TokensSince {
			return Void{"its project is gone or was disabled"}
		}
		if err := t.checkDomain(p.DomainID, k); err != nil {
			return err
		}
	case OnDomain:
		if err := t.checkDomain(k.Scope.ID, k); err != nil {
			return err
		}
	}
	if len(t.RolesOf(k)) == 0 {
		return Void{"its user has no role there any more"}
	}
	return nil
}

// RolesOf lists the roles that the bearer of a token has now, by names.
func (t *Tables) RolesOf(k *Token) []Role {
	if k.TrustID != "" {
		return t.rolesOfTrust(k)
	}
	roles := t.Effective(k.UserID, k.Scope)
	if k.ApplicationCredentialID == "" {
		return roles
	}
	a, _ := t.ApplicationCredentials.Get(k.ApplicationCredentialID)
	lent := t.Implications.Closure(a.RoleIDs)
	return slices.DeleteFunc(roles, func(r Role) bool { return !slices.Contains(lent, r.ID) })
}

// rolesOfTrust lists the roles that a trust lends, which are none once who gave it first lacks
// any of them.
func (t *Tables) rolesOfTrust(k *Token) []Role {
	trust, _ := t.Trusts.Get(k.TrustID)
	pedigree, _ := t.Trusts.Pedigree(trust)
	roles := t.Effective(pedigree[len(pedigree)-1].TrustorID, k.Scope)
	for _, id := range trust.RoleIDs {
		if !slices.ContainsFunc(roles, func(r Role) bool { return r.ID == id }) {
			return nil
		}
	}
	lent := t.Implications.Closure(trust.RoleIDs)
	return slices.DeleteFunc(roles, func(r Role) bool { return !slices.Contains(lent, r.ID) })
}

// Effective lists the roles that a user has in a scope, by names: granted to the
// user or a group of theirs, there or inherited from above, and what those
// imply. A domain's own roles count for what they imply only. It takes time in
// proportion to the user's groups and the grants found.
func (t *Tables) Effective(userID string, scope Target) []Role {
	var room [8]string
	granted := room[:0]
	for a := range t.Granted(userID, scope) {
		granted = append(granted, a.RoleID)
	}
	var roles []Role
	for _, id := range t.Implications.Closure(granted) {
		if r, ok := t.Roles.Get(id); ok && r.DomainID == "" {
			roles = append(roles, r)
		}
	}
	slices.SortFunc(roles, func(a, b Role) int { return strings.Compare(a.Name, b.Name) })
	return roles
}

// Granted goes through the assignments that count for a user in a scope.
func (t *Tables) Granted(userID string, scope Target) iter.Seq[Assignment] {
	return func(yield func(Assignment) bool) {
		if !t.granted(Actor{ForUser, userID}, scope, yield) {
			return
		}
		for m := range t.Memberships.OfUser(userID) {
			if !t.granted(Actor{ForGroup, m.GroupID}, scope, yield) {
				return
			}
		}
	}
}

func (t *Tables) granted(who Actor, scope Target, yield func(Assignment) bool) bool {
	on := func(at Target, inherited bool) bool {
		for a := range t.Assignments.OfActorOn(who, at) {
			if a.Inherited == inherited && !yield(a) {
				return false
			}
		}
		return true
	}
	if scope.Kind == "" {
		return true
	}
	if !on(scope, false) {
		return false
	}
	if scope.Kind != OnProject {
		return true
	}
	p, ok := t.Projects.Get(scope.ID)
	if !ok {
		return true
	}
	for p.ParentID != "" {
		if !on(Target{OnProject, p.ParentID}, true) {
			return false
		}
		if p, ok = t.Projects.Get(p.ParentID); !ok {
			return true
		}
	}
	return on(Target{OnDomain, p.DomainID}, true)
}

// Scopes lists where a user has any role: projects (at most limit), domains and
// the system, whether enabled or not.
func (t *Tables) Scopes(userID string, limit int) (projects []Project, domains []Domain, system bool) {
	seen := map[string]bool{}
	project := func(p Project) {
		if !seen[p.ID] && len(projects) < limit {
			seen[p.ID] = true
			projects = append(projects, p)
		}
	}
	of := func(who Actor) {
		for a := range t.Assignments.OfActor(who) {
			switch {
			case a.TargetKind == OnSystem:
				system = true
			case a.Inherited:
				for _, p := range t.Projects.Below(a.TargetID, limit) {
					project(p)
				}
			case a.TargetKind == OnProject:
				if p, ok := t.Projects.Get(a.TargetID); ok {
					project(p)
				}
			default:
				if d, ok := t.Domains.Get(a.TargetID); ok && !seen[d.ID] {
					seen[d.ID] = true
					domains = append(domains, d)
				}
			}
		}
	}
	of(Actor{ForUser, userID})
	for m := range t.Memberships.OfUser(userID) {
		of(Actor{ForGroup, m.GroupID})
	}
	slices.SortFunc(projects, func(a, b Project) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(domains, func(a, b Domain) int { return strings.Compare(a.ID, b.ID) })
	return projects, domains, system
}

// Revocation is that one token is void until it would have expired.
type Revocation struct {
	AuditID string
	Due     time.Time
	At      time.Time // when it was revoked
}

// Revocations is the table of revoked tokens that haven't expired, by audit ids.
type Revocations struct {
	table.Of[string, Revocation]
	byDue table.Index[int64, string, Revocation]
}

func newRevocations() Revocations {
	t := Revocations{Of: table.New[string, Revocation](strings.Compare)}
	t.byDue = table.By(&t.Of, cmp.Compare[int64], func(r *Revocation, emit func(int64)) { emit(r.Due.UnixNano()) })
	return t
}

// Apply folds one event into the table.
func (t *Revocations) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.TokenRevoked:
		t.Put(e.AuditID, Revocation{e.AuditID, e.Expires, m.Time})
	case evt.TokenRevocationForgotten:
		t.Delete(e.AuditID)
	}
}

// Deadline is a time at which something ends by itself.
type Deadline struct {
	Kind, ID string
	Due      time.Time
}

// The kinds of deadlines: behind one a revoked token has expired anyway, behind the other a
// trust has, or has been used up long enough.
const (
	DueRevocation = "revocation"
	DueTrust      = "trust"
)

// Due lists the deadlines that have passed, the oldest first.
func (t *Tables) Due(now time.Time, limit int) []Deadline {
	var due []Deadline
	for at, r := range table.From(t.Revocations.byDue, &t.Revocations.Of, 0) {
		if at.Value > now.UnixNano() || len(due) == limit {
			break
		}
		due = append(due, Deadline{DueRevocation, r.AuditID, r.Due})
	}
	for at, k := range table.From(t.Trusts.byDue, &t.Trusts.Of, 0) {
		if at.Value > now.UnixNano() || len(due) == limit {
			break
		}
		due = append(due, Deadline{DueTrust, k.ID, k.Due})
	}
	return due
}
