package identity

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"skylog/api"
)

var parameter = regexp.MustCompile(`\{[^}]+\}`)

// each calls fn for every operation of the service, with a path that names nothing.
func (c *rig) each(fn func(o api.Operation, request string)) {
	for _, o := range c.gateway.Operations() {
		if o.Service == "identity" && o.Rule != api.Open {
			path := parameter.ReplaceAllString(strings.TrimPrefix(o.Path, "/identity"), strings.Repeat("0", 32))
			fn(o, o.Method+" "+path)
		}
	}
}

func TestNothingIsHadWithoutAToken(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	n := 0
	c.each(func(o api.Operation, request string) {
		n++
		for _, token := range []string{"", "gAAAAforged"} {
			if r := c.call(token, request, object{}); r.Code != http.StatusUnauthorized {
				t.Errorf("%s with token %q: %d", request, token, r.Code)
			}
		}
	})
	if n < 80 {
		t.Errorf("only %d operations are mounted", n)
	}
}

// own are the calls by which everybody may change what is theirs.
var own = map[string]bool{"identity:revoke_token": true, "identity:create_application_credential": true, "identity:delete_application_credential": true}

func TestAReaderChangesNothing(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	_, _, token := c.person("rita", "reader")
	before := c.cell.Now().Events
	c.each(func(o api.Operation, request string) {
		if o.Method == http.MethodGet || o.Method == http.MethodHead || own[o.Rule] {
			return
		}
		if r := c.call(token, request, object{}); r.Code != http.StatusForbidden {
			t.Errorf("%s: %d %s", request, r.Code, r.Body)
		}
	})
	if now := c.cell.Now().Events; now != before {
		t.Errorf("%d events were made", now-before)
	}
}

func TestNoCallBreaks(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	_, _, token := c.person("ada", "member")
	c.each(func(o api.Operation, request string) {
		for _, body := range []any{nil, object{}, []string{"x"}, object{"user": nil, "project": 7, "auth": object{}}} {
			for _, caller := range []string{c.admin, token} {
				if r := c.call(caller, request, body); r.Code >= 500 {
					t.Errorf("%s %v: %d %s", request, body, r.Code, r.Body)
				}
			}
		}
	})
}
