package identity

import (
	"cmp"
	"iter"
	"strings"

	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections/table"
)

// AccessRule is what is known of one.
type AccessRule struct{ ID, UserID, Service, Method, Path string }

// ruleText is what a rule says, and whose it is.
type ruleText struct{ UserID, Service, Method, Path string }

// AccessRules is the table of the rules that bind application credentials, in the order of ids.
type AccessRules struct {
	table.Of[string, AccessRule]
	byText table.Index[ruleText, string, AccessRule]
}

func newAccessRules() AccessRules {
	t := AccessRules{Of: table.New[string, AccessRule](strings.Compare)}
	t.byText = table.By(&t.Of, func(a, b ruleText) int {
		return cmp.Or(strings.Compare(a.UserID, b.UserID), strings.Compare(a.Service, b.Service),
			strings.Compare(a.Method, b.Method), strings.Compare(a.Path, b.Path))
	}, func(r *AccessRule, emit func(ruleText)) { emit(ruleText{r.UserID, r.Service, r.Method, r.Path}) })
	return t
}

// Same returns a user's rule that says the same.
func (t *AccessRules) Same(userID, service, method, path string) (AccessRule, bool) {
	return table.First(t.byText, &t.Of, ruleText{userID, service, method, path})
}

// OfUser goes through a user's rules.
func (t *AccessRules) OfUser(userID string) iter.Seq2[string, AccessRule] {
	return func(yield func(string, AccessRule) bool) {
		for at, r := range table.From(t.byText, &t.Of, ruleText{UserID: userID}) {
			if at.Value.UserID != userID || !yield(at.Key, r) {
				return
			}
		}
	}
}

// Apply folds one event into the table.
func (t *AccessRules) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.AccessRuleCreated:
		t.Put(e.ID, AccessRule(e))
	case evt.AccessRuleDeleted:
		t.Delete(e.ID)
	case evt.UserDeleted:
		for _, id := range keys(t.OfUser(e.ID)) {
			t.Delete(id)
		}
	}
}
