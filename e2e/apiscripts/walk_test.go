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
func each(g *api.Gateway, fn func(o api.Operation, action string)) {
	for _, o := range g.Operations() {
		if len(o.Actions) == 0 {
			fn(o, "")
		}
		for _, a := range o.Actions {
			fn(o, a.Name)
		}
	}
}

func TestNoCallAnswersWithAFaultOfOurs(t *testing.T) {
	g := cloud(t)
	each(g, func(o api.Operation, action string) {
		for _, token := range []string{"root", "ada", "stranger", "nobody"} {
			if w := call(g, o, action, token); w.Code >= 500 && w.Code != http.StatusNotImplemented {
				t.Errorf("%s %s %s as %s: got %d %s", o.Method, o.Path, action, token, w.Code, w.Body)
			}
		}
	})
}
