package handlers

import (
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-json"

	"skylog/commands"
	"skylog/events"
	"skylog/projections"
	view "skylog/projections/identity"
)

// The edge lets a request pass by the world that it sees; until its command is
// decided, the caller's rights may have been taken away. The decider knows the
// frame in which anybody's may last have changed. What was authorised then or
// later needs no second look, which is nearly everything; all else is held
// against the head.

// mayChange notes that facts of the frame in the making may change rights. A
// cell that starts takes those of all it has folded for changed.
func (d *Decider) mayChange(facts []events.Event) {
	for _, e := range facts {
		if t := e.EventType(); strings.HasPrefix(t, "identity.") && !slices.ContainsFunc(harmless, func(h string) bool { return strings.HasSuffix(t, h) }) {
			d.rights = d.head.Seq + 1
			return
		}
	}
}

// harmless are the ends of the names of identity events that take nothing from anybody.
var harmless = []string{".created", ".granted", ".enabled", ".described"}

// entitled refuses an envelope whose caller lost a right between edge and decider.
func (d *Decider) entitled(e *commands.Envelope) error {
	if len(e.Rights) == 0 || e.Authorized >= d.rights {
		return nil
	}
	return Entitled(d.head, e)
}

var errRightsChanged = commands.Refuse(commands.Forbidden, "The caller's rights changed while the request was on its way.")

// Entitled refuses an envelope unless each of its caller's rights holds in the
// world: the token does, and gives every role that it gave at the edge. Which of
// them policy asked for isn't known here; who has lost any may ask again.
func Entitled(w *projections.World, e *commands.Envelope) error {
	var rights []commands.Rights
	if err := json.Unmarshal(e.Rights, &rights); err != nil {
		return err
	}
	for i := range rights {
		if !holds(w, &rights[i], e.At) {
			return errRightsChanged
		}
	}
	return nil
}

// holds doesn't ask whether the token itself has expired: it was good when the
// request came, and NotAfter bounds what is later.
func holds(w *projections.World, r *commands.Rights, asked time.Time) bool {
	k := view.Token{UserID: r.UserID, Scope: view.Target{Kind: r.ScopeKind, ID: r.ScopeID}, AuditID: r.AuditID, Seq: r.Issued,
		TrustID: r.TrustID, ApplicationCredentialID: r.ApplicationCredentialID, Expires: asked.Add(time.Second)}
	if w.Identity.Check(&k, asked) != nil {
		return false
	}
	have := w.Identity.RolesOf(&k)
	for _, id := range r.RoleIDs {
		if !slices.ContainsFunc(have, func(one view.Role) bool { return one.ID == id }) {
			return false
		}
	}
	return true
}
