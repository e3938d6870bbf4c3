package identity_test

import (
	"errors"
	"testing"
	"time"

	evt "skylog/events/identity"
	"skylog/handlers/given"
	"skylog/projections/identity"
)

func world(t *testing.T, more ...given.Events) (*identity.Tables, uint64) {
	grant := func(kind, id, on, target, role string, inherited bool) evt.RoleGranted {
		return evt.RoleGranted{Assignment: evt.Assignment{ActorKind: kind, ActorID: id, TargetKind: on, TargetID: target, RoleID: role, Inherited: inherited}}
	}
	all := given.Events{
		evt.DomainCreated{ID: "acme", Name: "Acme", Enabled: true},
		evt.DomainCreated{ID: "home", Name: "Home", Enabled: true},
		evt.ProjectCreated{ID: "web", DomainID: "acme", Name: "web", Enabled: true},
		evt.ProjectCreated{ID: "sub", DomainID: "acme", ParentID: "web", Name: "sub", Enabled: true},
		evt.UserCreated{ID: "ada", DomainID: "home", Name: "ada", Enabled: true},
		evt.GroupCreated{ID: "poets", DomainID: "home", Name: "poets"},
		evt.UserJoinedGroup{UserID: "ada", GroupID: "poets"},
		evt.RoleCreated{ID: "m", Name: "member"}, evt.RoleCreated{ID: "r", Name: "reader"},
		evt.RoleCreated{ID: "b", Name: "bard"}, evt.RoleCreated{ID: "o", DomainID: "acme", Name: "own"},
		evt.RoleImplied{PriorID: "m", ImpliedID: "r"}, evt.RoleImplied{PriorID: "o", ImpliedID: "b"}, evt.RoleImplied{PriorID: "r", ImpliedID: "m"},
		grant("user", "ada", "project", "web", "m", false),
		grant("group", "poets", "project", "web", "o", true),
		grant("user", "ada", "domain", "acme", "r", true),
		grant("user", "ada", "system", "all", "b", false),
	}
	for _, m := range more {
		all = append(all, m...)
	}
	w := given.World(t, all)
	return &w.Identity, w.Seq
}

func TestEffectiveRoles(t *testing.T) {
	tables, _ := world(t)
	for scope, want := range map[identity.Target]string{
		{Kind: "project", ID: "web"}: "member reader ", // reader twice over: implied, and inherited from the domain
		{Kind: "project", ID: "sub"}: "bard member reader ",
		{Kind: "domain", ID: "acme"}: "",
		{Kind: "system", ID: "all"}:  "bard ",
		{}:                           "",
		{Kind: "project", ID: "x"}:   "",
	} {
		got := ""
		for _, r := range tables.Effective("ada", scope) {
			got += r.Name + " "
		}
		if got != want {
			t.Errorf("on %v: got %q, want %q", scope, got, want)
		}
	}
	projects, domains, system := tables.Scopes("ada", 10)
	if len(projects) != 2 || len(domains) != 0 || !system {
		t.Errorf("ada's scopes are %v, %v, %v", projects, domains, system)
	}
}

func TestCheck(t *testing.T) {
	now := given.Start.Add(time.Hour)
	for name, c := range map[string]struct {
		then given.Events
		void bool
	}{
		"nothing happens":               {nil, false},
		"the user is renamed":           {given.Events{evt.UserDescribed{ID: "ada", Name: "x"}}, false},
		"the user is disabled":          {given.Events{evt.UserDisabled{ID: "ada"}}, true},
		"and enabled again":             {given.Events{evt.UserDisabled{ID: "ada"}, evt.UserEnabled{ID: "ada"}}, true},
		"the user is deleted":           {given.Events{evt.UserDeleted{ID: "ada"}}, true},
		"the user's domain is disabled": {given.Events{evt.DomainDisabled{ID: "home"}, evt.DomainEnabled{ID: "home"}}, true},
		"the password changes":          {given.Events{evt.UserPasswordChanged{ID: "ada"}}, true},
		"the project is disabled":       {given.Events{evt.ProjectDisabled{ID: "web"}, evt.ProjectEnabled{ID: "web"}}, true},
		"another project is":            {given.Events{evt.ProjectDisabled{ID: "sub"}}, false},
		"the project's domain is":       {given.Events{evt.DomainDisabled{ID: "acme"}}, true},
		"the project is deleted":        {given.Events{evt.ProjectDeleted{ID: "web"}}, true},
		"the roles are deleted":         {given.Events{evt.RoleDeleted{ID: "m"}, evt.RoleDeleted{ID: "r"}}, true},
		"it is revoked":                 {given.Events{evt.TokenRevoked{AuditID: "a", Expires: now}}, true},
		"another is revoked":            {given.Events{evt.TokenRevoked{AuditID: "b", Expires: now}}, false},
	} {
		_, before := world(t)
		token := &identity.Token{UserID: "ada", Scope: identity.Target{Kind: "project", ID: "web"}, AuditID: "a", Seq: before, Expires: now}
		tables, _ := world(t, c.then)
		err := tables.Check(token, given.Start)
		if void := errors.As(err, &identity.Void{}); void != c.void || (err != nil) != c.void {
			t.Errorf("%s: %v, void should be %v", name, err, c.void)
		}
		if tables.Check(token, now) == nil {
			t.Errorf("%s: it outlives its end", name)
		}
	}
}

func TestARevocationIsDueWhenItsTokenExpires(t *testing.T) {
	tables, _ := world(t, given.Events{evt.TokenRevoked{AuditID: "a", Expires: given.Start.Add(time.Hour)}, evt.TokenRevoked{AuditID: "b", Expires: given.Start}})
	due := tables.Due(given.Start, 10)
	if len(due) != 1 || due[0].ID != "b" {
		t.Errorf("due are %v", due)
	}
	if late := tables.Due(given.Start.Add(2*time.Hour), 1); len(late) != 1 || late[0].ID != "b" {
		t.Errorf("of all, the oldest is %v", late)
	}
}
