package identity

import (
	"slices"
	"time"

	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
	view "skylog/projections/identity"
)

const (
	// maxTrusts is how many trusts a user may give.
	maxTrusts = 1000
	// maxRedelegations is how often in a row a trust may be passed on.
	maxRedelegations = 3
)

// CreateTrust lets the trustee act for the trustor, with roles that the trustor has.
func CreateTrust(w *projections.World, c cmd.CreateTrust) ([]events.Event, error) {
	t := &w.Identity
	switch {
	case t.Trusts.Has(c.ID):
		return nil, idTaken("trust", c.ID)
	case !t.Users.Has(c.TrustorID):
		return nil, notFound("user", c.TrustorID)
	case !t.Users.Has(c.TrusteeID):
		return nil, notFound("user", c.TrusteeID)
	case !t.Projects.Has(c.ProjectID):
		return nil, notFound("project", c.ProjectID)
	case len(c.RoleIDs) == 0:
		return nil, commands.Refuse(commands.Forbidden, "At least one role should be specified.")
	case c.Redelegable && c.Uses != 0:
		return nil, commands.Refuse(commands.Invalid, "remaining_uses must not be set if redelegation is allowed.")
	case c.Redelegations > maxRedelegations:
		return nil, commands.Refuse(commands.Forbidden, "Requested redelegation depth of %d is greater than allowed %d.", c.Redelegations, maxRedelegations)
	case t.Trusts.CountOf(c.TrustorID) >= maxTrusts:
		return nil, commands.Refuse(commands.Forbidden, "A user may give %d trusts.", maxTrusts)
	}
	is := evt.TrustCreated{ID: c.ID, TrustorID: c.TrustorID, TrusteeID: c.TrusteeID, ProjectID: c.ProjectID, RoleIDs: c.RoleIDs,
		Impersonation: c.Impersonation, Expires: c.Expires, Uses: c.Uses, ParentID: c.ParentID}
	first := c.TrustorID
	if c.ParentID != "" {
		root, err := passOn(w, c, &is)
		if err != nil {
			return nil, err
		}
		first = root
	} else if c.Redelegable {
		is.Redelegations = maxRedelegations
		if c.Redelegations > 0 {
			is.Redelegations = c.Redelegations
		}
	}
	held := t.Effective(first, view.Target{Kind: view.OnProject, ID: c.ProjectID})
	for _, id := range c.RoleIDs {
		if !slices.ContainsFunc(held, func(r view.Role) bool { return r.ID == id }) {
			return nil, notFound("role", id)
		}
	}
	return events.List(is), nil
}

// passOn checks that a trust gives no more than the one that is passed on, and completes it.
// It returns who gave the first of them.
func passOn(w *projections.World, c cmd.CreateTrust, is *evt.TrustCreated) (root string, err error) {
	parent, ok := w.Identity.Trusts.Get(c.ParentID)
	if !ok {
		return "", notFound("trust", c.ParentID)
	}
	if is.Expires.IsZero() {
		is.Expires = parent.Expires
	}
	switch {
	case parent.Redelegations <= 0:
		return "", commands.Refuse(commands.Forbidden, "Remaining redelegation depth of 0 out of allowed range of [0..%d].", maxRedelegations)
	case c.Uses != 0:
		return "", commands.Refuse(commands.Forbidden, "remaining_uses must not be set in order to redelegate a trust.")
	case c.Redelegable && c.Redelegations > 0 && c.Redelegations != parent.Redelegations-1:
		return "", commands.Refuse(commands.Forbidden, "Modifying redelegation_count upon redelegation is forbidden. Omitting this parameter is advised.")
	case later(is.Expires, parent.Expires):
		return "", commands.Refuse(commands.Forbidden, "Requested expiration time is more than redelegated trust can provide.")
	case c.Impersonation && !parent.Impersonation:
		return "", commands.Refuse(commands.Forbidden, "Impersonation is not allowed because redelegated trust does not specify impersonation.")
	case c.ProjectID != parent.ProjectID:
		return "", commands.Refuse(commands.Forbidden, "A trust is passed on for its own project only.")
	case slices.ContainsFunc(c.RoleIDs, func(id string) bool { return !slices.Contains(parent.RoleIDs, id) }):
		return "", commands.Refuse(commands.Forbidden, "Some of requested roles are not in redelegated trust.")
	}
	if c.Redelegable {
		is.Redelegations = parent.Redelegations - 1
	}
	pedigree, whole := w.Identity.Trusts.Pedigree(parent)
	if !whole {
		return "", notFound("trust", c.ParentID)
	}
	return pedigree[len(pedigree)-1].TrustorID, nil
}

// later says whether one end is behind another; none is behind all.
func later(a, b time.Time) bool { return !b.IsZero() && (a.IsZero() || a.After(b)) }

// UseTrust counts that a token is had, where a trust has but so many.
func UseTrust(w *projections.World, c cmd.UseTrust) ([]events.Event, error) {
	switch k, ok := w.Identity.Trusts.Get(c.ID); {
	case !ok || k.Exhausted():
		return nil, notFound("trust", c.ID)
	case !k.Limited:
		return nil, nil
	}
	return events.List(evt.TrustUsed(c)), nil
}

// DeleteTrust ends a trust.
func DeleteTrust(w *projections.World, c cmd.DeleteTrust) ([]events.Event, error) {
	if !w.Identity.Trusts.Has(c.ID) {
		return nil, notFound("trust", c.ID)
	}
	return events.List(evt.TrustDeleted(c)), nil
}
