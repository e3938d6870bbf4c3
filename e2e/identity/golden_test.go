package identity

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"

	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"skylog/api/identity"
	cmd "skylog/commands/identity"
)

var update = flag.Bool("update", false, "write the exchanges of record anew; read the diff before you commit it")

// exchanges is where one exchange for each operation stands, as of record.
const exchanges = "testdata/exchanges.txt"

// bootOf numbers all that the beginning makes, so that exchanges are the same each time.
func bootOf(t *testing.T) cmd.Bootstrap {
	t.Helper()
	c, err := identity.BootstrapCommand("s3cret", identity.Offer{Type: "identity", Name: "keystone", URL: "{public}/identity"})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	number := func(ids ...*string) {
		for _, id := range ids {
			n++
			*id = fmt.Sprintf("%032x", n)
		}
	}
	number(&c.ProjectID, &c.UserID, &c.AdminRoleID, &c.ManagerRoleID, &c.MemberRoleID, &c.ReaderRoleID, &c.ServiceRoleID)
	for i := range c.Services {
		s := &c.Services[i]
		number(&s.ID, &s.PublicID, &s.InternalID, &s.AdminID)
	}
	hash, err := identity.HashPassword("s3cret", bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	c.PasswordHash = hash
	return c
}

// What is different each time stands for itself by a word.
var (
	times   = regexp.MustCompile(`\b20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:]{8}(\.[0-9]+)?Z?`)
	secrets = regexp.MustCompile(`("secret": |\\"secret\\":)(\\?)"[^"\\]*(\\?)"`)
	audits  = regexp.MustCompile(`"[A-Za-z0-9_-]{22}"`)
	named   = regexp.MustCompile(`\$[a-z0-9]+`)
)

// recorder makes exchanges and writes them down.
type recorder struct {
	*rig
	ids map[string]string // by name, as $user
	out bytes.Buffer
}

func (r *recorder) fill(text string) string {
	return named.ReplaceAllStringFunc(text, func(name string) string {
		v, ok := r.ids[name[1:]]
		if !ok {
			r.t.Fatalf("nothing is called %s", name)
		}
		return v
	})
}

// step makes one exchange. Behind "as" stands whose token is sent, behind "keep" what the answer's
// value at a path is called from now on.
func (r *recorder) step(s step) {
	r.t.Helper()
	method, target, _ := strings.Cut(r.fill(s.request), " ")
	body := r.fill(s.body)
	q := httptest.NewRequest(method, "http://cloud/identity/v3"+target, strings.NewReader(body))
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Idempotency-Key", s.request+s.body) // ids follow from it
	if s.as != "nobody" {
		q.Header.Set("X-Auth-Token", r.ids[strings.TrimSpace(s.as+" token")])
	}
	if s.subject != "" {
		q.Header.Set("X-Subject-Token", r.fill(s.subject))
	}
	w := httptest.NewRecorder()
	r.gateway.ServeHTTP(w, q)
	if w.Code >= 400 && !s.refused {
		r.t.Errorf("%s %s: %d %s", s.request, body, w.Code, w.Body)
	}
	for name, path := range s.keep {
		r.ids[name] = at(r.t, w, path)
	}
	fmt.Fprintf(&r.out, "== %s\n", s.request)
	if s.body != "" {
		fmt.Fprintf(&r.out, "%s\n", s.body)
	}
	fmt.Fprintf(&r.out, "-- %d\n%s", w.Code, r.indented(w.Body.Bytes()))
}

// at is what an answer has at a path; "token" is the token in its header.
func at(t testing.TB, w *httptest.ResponseRecorder, path string) string {
	if path == "token" {
		return w.Header().Get("X-Subject-Token")
	}
	var v any
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	for key := range strings.SplitSeq(path, ".") {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
			continue
		}
		o, _ := v.(object)
		v = o[key]
	}
	s, ok := v.(string)
	if !ok {
		t.Fatalf("no text is at %s of %s", path, w.Body)
	}
	return s
}

func (r *recorder) indented(body []byte) string {
	if len(body) == 0 {
		return ""
	}
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		r.t.Fatal(err)
	}
	text := times.ReplaceAllString(b.String(), "TIME")
	text = audits.ReplaceAllString(text, `"AUDIT"`)
	return secrets.ReplaceAllString(text, `$1$2"SECRET$3"`) + "\n"
}

func TestEveryOperationAnswersAsOfRecord(t *testing.T) {
	t.Parallel()
	c := cloudOf(t, bootOf(t))
	r := &recorder{rig: c, ids: map[string]string{"admin": c.boot.UserID, "home": c.boot.ProjectID, "member": c.boot.MemberRoleID,
		"reader": c.boot.ReaderRoleID, "service": c.boot.ServiceRoleID, "keystone": c.boot.Services[0].ID, "token": c.admin}}
	for _, s := range steps {
		r.step(s)
	}
	r.covers(steps)
	if *update {
		if err := os.WriteFile(exchanges, r.out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.Open(exchanges)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	want, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	was, is := strings.Split(string(want), "== "), strings.Split(r.out.String(), "== ")
	if len(was) != len(is) {
		t.Errorf("%d exchanges are of record, %d were made", len(was)-1, len(is)-1)
	}
	for i := range min(len(was), len(is)) {
		if was[i] != is[i] {
			t.Errorf("got\n%s\nof record is\n%s", is[i], was[i])
		}
	}
}

// covers checks that every operation has an exchange.
func (r *recorder) covers(steps []step) {
	r.t.Helper()
	for _, o := range r.gateway.Operations() {
		path, ours := strings.CutPrefix(o.Path, "/identity/v3")
		if !ours || o.Service != "identity" {
			continue
		}
		pattern := regexp.MustCompile("^" + o.Method + " " + parameter.ReplaceAllString(path, `[^/?]+`) + `(\?.*)?$`)
		found := false
		for _, s := range steps {
			found = found || pattern.MatchString(s.request)
		}
		if !found {
			r.t.Errorf("%s %s has no exchange of record", o.Method, path)
		}
	}
}
