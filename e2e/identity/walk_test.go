package identity

import (
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
