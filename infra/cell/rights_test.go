package cell

import (
	"testing"

	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/handlers/identity"
)

func TestACommandWhoseCallerLostARightSinceTheEdgeIsRefused(t *testing.T) {
	onStores(t, func(t *testing.T, reopen func() Store) {
		c, stop := run(t, reopen(), "", identity.Register)
		do := func(caller commands.Caller, one commands.Command) error {
			t.Helper()
			_, err := c.Do(commands.With(t.Context(), caller), one)
			return err
		}
		cell := commands.Caller{Origin: "cell"}
		member := cmd.Assignment{ActorKind: "user", ActorID: "ada", TargetKind: "project", TargetID: "web", RoleID: "member"}
		for _, one := range []commands.Command{
			cmd.CreateDomain{ID: "acme", Name: "acme", Enabled: true}, cmd.CreateProject{ID: "web", DomainID: "acme", Name: "web", Enabled: true},
			cmd.CreateUser{ID: "ada", DomainID: "acme", Name: "ada", Enabled: true}, cmd.CreateRole{ID: "member", Name: "member"}, cmd.GrantRole{Assignment: member},
		} {
			if err := do(cell, one); err != nil {
				t.Fatal(err)
			}
		}
		at := c.Now().Seq
		ada := commands.Caller{UserID: "ada", ProjectID: "web", Authorized: at,
			Rights: []commands.Rights{{UserID: "ada", ScopeKind: "project", ScopeID: "web", AuditID: "a", Issued: at, RoleIDs: []string{"member"}}}}
		if err := do(ada, key(1)); err != nil {
			t.Fatalf("while nothing has changed: %v", err)
		}
		if err := do(cell, cmd.CreateRole{ID: "other", Name: "other"}); err != nil {
			t.Fatal(err)
		}
		if err := do(ada, key(2)); err != nil {
			t.Fatalf("when something else has changed: %v", err)
		}
		if err := do(cell, cmd.RevokeRole{Assignment: member}); err != nil {
			t.Fatal(err)
		}
		for _, what := range []string{"at once", "behind a restart"} {
			if r, refused := commands.Refused(do(ada, key(3))); !refused || r.Kind != commands.Forbidden {
				t.Errorf("without the role, %s: %v, want it forbidden", what, r)
			}
			stop()
			c, stop = run(t, reopen(), "", identity.Register)
		}
		if err := do(cell, cmd.GrantRole{Assignment: member}); err != nil {
			t.Fatal(err)
		}
		if err := do(ada, key(3)); err != nil {
			t.Errorf("with the role again: %v", err)
		}
	})
}
