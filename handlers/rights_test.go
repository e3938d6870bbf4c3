package handlers_test

import (
	"slices"
	"testing"

	"skylog/commands"
	cmd "skylog/commands/compute"
	evt "skylog/events/identity"
	"skylog/handlers"
	"skylog/handlers/given"
)

// before is ada, member of the project web by herself, and a reader of it by her group.
var before = given.Events{
	evt.DomainCreated{ID: "acme", Name: "acme", Enabled: true},
	evt.ProjectCreated{ID: "web", DomainID: "acme", Name: "web", Enabled: true},
	evt.UserCreated{ID: "ada", DomainID: "acme", Name: "ada", Enabled: true},
	evt.UserCreated{ID: "bob", DomainID: "acme", Name: "bob", Enabled: true},
	evt.GroupCreated{ID: "staff", DomainID: "acme", Name: "staff"},
	evt.UserJoinedGroup{UserID: "ada", GroupID: "staff"},
	evt.RoleCreated{ID: "member", Name: "member"},
	evt.RoleCreated{ID: "reader", Name: "reader"},
	evt.RoleGranted{Assignment: member},
	evt.RoleGranted{Assignment: reader},
	evt.ApplicationCredentialCreated{ID: "cred", UserID: "ada", ProjectID: "web", Name: "cred", RoleIDs: []string{"member"}},
}

var (
	member = evt.Assignment{ActorKind: "user", ActorID: "ada", TargetKind: "project", TargetID: "web", RoleID: "member"}
	reader = evt.Assignment{ActorKind: "group", ActorID: "staff", TargetKind: "project", TargetID: "web", RoleID: "reader"}
	onWeb  = commands.Rights{UserID: "ada", ScopeKind: "project", ScopeID: "web", AuditID: "a1", Issued: 11, RoleIDs: []string{"member", "reader"}}
	ofBob  = commands.Rights{UserID: "bob", AuditID: "b1", Issued: 11}
)

func TestWhoLostARightOnTheWayIsRefused(t *testing.T) {
	byCredential := onWeb
	byCredential.ApplicationCredentialID, byCredential.RoleIDs = "cred", []string{"member"}
	for _, c := range []struct {
		name   string
		rights []commands.Rights
		then   given.Events
		lost   bool
	}{
		{name: "nothing happened", rights: []commands.Rights{onWeb}},
		{name: "another user was disabled", rights: []commands.Rights{onWeb}, then: given.Events{evt.UserDisabled{ID: "bob"}}},
		{name: "another role was given", rights: []commands.Rights{onWeb}, then: given.Events{evt.RoleCreated{ID: "r", Name: "r"}}},
		{name: "another token was revoked", rights: []commands.Rights{onWeb}, then: given.Events{evt.TokenRevoked{AuditID: "a2"}}},
		{name: "the user was disabled", rights: []commands.Rights{onWeb}, then: given.Events{evt.UserDisabled{ID: "ada"}}, lost: true},
		{name: "and enabled again", rights: []commands.Rights{onWeb}, then: given.Events{evt.UserDisabled{ID: "ada"}, evt.UserEnabled{ID: "ada"}}, lost: true},
		{name: "the user is gone", rights: []commands.Rights{onWeb}, then: given.Events{evt.UserDeleted{ID: "ada"}}, lost: true},
		{name: "the password was changed", rights: []commands.Rights{onWeb}, then: given.Events{evt.UserPasswordChanged{ID: "ada"}}, lost: true},
		{name: "the project was disabled", rights: []commands.Rights{onWeb}, then: given.Events{evt.ProjectDisabled{ID: "web"}}, lost: true},
		{name: "the project is gone", rights: []commands.Rights{onWeb}, then: given.Events{evt.ProjectDeleted{ID: "web"}}, lost: true},
		{name: "the domain was disabled", rights: []commands.Rights{onWeb}, then: given.Events{evt.DomainDisabled{ID: "acme"}}, lost: true},
		{name: "the role was taken away", rights: []commands.Rights{onWeb}, then: given.Events{evt.RoleRevoked{Assignment: member}}, lost: true},
		{name: "the group's role was taken away", rights: []commands.Rights{onWeb}, then: given.Events{evt.RoleRevoked{Assignment: reader}}, lost: true},
		{name: "the user left the group", rights: []commands.Rights{onWeb}, then: given.Events{evt.UserLeftGroup{UserID: "ada", GroupID: "staff"}}, lost: true},
		{name: "the role is gone", rights: []commands.Rights{onWeb}, then: given.Events{evt.RoleDeleted{ID: "member"}}, lost: true},
		{name: "the token was revoked", rights: []commands.Rights{onWeb}, then: given.Events{evt.TokenRevoked{AuditID: "a1"}}, lost: true},
		{name: "the credential is gone", rights: []commands.Rights{byCredential}, then: given.Events{evt.ApplicationCredentialDeleted{ID: "cred"}}, lost: true},
		{name: "an unscoped user was disabled", rights: []commands.Rights{ofBob}, then: given.Events{evt.UserDisabled{ID: "bob"}}, lost: true},
		{name: "the service beside the caller was disabled", rights: []commands.Rights{onWeb, ofBob}, then: given.Events{evt.UserDisabled{ID: "bob"}}, lost: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := given.World(t, slices.Concat(before, c.then))
			e, err := commands.Seal("id", commands.Caller{Rights: c.rights, Authorized: 11}, w.Time, []commands.Command{cmd.ImportKeypair{}})
			if err != nil {
				t.Fatal(err)
			}
			err = handlers.Entitled(w, &e)
			refusal, refused := commands.Refused(err)
			if err != nil && !refused || refused != c.lost || refused && refusal.Kind != commands.Forbidden {
				t.Errorf("it is %v, want that it's refused: %v", err, c.lost)
			}
		})
	}
}

func BenchmarkEntitled(b *testing.B) {
	w := given.World(b, before)
	e, err := commands.Seal("id", commands.Caller{Rights: []commands.Rights{onWeb}, Authorized: 11}, w.Time, []commands.Command{cmd.ImportKeypair{}})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := handlers.Entitled(w, &e); err != nil {
			b.Fatal(err)
		}
	}
}
