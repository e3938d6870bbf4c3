// Package policy says who may do what, in the language and with the rule names
// of OpenStack's oslo.policy, so that an operator's policy.yaml carries over.
// It knows neither HTTP nor the services: those bring their rules' defaults.
package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goccy/go-yaml"
)

// Rules are rules by name, in oslo.policy's language.
type Rules map[string]string

// Lookup returns an attribute of a target, by the name that rules have for it.
type Lookup func(name string) (string, bool)

// Credentials is what rules may ask of the caller.
type Credentials struct {
	UserID, ProjectID, DomainID   string
	UserDomainID, ProjectDomainID string
	System                        bool
	Roles, ServiceRoles           []string
}

// implied are the roles that a default persona has besides its own.
var implied = map[string][]string{
	"admin":   {"manager", "member", "reader"},
	"manager": {"member", "reader"},
	"member":  {"reader"},
}

func (c *Credentials) has(role string) bool {
	for _, r := range c.Roles {
		r = strings.ToLower(r)
		if strings.EqualFold(r, role) || slices.Contains(implied[r], strings.ToLower(role)) {
			return true
		}
	}
	return false
}

func (c *Credentials) attribute(name string) string {
	switch name {
	case "user_id":
		return c.UserID
	case "project_id", "tenant_id":
		return c.ProjectID
	case "domain_id", "token.domain.id":
		return c.DomainID
	case "user_domain_id":
		return c.UserDomainID
	case "project_domain_id", "token.project.domain.id":
		return c.ProjectDomainID
	case "system_scope":
		if c.System {
			return "all"
		}
	case "is_admin", "is_admin_project":
		if c.has("admin") {
			return "True"
		}
		return "False"
	}
	return ""
}

// Base has the rules that other rules build on: the personas.
var Base = Rules{
	"context_is_admin":         "role:admin",
	"admin_required":           "role:admin",
	"admin_api":                "rule:context_is_admin",
	"admin_only":               "rule:context_is_admin",
	"owner":                    "user_id:%(user_id)s",
	"admin_or_owner":           "is_admin:True or project_id:%(project_id)s",
	"project_manager_api":      "role:manager and project_id:%(project_id)s",
	"project_member_api":       "role:member and project_id:%(project_id)s",
	"project_reader_api":       "role:reader and project_id:%(project_id)s",
	"project_manager_or_admin": "rule:project_manager_api or rule:context_is_admin",
	"project_member_or_admin":  "rule:project_member_api or rule:context_is_admin",
	"project_reader_or_admin":  "rule:project_reader_api or rule:context_is_admin",
	"service_api":              "role:service or service_roles:service",
	"service_or_admin":         "rule:service_api or rule:context_is_admin",
}

// Enforcer answers whether a rule lets somebody do something. Rules that nobody
// knows deny.
type Enforcer struct {
	defaults map[string]check
	file     string
	log      *slog.Logger
	rules    atomic.Pointer[map[string]check]

	mu      sync.Mutex
	checked time.Time // when the file was last looked at
	changed time.Time // the file's own time then
	said    string    // what was last said of it
}

// New makes an enforcer of the services' defaults. A file, where one is named,
// overrides them by name, from whenever it is there; it is read again when it changes,
// and a version that can't be read is reported and leaves the rules as they were. So does
// one that goes away: an empty file, not a missing one, brings the defaults back.
func New(file string, log *slog.Logger, defaults ...Rules) (*Enforcer, error) {
	e := &Enforcer{defaults: map[string]check{}, file: file, log: log}
	texts := Rules{}
	for _, rules := range append([]Rules{Base}, defaults...) {
		for name, text := range rules {
			if other, ok := texts[name]; ok && other != text {
				return nil, fmt.Errorf("policy rule %q has two defaults: %q and %q", name, other, text)
			}
			texts[name] = text
		}
	}
	if err := compile(e.defaults, texts); err != nil {
		return nil, err
	}
	e.rules.Store(&e.defaults)
	if file == "" {
		return e, nil
	}
	return e, e.load()
}

func compile(into map[string]check, rules Rules) error {
	for name, text := range rules {
		c, err := parse(text)
		if err != nil {
			return fmt.Errorf("policy rule %q: %w", name, err)
		}
		into[name] = c
	}
	return nil
}

// maxFile is how large a policy file may be.
const maxFile = 1 << 20

func (e *Enforcer) load() error {
	info, err := os.Stat(e.file)
	if errors.Is(err, fs.ErrNotExist) && e.changed.IsZero() {
		return nil // nobody has put one there
	}
	if err != nil || info.ModTime().Equal(e.changed) {
		return err
	}
	if info.Size() > maxFile {
		return fmt.Errorf("%s has more than %d bytes", e.file, maxFile)
	}
	data, err := os.ReadFile(e.file)
	if err != nil {
		return err
	}
	e.changed = info.ModTime()
	var texts Rules
	if err := yaml.Unmarshal(data, &texts); err != nil {
		return fmt.Errorf("%s: %w", e.file, err)
	}
	rules := maps.Clone(e.defaults)
	if err := compile(rules, texts); err != nil {
		return fmt.Errorf("%s: %w", e.file, err)
	}
	e.rules.Store(&rules)
	e.log.Info("policy file read", "file", e.file, "rules", len(texts))
	return nil
}

// lookEvery is how often the file is looked at while rules are asked.
const lookEvery = time.Second

func (e *Enforcer) refresh() {
	if e.file == "" || !e.mu.TryLock() {
		return
	}
	defer e.mu.Unlock()
	if time.Since(e.checked) < lookEvery {
		return
	}
	e.checked = time.Now()
	err := e.load()
	if err == nil {
		e.said = ""
	} else if e.said != err.Error() { // once, not every second
		e.said = err.Error()
		e.log.Error("policy file not read, the rules stay as they were", "err", err)
	}
}

// Has says whether a rule of this name is known.
func (e *Enforcer) Has(rule string) bool { return (*e.rules.Load())[rule] != nil }

// Allows says whether the rule lets who do something to the target. What hangs
// on an attribute that the target hasn't is denied.
func (e *Enforcer) Allows(rule string, who *Credentials, target Lookup) bool {
	return e.ask(rule, who, target) == yes
}

// MayAllow says whether there may be a target for which the rule holds, those of
// its attributes being given that are known.
func (e *Enforcer) MayAllow(rule string, who *Credentials, target Lookup) bool {
	return e.ask(rule, who, target) != no
}

func (e *Enforcer) ask(rule string, who *Credentials, target Lookup) verdict {
	e.refresh()
	q := question{rules: *e.rules.Load(), who: who, target: target}
	return reference(rule).eval(&q)
}
