package identity

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"skylog/commands"
	cmd "skylog/commands/identity"
	evt "skylog/events/identity"
	"skylog/handlers/given"
	view "skylog/projections/identity"
)

// The beginnings of most cases.
var (
	acme      = evt.DomainCreated{ID: "acme", Name: "Acme", Enabled: true}
	web       = evt.ProjectCreated{ID: "web", DomainID: "acme", Name: "web", Enabled: true}
	ada       = evt.UserCreated{ID: "ada", DomainID: "acme", Name: "ada", PasswordHash: "$1", Enabled: true}
	poets     = evt.GroupCreated{ID: "poets", DomainID: "acme", Name: "poets"}
	member    = evt.RoleCreated{ID: "member", Name: "member"}
	reader    = evt.RoleCreated{ID: "reader", Name: "reader"}
	onWeb     = evt.Assignment{ActorKind: view.ForUser, ActorID: "ada", TargetKind: view.OnProject, TargetID: "web", RoleID: "member"}
	nova      = evt.ServiceCreated{ID: "nova", Type: "compute", Enabled: true}
	here      = evt.RegionCreated{ID: "here"}
	address   = evt.EndpointCreated{ID: "e", ServiceID: "nova", Interface: "public", RegionID: "here", URL: "http://x", Enabled: true}
	askBackup = cmd.CreateApplicationCredential{ID: "backup", UserID: "ada", ProjectID: "web", Name: "backup", SecretHash: "$1", RoleIDs: []string{"member"}}
	backup    = evt.ApplicationCredentialCreated{ID: "backup", UserID: "ada", ProjectID: "web", Name: "backup", SecretHash: "$1", RoleIDs: []string{"member"}}
)

func p[T any](v T) *T { return &v }

func TestDomains(t *testing.T) {
	off := evt.DomainDisabled{ID: "acme"}
	given.Run(t, Register, []given.Case{
		{Name: "a free name is taken", When: cmd.CreateDomain(acme), Then: given.Events{acme}},
		{Name: "a taken name is refused", Given: given.Events{acme}, When: cmd.CreateDomain{ID: "b", Name: "Acme"}, Refused: commands.Conflict},
		{Name: "a taken id is refused", Given: given.Events{acme}, When: cmd.CreateDomain{ID: "acme", Name: "B"}, Refused: commands.Conflict},
		{Name: "it is disabled", Given: given.Events{acme}, When: cmd.ChangeDomain{ID: "acme", Enabled: p(false)}, Then: given.Events{off}},
		{Name: "it is enabled again", Given: given.Events{acme, off}, When: cmd.ChangeDomain{ID: "acme", Enabled: p(true)}, Then: given.Events{evt.DomainEnabled{ID: "acme"}}},
		{Name: "no change is no event", Given: given.Events{acme}, When: cmd.ChangeDomain{ID: "acme", Name: p("Acme"), Enabled: p(true)}},
		{Name: "it is renamed", Given: given.Events{acme}, When: cmd.ChangeDomain{ID: "acme", Name: p("B")}, Then: given.Events{evt.DomainDescribed{ID: "acme", Name: "B"}}},
		{Name: "to a taken name it isn't renamed", Given: given.Events{acme, evt.DomainCreated{ID: "b", Name: "B"}}, When: cmd.ChangeDomain{ID: "acme", Name: p("B")}, Refused: commands.Conflict},
		{Name: "an enabled one isn't deleted", Given: given.Events{acme}, When: cmd.DeleteDomain{ID: "acme"}, Refused: commands.Forbidden},
		{Name: "a disabled one is deleted with all in it", Given: given.Events{acme, web, ada, poets, off}, When: cmd.DeleteDomain{ID: "acme"},
			Then: given.Events{evt.UserDeleted{ID: "ada"}, evt.GroupDeleted{ID: "poets"}, evt.ProjectDeleted{ID: "web"}, evt.DomainDeleted{ID: "acme"}}},
		{Name: "what isn't there isn't deleted", When: cmd.DeleteDomain{ID: "acme"}, Refused: commands.NotFound},
		{Name: "what isn't there isn't changed", When: cmd.ChangeDomain{ID: "acme"}, Refused: commands.NotFound},
	})
}

func TestAnOverfullDomainIsNotDeletedInOneGo(t *testing.T) {
	full := given.Events{acme, evt.DomainDisabled{ID: "acme"}}
	for i := range maxInDomain + 1 {
		full = append(full, evt.GroupCreated{ID: fmt.Sprint(i), DomainID: "acme", Name: fmt.Sprint(i)})
	}
	given.Run(t, Register, []given.Case{{Name: "refused", Given: full, When: cmd.DeleteDomain{ID: "acme"}, Refused: commands.Conflict}})
}

func TestProjects(t *testing.T) {
	child := evt.ProjectCreated{ID: "child", DomainID: "acme", ParentID: "web", Name: "child", Enabled: true}
	fixed := web
	fixed.Immutable = true
	tagged := evt.ProjectTagged{ID: "web", Tags: []string{"a", "b"}}
	given.Run(t, Register, []given.Case{
		{Name: "a free name is taken", Given: given.Events{acme}, When: cmd.CreateProject(web), Then: given.Events{web}},
		{Name: "a taken name is refused", Given: given.Events{acme, web}, When: cmd.CreateProject{ID: "b", DomainID: "acme", Name: "web"}, Refused: commands.Conflict},
		{Name: "another domain's name is free", Given: given.Events{acme, evt.DomainCreated{ID: "b", Name: "B"}, web},
			When: cmd.CreateProject{ID: "b2", DomainID: "b", Name: "web"}, Then: given.Events{evt.ProjectCreated{ID: "b2", DomainID: "b", Name: "web"}}},
		{Name: "there is no such domain", When: cmd.CreateProject(web), Refused: commands.NotFound},
		{Name: "it stands below another", Given: given.Events{acme, web}, When: cmd.CreateProject(child), Then: given.Events{child}},
		{Name: "not below one of another domain", Given: given.Events{acme, web, evt.DomainCreated{ID: "b", Name: "B"}},
			When: cmd.CreateProject{ID: "c", DomainID: "b", ParentID: "web", Name: "c"}, Refused: commands.Invalid},
		{Name: "not below a disabled one", Given: given.Events{acme, web, evt.ProjectDisabled{ID: "web"}}, When: cmd.CreateProject(child), Refused: commands.Forbidden},
		{Name: "a parent isn't deleted", Given: given.Events{acme, web, child}, When: cmd.DeleteProject{ID: "web"}, Refused: commands.Forbidden},
		{Name: "a parent of an enabled one isn't disabled", Given: given.Events{acme, web, child}, When: cmd.ChangeProject{ID: "web", Enabled: p(false)}, Refused: commands.Forbidden},
		{Name: "a leaf is deleted", Given: given.Events{acme, web, child}, When: cmd.DeleteProject{ID: "child"}, Then: given.Events{evt.ProjectDeleted{ID: "child"}}},
		{Name: "tags are sorted and said once", Given: given.Events{acme, web}, When: cmd.ChangeProject{ID: "web", Tags: &[]string{"b", "a", "b"}}, Then: given.Events{tagged}},
		{Name: "a tag is added", Given: given.Events{acme, web, evt.ProjectTagged{ID: "web", Tags: []string{"b"}}}, When: cmd.TagProject{ID: "web", Tag: "a"}, Then: given.Events{tagged}},
		{Name: "a tag that is there stays", Given: given.Events{acme, web, tagged}, When: cmd.TagProject{ID: "web", Tag: "a"}},
		{Name: "a tag is taken away", Given: given.Events{acme, web, tagged}, When: cmd.UntagProject{ID: "web", Tag: "a"}, Then: given.Events{evt.ProjectTagged{ID: "web", Tags: []string{"b"}}}},
		{Name: "a tag that isn't there can't be", Given: given.Events{acme, web}, When: cmd.UntagProject{ID: "web", Tag: "a"}, Refused: commands.NotFound},
		{Name: "a tag with a comma is refused", Given: given.Events{acme, web}, When: cmd.TagProject{ID: "web", Tag: "a,b"}, Refused: commands.Invalid},
		{Name: "extras are merged", Given: given.Events{acme, evt.ProjectCreated{ID: "web", DomainID: "acme", Name: "web", Extra: `{"a":1,"b":2}`}},
			When: cmd.ChangeProject{ID: "web", Extra: `{"b":null,"c":3}`}, Then: given.Events{evt.ProjectDescribed{ID: "web", Name: "web", Extra: `{"a":1,"c":3}`}}},
		{Name: "too many extras are refused", Given: given.Events{acme, web}, When: cmd.ChangeProject{ID: "web", Extra: `{"a":"` + strings.Repeat("x", maxExtraBytes) + `"}`}, Refused: commands.Invalid},
		{Name: "an immutable one isn't changed", Given: given.Events{acme, fixed}, When: cmd.ChangeProject{ID: "web", Name: p("x")}, Refused: commands.Forbidden},
		{Name: "an immutable one isn't deleted", Given: given.Events{acme, fixed}, When: cmd.DeleteProject{ID: "web"}, Refused: commands.Forbidden},
		{Name: "an immutable one is made mutable", Given: given.Events{acme, fixed}, When: cmd.ChangeProject{ID: "web", Immutable: p(false)}, Then: given.Events{evt.ProjectDescribed{ID: "web", Name: "web"}}},
	})
}

func TestUsers(t *testing.T) {
	given.Run(t, Register, []given.Case{
		{Name: "a free name is taken", Given: given.Events{acme}, When: cmd.CreateUser(ada), Then: given.Events{ada}},
		{Name: "a taken name is refused", Given: given.Events{acme, ada}, When: cmd.CreateUser{ID: "b", DomainID: "acme", Name: "ada"}, Refused: commands.Conflict},
		{Name: "a domain isn't a default project", Given: given.Events{acme}, When: cmd.CreateUser{ID: "b", DomainID: "acme", Name: "b", DefaultProjectID: "acme"}, Refused: commands.Invalid},
		{Name: "several changes are several facts", Given: given.Events{acme, ada},
			When: cmd.ChangeUser{ID: "ada", Name: p("lovelace"), PasswordHash: p("$2"), Enabled: p(false), Extra: `{"email":"a@b"}`},
			Then: given.Events{evt.UserDescribed{ID: "ada", Name: "lovelace", Extra: `{"email":"a@b"}`}, evt.UserPasswordChanged{ID: "ada", PasswordHash: "$2"}, evt.UserDisabled{ID: "ada"}}},
		{Name: "an own password is changed", Given: given.Events{acme, ada}, When: cmd.ChangePassword{ID: "ada", OldHash: "$1", PasswordHash: "$2"},
			Then: given.Events{evt.UserPasswordChanged{ID: "ada", PasswordHash: "$2"}}},
		{Name: "not if it was changed meanwhile", Given: given.Events{acme, ada, evt.UserPasswordChanged{ID: "ada", PasswordHash: "$3"}},
			When: cmd.ChangePassword{ID: "ada", OldHash: "$1", PasswordHash: "$2"}, Refused: commands.Conflict},
		{Name: "a user is deleted", Given: given.Events{acme, ada}, When: cmd.DeleteUser{ID: "ada"}, Then: given.Events{evt.UserDeleted{ID: "ada"}}},
		{Name: "a user who isn't there can't be", When: cmd.DeleteUser{ID: "ada"}, Refused: commands.NotFound},
	})
}

func TestGroups(t *testing.T) {
	in := evt.UserJoinedGroup{UserID: "ada", GroupID: "poets"}
	given.Run(t, Register, []given.Case{
		{Name: "a free name is taken", Given: given.Events{acme}, When: cmd.CreateGroup(poets), Then: given.Events{poets}},
		{Name: "a taken name is refused", Given: given.Events{acme, poets}, When: cmd.CreateGroup{ID: "b", DomainID: "acme", Name: "poets"}, Refused: commands.Conflict},
		{Name: "it is renamed", Given: given.Events{acme, poets}, When: cmd.ChangeGroup{ID: "poets", Name: p("bards")}, Then: given.Events{evt.GroupDescribed{ID: "poets", Name: "bards"}}},
		{Name: "a user joins", Given: given.Events{acme, poets, ada}, When: cmd.JoinGroup(in), Then: given.Events{in}},
		{Name: "who is in it stays", Given: given.Events{acme, poets, ada, in}, When: cmd.JoinGroup(in)},
		{Name: "nobody can't join", Given: given.Events{acme, poets}, When: cmd.JoinGroup(in), Refused: commands.NotFound},
		{Name: "a user leaves", Given: given.Events{acme, poets, ada, in}, When: cmd.LeaveGroup(in), Then: given.Events{evt.UserLeftGroup(in)}},
		{Name: "who isn't in it can't leave", Given: given.Events{acme, poets, ada}, When: cmd.LeaveGroup(in), Refused: commands.NotFound},
		{Name: "a deleted user is in no group", Given: given.Events{acme, poets, ada, in, evt.UserDeleted{ID: "ada"}}, When: cmd.LeaveGroup(in), Refused: commands.NotFound},
		{Name: "a group is deleted", Given: given.Events{acme, poets}, When: cmd.DeleteGroup{ID: "poets"}, Then: given.Events{evt.GroupDeleted{ID: "poets"}}},
	})
}

func TestRoles(t *testing.T) {
	implied := evt.RoleImplied{PriorID: "member", ImpliedID: "reader"}
	fixed := evt.RoleCreated{ID: "member", Name: "member", Immutable: true}
	given.Run(t, Register, []given.Case{
		{Name: "a free name is taken", When: cmd.CreateRole(member), Then: given.Events{member}},
		{Name: "a taken name is refused", Given: given.Events{member}, When: cmd.CreateRole{ID: "b", Name: "member"}, Refused: commands.Conflict},
		{Name: "a domain's own may have it", Given: given.Events{acme, member}, When: cmd.CreateRole{ID: "b", DomainID: "acme", Name: "member"}, Then: given.Events{evt.RoleCreated{ID: "b", DomainID: "acme", Name: "member"}}},
		{Name: "it is described", Given: given.Events{member}, When: cmd.ChangeRole{ID: "member", Description: p("x")}, Then: given.Events{evt.RoleDescribed{ID: "member", Name: "member", Description: "x"}}},
		{Name: "an immutable one isn't changed", Given: given.Events{fixed}, When: cmd.ChangeRole{ID: "member", Name: p("x")}, Refused: commands.Forbidden},
		{Name: "an immutable one isn't deleted", Given: given.Events{fixed}, When: cmd.DeleteRole{ID: "member"}, Refused: commands.Forbidden},
		{Name: "one implies another", Given: given.Events{member, reader}, When: cmd.ImplyRole(implied), Then: given.Events{implied}},
		{Name: "once is enough", Given: given.Events{member, reader, implied}, When: cmd.ImplyRole(implied)},
		{Name: "nothing implies admin", Given: given.Events{member, evt.RoleCreated{ID: "a", Name: "admin"}}, When: cmd.ImplyRole{PriorID: "member", ImpliedID: "a"}, Refused: commands.Forbidden},
		{Name: "it stops", Given: given.Events{member, reader, implied}, When: cmd.StopImplyingRole(implied), Then: given.Events{evt.RoleNoLongerImplied(implied)}},
		{Name: "it can't stop what isn't", Given: given.Events{member, reader}, When: cmd.StopImplyingRole(implied), Refused: commands.NotFound},
		{Name: "a deleted role implies nothing", Given: given.Events{member, reader, implied, evt.RoleDeleted{ID: "member"}, member}, When: cmd.StopImplyingRole(implied), Refused: commands.NotFound},
	})
}

func TestAssignments(t *testing.T) {
	all := given.Events{acme, web, ada, poets, member}
	own := evt.RoleCreated{ID: "own", DomainID: "other", Name: "own"}
	ask := cmd.Assignment(onWeb)
	foreign, system, nobody := ask, ask, ask
	foreign.RoleID, system.TargetKind, system.TargetID, system.Inherited, nobody.ActorID = "own", view.OnSystem, view.SystemID, true, "bob"
	granted := evt.RoleGranted{Assignment: onWeb}
	with := func(more ...evt.RoleGranted) given.Events {
		w := append(given.Events{}, all...)
		for _, m := range more {
			w = append(w, m)
		}
		return w
	}
	given.Run(t, Register, []given.Case{
		{Name: "a role is granted", Given: all, When: cmd.GrantRole{Assignment: ask}, Then: given.Events{granted}},
		{Name: "who has it keeps it", Given: with(granted), When: cmd.GrantRole{Assignment: ask}},
		{Name: "nobody gets one", Given: all, When: cmd.GrantRole{Assignment: nobody}, Refused: commands.NotFound},
		{Name: "not another domain's own", Given: append(with(), own), When: cmd.GrantRole{Assignment: foreign}, Refused: commands.Forbidden},
		{Name: "nothing inherits from the system", Given: all, When: cmd.GrantRole{Assignment: system}, Refused: commands.Invalid},
		{Name: "it is taken back", Given: with(granted), When: cmd.RevokeRole{Assignment: ask}, Then: given.Events{evt.RoleRevoked{Assignment: onWeb}}},
		{Name: "what wasn't granted can't be", Given: all, When: cmd.RevokeRole{Assignment: ask}, Refused: commands.NotFound},
		{Name: "it goes with the project", Given: append(with(granted), evt.ProjectDeleted{ID: "web"}, web), When: cmd.RevokeRole{Assignment: ask}, Refused: commands.NotFound},
		{Name: "it goes with the user", Given: append(with(granted), evt.UserDeleted{ID: "ada"}, ada), When: cmd.RevokeRole{Assignment: ask}, Refused: commands.NotFound},
		{Name: "it goes with the role", Given: append(with(granted), evt.RoleDeleted{ID: "member"}, member), When: cmd.RevokeRole{Assignment: ask}, Refused: commands.NotFound},
	})
}

func TestCatalog(t *testing.T) {
	below := evt.RegionCreated{ID: "below", ParentID: "here"}
	given.Run(t, Register, []given.Case{
		{Name: "a region is made", When: cmd.CreateRegion(here), Then: given.Events{here}},
		{Name: "once", Given: given.Events{here}, When: cmd.CreateRegion(here), Refused: commands.Conflict},
		{Name: "not below nothing", When: cmd.CreateRegion(below), Refused: commands.NotFound},
		{Name: "not in a circle", Given: given.Events{here, below}, When: cmd.ChangeRegion{ID: "here", ParentID: p("below")}, Refused: commands.Invalid},
		{Name: "a region of regions stays", Given: given.Events{here, below}, When: cmd.DeleteRegion{ID: "here"}, Refused: commands.Forbidden},
		{Name: "a region of endpoints stays", Given: given.Events{here, nova, address}, When: cmd.DeleteRegion{ID: "here"}, Refused: commands.Forbidden},
		{Name: "an empty region goes", Given: given.Events{here}, When: cmd.DeleteRegion{ID: "here"}, Then: given.Events{evt.RegionDeleted{ID: "here"}}},
		{Name: "a service is made", When: cmd.CreateService(nova), Then: given.Events{nova}},
		{Name: "a service is revised", Given: given.Events{nova}, When: cmd.ChangeService{ID: "nova", Name: p("n")}, Then: given.Events{evt.ServiceRevised{ID: "nova", Type: "compute", Name: "n", Enabled: true}}},
		{Name: "a service goes with its endpoints", Given: given.Events{here, nova, address, evt.ServiceDeleted{ID: "nova"}}, When: cmd.DeleteEndpoint{ID: "e"}, Refused: commands.NotFound},
		{Name: "an endpoint is made", Given: given.Events{here, nova}, When: cmd.CreateEndpoint(address), Then: given.Events{address}},
		{Name: "not of no service", Given: given.Events{here}, When: cmd.CreateEndpoint(address), Refused: commands.Invalid},
		{Name: "not in no region", Given: given.Events{nova}, When: cmd.CreateEndpoint(address), Refused: commands.Invalid},
		{Name: "an endpoint is revised", Given: given.Events{here, nova, address}, When: cmd.ChangeEndpoint{ID: "e", URL: p("http://y")},
			Then: given.Events{evt.EndpointRevised{ID: "e", ServiceID: "nova", Interface: "public", RegionID: "here", URL: "http://y", Enabled: true}}},
		{Name: "an endpoint goes", Given: given.Events{here, nova, address}, When: cmd.DeleteEndpoint{ID: "e"}, Then: given.Events{evt.EndpointDeleted{ID: "e"}}},
	})
}

func TestTokenRevocations(t *testing.T) {
	revoked := evt.TokenRevoked{AuditID: "a", Expires: given.Start}
	given.Run(t, Register, []given.Case{
		{Name: "a token is revoked", When: cmd.RevokeToken(revoked), Then: given.Events{revoked}},
		{Name: "once is enough", Given: given.Events{revoked}, When: cmd.RevokeToken(revoked)},
		{Name: "it is forgotten when it has expired", Given: given.Events{revoked}, When: cmd.PassDeadline{Kind: view.DueRevocation, ID: "a", Due: given.Start},
			Then: given.Events{evt.TokenRevocationForgotten{AuditID: "a"}}},
		{Name: "a stale deadline does nothing", Given: given.Events{revoked}, When: cmd.PassDeadline{Kind: view.DueRevocation, ID: "a", Due: given.Start.Add(time.Hour)}},
	})
}

func TestApplicationCredentials(t *testing.T) {
	all := given.Events{acme, web, ada, member, reader, evt.RoleGranted{Assignment: onWeb}}
	more := askBackup
	more.RoleIDs = []string{"member", "reader"}
	given.Run(t, Register, []given.Case{
		{Name: "one is made", Given: all, When: askBackup, Then: given.Events{backup}},
		{Name: "a taken name is refused", Given: append(append(given.Events{}, all...), backup), When: cmd.CreateApplicationCredential{ID: "x", UserID: "ada", ProjectID: "web", Name: "backup", RoleIDs: []string{"member"}}, Refused: commands.Conflict},
		{Name: "it has no role that its maker hasn't", Given: all, When: more, Refused: commands.Invalid},
		{Name: "an implied role will do", Given: append(append(given.Events{}, all...), evt.RoleImplied{PriorID: "member", ImpliedID: "reader"}), When: more,
			Then: given.Events{evt.ApplicationCredentialCreated{ID: "backup", UserID: "ada", ProjectID: "web", Name: "backup", SecretHash: "$1", RoleIDs: more.RoleIDs}}},
		{Name: "another's isn't there", Given: append(append(given.Events{}, all...), backup), When: cmd.DeleteApplicationCredential{UserID: "bob", ID: "backup"}, Refused: commands.NotFound},
		{Name: "it is deleted", Given: append(append(given.Events{}, all...), backup), When: cmd.DeleteApplicationCredential{UserID: "ada", ID: "backup"}, Then: given.Events{evt.ApplicationCredentialDeleted{ID: "backup"}}},
		{Name: "it goes with its user", Given: append(append(given.Events{}, all...), backup, evt.UserDeleted{ID: "ada"}), When: cmd.DeleteApplicationCredential{UserID: "ada", ID: "backup"}, Refused: commands.NotFound},
	})
}

func TestBootstrap(t *testing.T) {
	given.Run(t, Register, []given.Case{
		{Name: "a cloud that has a domain was bootstrapped", Given: given.Events{acme}, When: cmd.Bootstrap{ProjectID: "p"}, Refused: commands.Conflict},
	})
}
