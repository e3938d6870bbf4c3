package api

import (
	"net/http"
	"slices"
	"strings"
)

// AccessRule is one sort of call that an application credential may make: in Path, * and {name}
// stand for one part of the address and ** for any number.
type AccessRule struct{ Service, Method, Path string }

// serviceTypes are the names that the catalog has, or had, for the services that are mounted
// under another one.
var serviceTypes = map[string][]string{
	"block":         {"block-storage", "volumev3", "volumev2", "volume", "block-store"},
	"object":        {"object-store"},
	"orchestration": {"orchestration", "cloudformation"},
	"metering":      {"metering", "telemetry", "metric", "alarm", "alarming"},
}

// permitted says whether the caller's access rules, where there are any, let them make this
// request. A rule's path is that behind the service's root, or the whole one.
func (r *request) permitted(hr *http.Request) bool {
	if len(r.who.AccessRules) == 0 {
		return true
	}
	whole := trimmed(r.service.Root + r.service.Prefix + hr.URL.Path)
	behind := trimmed(r.service.Prefix + hr.URL.Path)
	if r.project != "" {
		behind = r.service.Prefix + "/" + r.project + trimmed(hr.URL.Path)
		whole = r.service.Root + behind
	}
	return slices.ContainsFunc(r.who.AccessRules, func(a AccessRule) bool {
		called := a.Service == r.service.Name || slices.Contains(serviceTypes[r.service.Name], a.Service)
		return called && a.Method == hr.Method && (pathMatches(a.Path, behind) || pathMatches(a.Path, whole))
	})
}

// pathMatches says whether a path is one of those that a pattern stands for.
func pathMatches(pattern, path string) bool {
	return partsMatch(strings.Split(trimmed(pattern), "/"), strings.Split(path, "/"))
}

// maxParts bounds what is compared; no call has more.
const maxParts = 64

func partsMatch(pattern, parts []string) bool {
	if len(pattern) > maxParts || len(parts) > maxParts {
		return false
	}
	// ends are the places in parts up to which what was read of the pattern can reach.
	ends := map[int]bool{0: true}
	for _, p := range pattern {
		next := map[int]bool{}
		for at := range ends {
			switch {
			case p == "**":
				for i := at; i <= len(parts); i++ {
					next[i] = true
				}
			case at < len(parts) && (p == parts[at] || parts[at] != "" && (p == "*" || strings.HasPrefix(p, "{") && strings.HasSuffix(p, "}"))):
				next[at+1] = true
			}
		}
		ends = next
	}
	return ends[len(parts)]
}
