package identity

import (
	"slices"

	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
)

// maxAccessRules is how many rules may bind one application credential.
const maxAccessRules = 100

// accessRules finds the rules that shall bind a credential, and makes those that the user
// hasn't got.
func accessRules(w *projections.World, userID string, wanted []cmd.AccessRule) (ids []string, made []events.Event, err error) {
	if len(wanted) > maxAccessRules {
		return nil, nil, commands.Refuse(commands.Invalid, "An application credential may have %d access rules.", maxAccessRules)
	}
	all := &w.Identity.AccessRules
	fresh := map[cmd.AccessRule]string{}
	for _, want := range wanted {
		id := want.ID
		what := want
		what.ID = ""
		if known, ok := all.Get(id); what == (cmd.AccessRule{}) {
			if !ok || known.UserID != userID {
				return nil, nil, notFound("access rule", id)
			}
		} else if same, ok := all.Same(userID, want.Service, want.Method, want.Path); ok {
			id = same.ID
		} else if before, ok := fresh[what]; ok {
			id = before
		} else {
			if all.Has(id) {
				return nil, nil, idTaken("access_rule", id)
			}
			fresh[what] = id
			made = append(made, evt.AccessRuleCreated{ID: id, UserID: userID, Service: want.Service, Method: want.Method, Path: want.Path})
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, made, nil
}

// DeleteAccessRule deletes a rule that binds no credential. Another user's isn't there.
func DeleteAccessRule(w *projections.World, c cmd.DeleteAccessRule) ([]events.Event, error) {
	r, ok := w.Identity.AccessRules.Get(c.ID)
	switch {
	case !ok || r.UserID != c.UserID:
		return nil, notFound("access rule", c.ID)
	case w.Identity.ApplicationCredentials.BoundBy(c.ID):
		return nil, commands.Refuse(commands.Forbidden, "Access rule %s is still used by an application credential.", c.ID)
	}
	return events.List(evt.AccessRuleDeleted{ID: c.ID}), nil
}
