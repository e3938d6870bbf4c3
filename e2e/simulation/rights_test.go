package simulation

import (
	"context"
	"errors"
	"time"

	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections/identity"
)

// member is the role without which nobody of a project may do anything.
const member = "member"

func membership(project string) cmd.Assignment {
	return cmd.Assignment{ActorKind: identity.ForUser, ActorID: "user of " + project, TargetKind: identity.OnProject, TargetID: project, RoleID: member}
}

// found makes a project, its user, and what they may. An earlier one made the domain.
func (c *cloud) found(ctx context.Context, project string) {
	user := "user of " + project
	for _, one := range []commands.Command{
		cmd.CreateDomain{ID: "domain", Name: "domain", Enabled: true}, cmd.CreateRole{ID: member, Name: member},
		cmd.CreateProject{ID: project, DomainID: "domain", Name: project, Enabled: true},
		cmd.CreateUser{ID: user, DomainID: "domain", Name: user, Enabled: true}, cmd.GrantRole{Assignment: membership(project)},
	} {
		c.insist(ctx, one)
	}
}

// insist asks on behalf of the cell until there is an answer; a refusal is one.
func (c *cloud) insist(ctx context.Context, one commands.Command) {
	for ctx.Err() == nil {
		_, err := c.do(ctx, commands.Caller{Origin: "cell"}, one)
		if _, refused := commands.Refused(err); err == nil || refused || pause(ctx, time.Second) != nil {
			return
		}
	}
}

// meddle takes the right of a project's user away now and then, one way or
// another, and gives it back.
func (c *cloud) meddle(ctx context.Context, project string, l *luck, until time.Time) {
	no, yes, user := false, true, "user of "+project
	for time.Now().Before(until) && pause(ctx, l.within(20*time.Second)) == nil {
		if l.happens(0.5) {
			c.insist(ctx, cmd.RevokeRole{Assignment: membership(project)})
		} else {
			c.insist(ctx, cmd.ChangeUser{ID: user, Enabled: &no})
		}
		if pause(ctx, l.within(3*time.Second)) != nil {
			return
		}
		c.insist(ctx, cmd.GrantRole{Assignment: membership(project)})
		c.insist(ctx, cmd.ChangeUser{ID: user, Enabled: &yes})
	}
}

var errForbidden = errors.New("the edge doesn't let them pass")

// authorize is what the edge does with a fresh token: it reads the user's rights
// from the world that it sees.
func (c *cloud) authorize(who commands.Caller) (commands.Caller, error) {
	one, _ := c.running()
	if one == nil {
		return who, errDown
	}
	w := one.Now()
	k := identity.Token{UserID: who.UserID, Scope: identity.Target{Kind: identity.OnProject, ID: who.ProjectID}, AuditID: "audit", Seq: w.Seq,
		Expires: time.Now().Add(time.Hour)}
	if w.Identity.Check(&k, time.Now()) != nil {
		return who, errForbidden
	}
	r := commands.Rights{UserID: k.UserID, ScopeKind: k.Scope.Kind, ScopeID: k.Scope.ID, AuditID: k.AuditID, Issued: k.Seq}
	for _, role := range w.Identity.RolesOf(&k) {
		r.RoleIDs = append(r.RoleIDs, role.ID)
	}
	who.Rights, who.Authorized = []commands.Rights{r}, w.Seq
	return who, nil
}

// entitled reads the whole log: nothing was granted to a user while they had no
// right to it.
func (c *cloud) entitled(ctx context.Context) (granted, refused int) {
	one, _ := c.running()
	last := one.Now().Seq
	disabled, role := map[string]bool{}, map[string]bool{}
	err := one.Frames(ctx, 0, func(f events.Decoded) error {
		for i, commit := range f.Commits {
			user := commit.Caller.UserID
			switch {
			case user == "" || commit.Repeats || commit.Broken != "":
			case commit.Refused != nil && commit.Refused.Kind == string(commands.Forbidden):
				refused++
			case commit.Refused == nil:
				granted++
				if disabled[user] || !role[user] {
					c.t.Errorf("SKYLOG_SEED=%d: command %s of %s was granted in frame %d, though disabled=%v and the role=%v",
						c.seed, commit.Command, user, f.Seq, disabled[user], role[user])
				}
			}
			for _, e := range f.Facts[i] {
				switch e := e.(type) {
				case evt.UserDisabled:
					disabled[e.ID] = true
				case evt.UserEnabled:
					disabled[e.ID] = false
				case evt.RoleGranted:
					role[e.ActorID] = true
				case evt.RoleRevoked:
					role[e.ActorID] = false
				}
			}
		}
		if f.Seq >= last {
			return errDown // enough
		}
		return nil
	})
	if !errors.Is(err, errDown) {
		c.t.Errorf("read the log: %v", err)
	}
	return granted, refused
}
