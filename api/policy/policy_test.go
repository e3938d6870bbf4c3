package policy

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func target(attributes map[string]string) Lookup {
	return func(name string) (string, bool) { v, ok := attributes[name]; return v, ok }
}

func TestRulesSayWhatTheySay(t *testing.T) {
	ada := &Credentials{UserID: "ada", ProjectID: "p", Roles: []string{"Member"}}
	root := &Credentials{UserID: "root", ProjectID: "p", Roles: []string{"admin"}}
	machine := &Credentials{UserID: "nova", ProjectID: "services", ServiceRoles: []string{"service"}}
	nobody := &Credentials{}
	own := map[string]string{"project_id": "p", "user_id": "ada", "shared": "True"}
	for _, c := range []struct {
		name, rule string
		who        *Credentials
		target     map[string]string
		want       bool
	}{
		{"empty is always", "", nobody, nil, true},
		{"@ is always", "@", nobody, nil, true},
		{"! is never", "!", root, nil, false},
		{"a role of the caller's", "role:member", ada, nil, true},
		{"a role that another implies", "role:reader", ada, nil, true},
		{"no role upwards", "role:manager", ada, nil, false},
		{"admin implies reader", "role:reader", root, nil, true},
		{"the caller's project", "project_id:%(project_id)s", ada, own, true},
		{"another project", "project_id:%(project_id)s", ada, map[string]string{"project_id": "q"}, false},
		{"an unknown attribute denies", "project_id:%(project_id)s", ada, nil, false},
		{"nothing equals nothing", "project_id:%(project_id)s", nobody, map[string]string{"project_id": ""}, false},
		{"and binds before or", "role:none and role:none or role:member", ada, nil, true},
		{"parentheses bind before and", "role:none and (role:none or role:member)", ada, nil, false},
		{"not binds first", "not role:admin and role:member", ada, nil, true},
		{"a rule by name", "rule:project_member_or_admin", ada, own, true},
		{"a rule that nobody knows denies", "rule:nothing", root, nil, false},
		{"a literal", "'True':%(shared)s", ada, own, true},
		{"True needs no quotes", "True:%(shared)s", ada, own, true},
		{"a field", "field:networks:shared=True", nobody, own, true},
		{"admins by flag", "is_admin:True", root, nil, true},
		{"others by flag", "is_admin:True", ada, nil, false},
		{"no system scope", "system_scope:all", root, nil, false},
		{"a service by its token", "service_roles:service", machine, nil, true},
		{"a circle denies", "rule:circle", root, nil, false},
	} {
		e, err := New("", quiet, Rules{"asked": c.rule, "circle": "rule:circle"})
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Allows("asked", c.who, target(c.target)); got != c.want {
			t.Errorf("%s: %q for %+v on %v: got %v, want %v", c.name, c.rule, *c.who, c.target, got, c.want)
		}
	}
}

func TestMayAllowHopesForWhatIsNotKnown(t *testing.T) {
	e, err := New("", quiet, Rules{
		"theirs": "user_id:%(target.user.id)s", "not theirs": "not user_id:%(target.user.id)s",
		"never": "role:admin and user_id:%(target.user.id)s",
	})
	if err != nil {
		t.Fatal(err)
	}
	ada := &Credentials{UserID: "ada", Roles: []string{"member"}}
	for rule, want := range map[string]bool{"theirs": true, "not theirs": true, "never": false, "unknown": false} {
		if got := e.MayAllow(rule, ada, target(nil)); got != want {
			t.Errorf("may %q ever allow: got %v, want %v", rule, got, want)
		}
		if e.Allows(rule, ada, target(nil)) {
			t.Errorf("%q allows without knowing the target", rule)
		}
	}
}

func TestBrokenRulesAreRefused(t *testing.T) {
	for _, rule := range []string{"role", "(role:a", "role:a)", "role:a or", "and role:a", "not", "http://elsewhere/check", "role:a role:b",
		strings.Repeat("(", 100) + "role:a" + strings.Repeat(")", 100), strings.Repeat("x", maxRule+1)} {
		if _, err := New("", quiet, Rules{"bad": rule}); err == nil {
			t.Errorf("%.40q was taken for a rule", rule)
		}
	}
}

func TestTwoDefaultsOfOneNameAreRefused(t *testing.T) {
	if _, err := New("", quiet, Rules{"a": "role:x"}, Rules{"a": "role:y"}); err == nil {
		t.Error("one of two defaults was silently taken")
	}
}

func TestTheFileOverridesAndIsReadAgainWhenChanged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy.yaml")
	write := func(text string, at time.Time) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write("\"asked\": \"role:member\"\n", time.Unix(1000, 0))
	e, err := New(file, quiet, Rules{"asked": "role:admin"})
	if err != nil {
		t.Fatal(err)
	}
	ada := &Credentials{Roles: []string{"member"}}
	ask := func() bool {
		e.checked = time.Time{} // as if a second had passed
		return e.Allows("asked", ada, target(nil))
	}
	if !ask() {
		t.Error("the file's rule doesn't hold")
	}
	write("\"asked\": \"!\"\n", time.Unix(2000, 0))
	if ask() {
		t.Error("the changed file's rule doesn't hold")
	}
	write("\"asked\": \"role\"\n", time.Unix(3000, 0))
	if ask() {
		t.Error("a broken file changed the rules")
	}
}

func TestAFileCountsFromWhenItIsThereAndItsRulesOutliveIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy.yaml")
	e, err := New(file, quiet, Rules{"asked": "role:admin"})
	if err != nil {
		t.Fatal(err)
	}
	ask := func() bool {
		e.checked = time.Time{}
		return e.Allows("asked", &Credentials{Roles: []string{"member"}}, target(nil))
	}
	if ask() {
		t.Error("without a file the default doesn't hold")
	}
	if err := os.WriteFile(file, []byte("\"asked\": \"role:member\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !ask() {
		t.Error("the new file's rule doesn't hold")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if !ask() {
		t.Error("the rules went with the file, as they would while an editor replaces it")
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, time.Unix(1000, 0), time.Unix(1000, 0)); err != nil {
		t.Fatal(err)
	}
	if ask() {
		t.Error("an empty file doesn't bring the default back")
	}
}

func FuzzRulesNeverPanic(f *testing.F) {
	f.Add("not (role:a and rule:b) or user_id:%(user_id)s")
	f.Fuzz(func(t *testing.T, rule string) {
		if e, err := New("", quiet, Rules{"asked": rule}); err == nil {
			e.Allows("asked", &Credentials{}, target(nil))
		}
	})
}
