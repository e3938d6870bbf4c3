package policy

import (
	"fmt"
	"strings"
)

// maxRule is how long a rule may be: OpenStack's longest has some 600 characters.
const maxRule = 8192

// check is one node of a parsed rule.
type check interface {
	eval(q *question) verdict
}

// parse reads a rule in oslo.policy's language: "role:admin or (rule:owner and
// not user_id:%(user_id)s)", "@" for always, "!" for never, "" for always.
func parse(rule string) (check, error) {
	if len(rule) > maxRule {
		return nil, fmt.Errorf("the rule has more than %d characters", maxRule)
	}
	p := parser{tokens: tokens(rule)}
	if len(p.tokens) == 0 {
		return always(yes), nil
	}
	c, err := p.or(0)
	if err == nil && len(p.tokens) > 0 {
		err = fmt.Errorf("%q is one too many", p.tokens[0])
	}
	return c, err
}

// tokens splits at spaces and parentheses, those of %(name)s excepted.
func tokens(rule string) []string {
	var out []string
	for _, word := range strings.Fields(rule) {
		for strings.HasPrefix(word, "(") {
			out, word = append(out, "("), word[1:]
		}
		bare := strings.TrimRight(word, ")")
		if bare != "" {
			out = append(out, bare)
		}
		for range len(word) - len(bare) {
			out = append(out, ")")
		}
	}
	return out
}

type parser struct{ tokens []string }

func (p *parser) take(word string) bool {
	if len(p.tokens) > 0 && strings.EqualFold(p.tokens[0], word) {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

// maxNesting is how deep parentheses may go.
const maxNesting = 32

func (p *parser) or(depth int) (check, error) {
	c, err := p.and(depth)
	for err == nil && p.take("or") {
		var right check
		right, err = p.and(depth)
		c = either{c, right}
	}
	return c, err
}

func (p *parser) and(depth int) (check, error) {
	c, err := p.not(depth)
	for err == nil && p.take("and") {
		var right check
		right, err = p.not(depth)
		c = both{c, right}
	}
	return c, err
}

func (p *parser) not(depth int) (check, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("it is nested deeper than %d", maxNesting)
	}
	if p.take("not") {
		c, err := p.not(depth + 1)
		return negation{c}, err
	}
	if p.take("(") {
		c, err := p.or(depth + 1)
		if err == nil && !p.take(")") {
			err = fmt.Errorf("a parenthesis is never closed")
		}
		return c, err
	}
	if len(p.tokens) == 0 {
		return nil, fmt.Errorf("it ends too early")
	}
	word := p.tokens[0]
	p.tokens = p.tokens[1:]
	return leaf(word)
}

func leaf(word string) (check, error) {
	switch word {
	case "@":
		return always(yes), nil
	case "!":
		return always(no), nil
	case ")", "(", "or", "and":
		return nil, fmt.Errorf("%q is out of place", word)
	}
	kind, match, ok := strings.Cut(word, ":")
	if !ok {
		return nil, fmt.Errorf("%q is no check: it has no colon", word)
	}
	switch kind {
	case "role":
		return role(match), nil
	case "rule":
		return reference(match), nil
	case "field":
		_, equation, _ := strings.Cut(match, ":")
		name, value, ok := strings.Cut(equation, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not of the form field:resource:name=value", word)
		}
		return field{name, value}, nil
	case "http", "https":
		return nil, fmt.Errorf("%q asks another server, which is not supported", word)
	}
	return comparison{left: kind, right: match}, nil
}
