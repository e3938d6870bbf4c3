package apiscripts

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"skylog/api"
)

var parameter = regexp.MustCompile(`\{[^}]+\}`)

// call asks an operation with ids that name nothing.
func call(g *api.Gateway, o api.Operation, action, token string) *httptest.ResponseRecorder {
	path := parameter.ReplaceAllString(o.Path, "00000000-0000-4000-8000-000000000000")
	body := "{}"
	if action != "" {
		body = `{"` + action + `": null}`
	}
	r := httptest.NewRequest(o.Method, "http://cloud"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("X-Auth-Token", token)
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

// each calls fn for every operation, and for every action behind one.
func each(g *api.Gateway, fn func(o api.Operation, action, rule string)) {
	for _, o := range g.Operations() {
		if len(o.Actions) == 0 {
			fn(o, "", o.Rule)
		}
		for _, a := range o.Actions {
			fn(o, a.Name, a.Rule)
		}
	}
}

func TestNobodyCallsAnythingWithoutAToken(t *testing.T) {
	g := cloud(t)
	each(g, func(o api.Operation, action, rule string) {
		if rule == api.Open {
			return
		}
		for _, token := range []string{"", "forged"} {
			if w := call(g, o, action, token); w.Code != http.StatusUnauthorized {
				t.Errorf("%s %s %s with token %q: got %d, want 401", o.Method, o.Path, action, token, w.Code)
			}
		}
	})
}

// maySomeoneWithoutRoles are the rules that a user needs no role for: what is their own.
var maySomeoneWithoutRoles = map[string]bool{
	"os_compute_api:os-keypairs:index": true, "os_compute_api:os-keypairs:create": true,
	"os_compute_api:os-keypairs:show": true, "os_compute_api:os-keypairs:delete": true,
}

func TestATokenWithoutRolesIsGoodForNothing(t *testing.T) {
	g := cloud(t)
	each(g, func(o api.Operation, action, rule string) {
		if rule == api.Open || rule == api.Authenticated || maySomeoneWithoutRoles[rule] {
			return
		}
		if w := call(g, o, action, "nobody"); w.Code != http.StatusForbidden && w.Code != http.StatusNotFound {
			t.Errorf("%s %s %s: got %d %s, want 403 or 404", o.Method, o.Path, action, w.Code, w.Body)
		}
	})
}

func TestAReaderChangesNothing(t *testing.T) {
	g := cloud(t)
	each(g, func(o api.Operation, action, rule string) {
		if o.Method == http.MethodGet || o.Method == http.MethodHead || maySomeoneWithoutRoles[rule] || readersMayPost[action] {
			return
		}
		if w := call(g, o, action, "reader"); w.Code != http.StatusForbidden && w.Code != http.StatusNotFound {
			t.Errorf("%s %s %s: got %d %s, want 403 or 404", o.Method, o.Path, action, w.Code, w.Body)
		}
	})
}

// readersMayPost are the actions that only show something.
var readersMayPost = map[string]bool{}

func TestNoCallAnswersWithAFaultOfOurs(t *testing.T) {
	g := cloud(t)
	each(g, func(o api.Operation, action, rule string) {
		for _, token := range []string{"root", "ada", "stranger"} {
			if w := call(g, o, action, token); w.Code >= 500 && w.Code != http.StatusNotImplemented {
				t.Errorf("%s %s %s as %s: got %d %s", o.Method, o.Path, action, token, w.Code, w.Body)
			}
		}
	})
}
