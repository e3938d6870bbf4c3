package identity

import (
	"testing"
	"time"

	"skylog/commands"
	cmd "skylog/commands/identity"
	evt "skylog/events/identity"
	"skylog/handlers/given"
	view "skylog/projections/identity"
)

var (
	bob    = evt.UserCreated{ID: "bob", DomainID: "acme", Name: "bob", Enabled: true}
	cy     = evt.UserCreated{ID: "cy", DomainID: "acme", Name: "cy", Enabled: true}
	trust  = evt.TrustCreated{ID: "t", TrustorID: "ada", TrusteeID: "bob", ProjectID: "web", RoleIDs: []string{"member"}}
	trusts = given.Events{acme, web, ada, bob, cy, member, reader, evt.RoleGranted{Assignment: onWeb}}
)

// and is these events and more.
func and(these given.Events, more ...given.Events) given.Events {
	all := append(given.Events{}, these...)
	for _, m := range more {
		all = append(all, m...)
	}
	return all
}

func TestTrusts(t *testing.T) {
	ask := cmd.CreateTrust{ID: "t", TrustorID: "ada", TrusteeID: "bob", ProjectID: "web", RoleIDs: []string{"member"}}
	with := func(change func(*cmd.CreateTrust)) cmd.CreateTrust {
		c := ask
		change(&c)
		return c
	}
	deep, limited := trust, trust
	deep.Redelegations, limited.Uses = maxRedelegations, 1
	used := evt.TrustUsed{ID: "t"}
	given.Run(t, Register, []given.Case{
		{Name: "one is made", Given: trusts, When: ask, Then: given.Events{trust}},
		{Name: "nobody lends a role that they haven't", Given: trusts, When: with(func(c *cmd.CreateTrust) { c.RoleIDs = []string{"reader"} }), Refused: commands.NotFound},
		{Name: "no roles are none", Given: trusts, When: with(func(c *cmd.CreateTrust) { c.RoleIDs = nil }), Refused: commands.Forbidden},
		{Name: "nobody isn't trusted", Given: trusts, When: with(func(c *cmd.CreateTrust) { c.TrusteeID = "x" }), Refused: commands.NotFound},
		{Name: "it may be passed on", Given: trusts, When: with(func(c *cmd.CreateTrust) { c.Redelegable = true }), Then: given.Events{deep}},
		{Name: "not too often", Given: trusts, When: with(func(c *cmd.CreateTrust) { c.Redelegable, c.Redelegations = true, 9 }), Refused: commands.Forbidden},
		{Name: "what may be passed on has no number of uses", Given: trusts, When: with(func(c *cmd.CreateTrust) { c.Redelegable, c.Uses = true, 1 }), Refused: commands.Invalid},
		{Name: "a use is counted", Given: and(trusts, given.Events{limited}), When: cmd.UseTrust{ID: "t"}, Then: given.Events{used}},
		{Name: "what is used up is gone", Given: and(trusts, given.Events{limited, used}), When: cmd.UseTrust{ID: "t"}, Refused: commands.NotFound},
		{Name: "uses without a limit aren't counted", Given: and(trusts, given.Events{trust}), When: cmd.UseTrust{ID: "t"}},
		{Name: "it ends", Given: and(trusts, given.Events{trust}), When: cmd.DeleteTrust{ID: "t"}, Then: given.Events{evt.TrustDeleted{ID: "t"}}},
		{Name: "it ends once", Given: trusts, When: cmd.DeleteTrust{ID: "t"}, Refused: commands.NotFound},
		{Name: "it goes with its trustee", Given: and(trusts, given.Events{trust, evt.UserDeleted{ID: "bob"}}), When: cmd.DeleteTrust{ID: "t"}, Refused: commands.NotFound},
		{Name: "it goes with its project", Given: and(trusts, given.Events{trust, evt.ProjectDeleted{ID: "web"}}), When: cmd.DeleteTrust{ID: "t"}, Refused: commands.NotFound},
	})
}

func TestATrustEndsWhenItsTimeHasCome(t *testing.T) {
	short := trust
	short.Expires = given.Start.Add(time.Hour)
	gone := given.Events{evt.TrustDeleted{ID: "t"}}
	given.Run(t, Register, []given.Case{
		{Name: "expired", Given: and(trusts, given.Events{short}), When: cmd.PassDeadline{Kind: view.DueTrust, ID: "t", Due: short.Expires}, Then: gone},
		{Name: "stale", Given: and(trusts, given.Events{short}), When: cmd.PassDeadline{Kind: view.DueTrust, ID: "t", Due: given.Start}},
	})
}

func TestTrustsThatArePassedOn(t *testing.T) {
	parent := trust
	parent.Redelegations, parent.Expires = 2, given.Start.Add(time.Hour)
	all := and(trusts, given.Events{parent})
	ask := cmd.CreateTrust{ID: "u", TrustorID: "bob", TrusteeID: "cy", ProjectID: "web", RoleIDs: []string{"member"}, ParentID: "t"}
	with := func(change func(*cmd.CreateTrust)) cmd.CreateTrust {
		c := ask
		change(&c)
		return c
	}
	child := evt.TrustCreated{ID: "u", TrustorID: "bob", TrusteeID: "cy", ProjectID: "web", RoleIDs: []string{"member"}, ParentID: "t", Expires: parent.Expires}
	further := child
	further.Redelegations = 1
	given.Run(t, Register, []given.Case{
		{Name: "it ends no later", Given: all, When: ask, Then: given.Events{child}},
		{Name: "and may go further", Given: all, When: with(func(c *cmd.CreateTrust) { c.Redelegable = true }), Then: given.Events{further}},
		{Name: "a later end is refused", Given: all, When: with(func(c *cmd.CreateTrust) { c.Expires = parent.Expires.Add(1) }), Refused: commands.Forbidden},
		{Name: "more roles are refused", Given: and(all, given.Events{evt.RoleImplied{PriorID: "member", ImpliedID: "reader"}}),
			When: with(func(c *cmd.CreateTrust) { c.RoleIDs = []string{"reader"} }), Refused: commands.Forbidden},
		{Name: "impersonation isn't gained", Given: all, When: with(func(c *cmd.CreateTrust) { c.Impersonation = true }), Refused: commands.Forbidden},
		{Name: "uses can't be counted", Given: all, When: with(func(c *cmd.CreateTrust) { c.Uses = 1 }), Refused: commands.Forbidden},
		{Name: "what can't be passed on isn't", Given: and(trusts, given.Events{trust}), When: ask, Refused: commands.Forbidden},
		{Name: "what is gone isn't", Given: trusts, When: ask, Refused: commands.NotFound},
		{Name: "it goes with what it came from", Given: and(all, given.Events{child, evt.TrustDeleted{ID: "t"}}), When: cmd.DeleteTrust{ID: "u"}, Refused: commands.NotFound},
	})
}

func TestCredentials(t *testing.T) {
	kept := evt.CredentialCreated{ID: "c", UserID: "ada", ProjectID: "web", Type: "ec2", Sealed: []byte("x"), TrustID: "t"}
	all := given.Events{acme, web, ada}
	given.Run(t, Register, []given.Case{
		{Name: "one is kept", Given: all, When: cmd.CreateCredential(kept), Then: given.Events{kept}},
		{Name: "once", Given: and(all, given.Events{kept}), When: cmd.CreateCredential(kept), Refused: commands.Conflict},
		{Name: "not nobody's", Given: all, When: cmd.CreateCredential{ID: "c", UserID: "x"}, Refused: commands.NotFound},
		{Name: "not for no project", Given: all, When: cmd.CreateCredential{ID: "c", UserID: "ada", ProjectID: "x"}, Refused: commands.NotFound},
		{Name: "it is replaced", Given: and(all, given.Events{kept}), When: cmd.ReplaceCredential{ID: "c", Sealed: []byte("y")}, Then: given.Events{evt.CredentialReplaced{ID: "c", Sealed: []byte("y")}}},
		{Name: "it is deleted", Given: and(all, given.Events{kept}), When: cmd.DeleteCredential{ID: "c"}, Then: given.Events{evt.CredentialDeleted{ID: "c"}}},
		{Name: "it goes with its user", Given: and(all, given.Events{kept, evt.UserDeleted{ID: "ada"}}), When: cmd.DeleteCredential{ID: "c"}, Refused: commands.NotFound},
		{Name: "and with the trust by which it was made", Given: and(all, given.Events{kept, evt.TrustDeleted{ID: "t"}}), When: cmd.DeleteCredential{ID: "c"}, Refused: commands.NotFound},
	})
}

func TestAccessRules(t *testing.T) {
	all := given.Events{acme, web, ada, bob, member, evt.RoleGranted{Assignment: onWeb}}
	rule := evt.AccessRuleCreated{ID: "r", UserID: "ada", Service: "compute", Method: "GET", Path: "/v2.1/servers"}
	bound, ask := backup, askBackup
	bound.AccessRuleIDs = []string{"r"}
	ask.AccessRules = []cmd.AccessRule{{ID: "r", Service: "compute", Method: "GET", Path: "/v2.1/servers"}, {ID: "s", Service: "compute", Method: "GET", Path: "/v2.1/servers"}}
	byID, foreign := ask, ask
	byID.AccessRules = []cmd.AccessRule{{ID: "r"}}
	foreign.AccessRules = []cmd.AccessRule{{ID: "x"}}
	given.Run(t, Register, []given.Case{
		{Name: "what says the same is made once", Given: all, When: ask, Then: given.Events{rule, bound}},
		{Name: "what is there isn't made", Given: and(all, given.Events{rule}), When: ask, Then: given.Events{bound}},
		{Name: "one is named by its id", Given: and(all, given.Events{rule}), When: byID, Then: given.Events{bound}},
		{Name: "another's can't be", Given: and(all, given.Events{rule, evt.AccessRuleCreated{ID: "x", UserID: "bob"}}), When: foreign, Refused: commands.NotFound},
		{Name: "one that binds stays", Given: and(all, given.Events{rule, bound}), When: cmd.DeleteAccessRule{UserID: "ada", ID: "r"}, Refused: commands.Forbidden},
		{Name: "one that binds no more is deleted", Given: and(all, given.Events{rule, bound, evt.ApplicationCredentialDeleted{ID: "backup"}}), When: cmd.DeleteAccessRule{UserID: "ada", ID: "r"},
			Then: given.Events{evt.AccessRuleDeleted{ID: "r"}}},
		{Name: "another's isn't there", Given: and(all, given.Events{rule}), When: cmd.DeleteAccessRule{UserID: "bob", ID: "r"}, Refused: commands.NotFound},
	})
}

func TestFailedLogins(t *testing.T) {
	until := given.Start.Add(time.Hour)
	wrong, last := evt.UserLoginFailed{ID: "ada"}, evt.UserLoginFailed{ID: "ada", LockedUntil: until}
	count := cmd.CountFailedLogin{ID: "ada", Attempts: 2, At: given.Start, LockedUntil: until}
	late := count
	late.At, late.LockedUntil = until, until.Add(time.Hour)
	right := evt.UserLoginSucceeded{ID: "ada"}
	given.Run(t, Register, []given.Case{
		{Name: "one is counted", Given: given.Events{acme, ada}, When: count, Then: given.Events{wrong}},
		{Name: "the last one locks out", Given: given.Events{acme, ada, wrong}, When: count, Then: given.Events{last}},
		{Name: "who is locked out fails no more", Given: given.Events{acme, ada, wrong, last}, When: count},
		{Name: "behind it counting begins anew", Given: given.Events{acme, ada, wrong, last}, When: late, Then: given.Events{right, wrong}},
		{Name: "nobody's aren't counted", Given: given.Events{acme}, When: count},
		{Name: "they are forgiven", Given: given.Events{acme, ada, wrong}, When: cmd.ForgiveFailedLogins{ID: "ada"}, Then: given.Events{right}},
		{Name: "nothing needs no forgiving", Given: given.Events{acme, ada}, When: cmd.ForgiveFailedLogins{ID: "ada"}},
		{Name: "an administrator lets in who is locked out", Given: given.Events{acme, ada, wrong, last}, When: cmd.ChangeUser{ID: "ada", Enabled: p(true)}, Then: given.Events{evt.UserEnabled{ID: "ada"}}},
	})
}
