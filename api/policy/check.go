package policy

import (
	"slices"
	"strings"
)

// verdict is what a check says. Maybe: it depends on an attribute of the target
// that isn't known yet.
type verdict int8

const (
	no verdict = iota
	maybe
	yes
)

// question is one evaluation.
type question struct {
	rules map[string]check
	who   *Credentials
	// target looks an attribute of the target up.
	target Lookup
	depth  int
}

type (
	always     verdict
	role       string
	reference  string
	negation   struct{ of check }
	both       struct{ a, b check }
	either     struct{ a, b check }
	field      struct{ name, value string }
	comparison struct{ left, right string }
)

func (c always) eval(*question) verdict     { return verdict(c) }
func (c negation) eval(q *question) verdict { return yes - c.of.eval(q) }
func (c both) eval(q *question) verdict     { return min(c.a.eval(q), c.b.eval(q)) }
func (c either) eval(q *question) verdict   { return max(c.a.eval(q), c.b.eval(q)) }

func (c role) eval(q *question) verdict {
	want, v := q.fill(string(c))
	if v != yes {
		return v
	}
	return truth(q.who.has(want))
}

// maxReferences bounds how long a chain of rules that name rules may be, so that
// a circle ends; it then denies.
const maxReferences = 32

func (c reference) eval(q *question) verdict {
	rule, ok := q.rules[string(c)]
	if !ok || q.depth >= maxReferences {
		return no
	}
	q.depth++
	defer func() { q.depth-- }()
	return rule.eval(q)
}

func (c field) eval(q *question) verdict {
	got, ok := q.target(c.name)
	if !ok {
		return maybe
	}
	return truth(strings.EqualFold(got, c.value))
}

// eval compares an attribute of the caller, or a literal, with an attribute of
// the target. What is empty equals nothing: a resource of no project belongs to
// no caller without one.
func (c comparison) eval(q *question) verdict {
	right, v := q.fill(c.right)
	if v != yes {
		return v
	}
	if c.left == "service_roles" {
		return truth(slices.ContainsFunc(q.who.ServiceRoles, func(r string) bool { return strings.EqualFold(r, right) }))
	}
	left, ok := literal(c.left)
	if !ok {
		left = q.who.attribute(c.left)
	}
	return truth(left != "" && left == right)
}

// fill puts the target's attribute in the place of %(name)s.
func (q *question) fill(s string) (string, verdict) {
	name, ok := strings.CutPrefix(s, "%(")
	if !ok {
		return s, yes
	}
	name, ok = strings.CutSuffix(name, ")s")
	if !ok {
		return "", no
	}
	value, ok := q.target(name)
	if !ok {
		return "", maybe
	}
	return value, yes
}

func literal(s string) (string, bool) {
	if len(s) >= 2 && (s[0] == '\'' || s[0] == '"') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1], true
	}
	return s, s == "True" || s == "False" || s == "None"
}

func truth(b bool) verdict {
	if b {
		return yes
	}
	return no
}
