package api

import (
	"strings"
	"testing"
)

func TestAccessRulesMatchByParts(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"/v2.1/servers", "/v2.1/servers", true},
		{"/v2.1/servers/", "/v2.1/servers", true},
		{"/v2.1/servers", "/v2.1/servers/x", false},
		{"/v2.1/servers/*", "/v2.1/servers/x", true},
		{"/v2.1/servers/*", "/v2.1/servers/x/ips", false},
		{"/v2.1/servers/{id}/ips", "/v2.1/servers/x/ips", true},
		{"/v2.1/**", "/v2.1/servers/x/ips", true},
		{"/v2.1/**/ips", "/v2.1/servers/x/ips", true},
		{"/v2.1/**/ips", "/v2.1/servers/x/tags", false},
		{"/**", "/v3", true},
		{"/v3/*", "/v3", false},
		{"/v3/pro*", "/v3/projects", false}, // a star is a whole part
		{strings.Repeat("/**", maxParts+1), "/v3", false},
	} {
		if got := pathMatches(c.pattern, c.path); got != c.want {
			t.Errorf("%.40s matches %s: %v, want %v", c.pattern, c.path, got, c.want)
		}
	}
}
