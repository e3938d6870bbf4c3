// Package apitest runs scripts of HTTP requests against a handler and compares
// the replies with those of record. It knows nothing of what is served.
//
// A script is a txtar archive. Its files come in pairs: "NAME" holds a request
// (method and path, headers, an empty line, a body), "NAME =" the reply: status,
// the headers that matter, an empty line, the body with JSON indented. What is
// different each time stands for itself by a name: the first UUID seen is UUID1
// wherever it comes again, in later requests too; so are HEX1, TOKEN1 and, of ids
// that count, NUMBER1. Times are TIME, keys KEY and PEM, fingerprints
// FINGERPRINT. The pseudo header "Until: text" repeats a request until its reply
// has the text.
//
// go test -update writes the replies anew. Read the diff before you commit it.
package apitest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the replies of the scripts anew")

// Run runs every script that the pattern matches, each on a handler of its own.
func Run(t *testing.T, pattern string, handler func(t *testing.T) http.Handler) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts are at %s (%v)", pattern, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			runScript(t, file, handler(t))
		})
	}
}

// Shown is an answer as scripts have it.
func Shown(reply *httptest.ResponseRecorder) string {
	return newNames().show(reply)
}

func newNames() *names {
	return &names{byValue: map[string]string{}, byName: map[string]string{}, count: map[string]int{}}
}

func runScript(t *testing.T, file string, handler http.Handler) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	names := newNames()
	var out []txtar.File
	for i := 0; i < len(archive.Files); i++ {
		request := archive.Files[i]
		want := ""
		if i+1 < len(archive.Files) && archive.Files[i+1].Name == request.Name+" =" {
			i++
			want = string(archive.Files[i].Data)
		}
		got := ask(t, handler, names, request)
		out = append(out, request, txtar.File{Name: request.Name + " =", Data: []byte(got)})
		if got != want && !*update {
			t.Errorf("%s\n%s\ngot:\n%s\nwant:\n%s", request.Name, request.Data, got, want)
		}
	}
	if *update {
		archive.Files = out
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Compare holds what was asked and answered, whole exchanges in an archive, against
// what is of record at a path, or makes it that with -update.
func Compare(t *testing.T, path string, made *txtar.Archive) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, txtar.Format(made), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	record, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, f := range record.Files {
		want[f.Name] = string(f.Data)
	}
	made = txtar.Parse(txtar.Format(made)) // as it would be written
	for _, f := range made.Files {
		if want[f.Name] != string(f.Data) {
			t.Errorf("%s: got\n%s\nof record is\n%s", f.Name, f.Data, want[f.Name])
		}
		delete(want, f.Name)
	}
	for name := range want {
		t.Errorf("%s is of record, and was not asked", name)
	}
}

// patience is how long "Until" repeats a request.
const patience = 10 * time.Second

func ask(t *testing.T, handler http.Handler, n *names, file txtar.File) string {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		request, until := read(t, n.real(string(file.Data)))
		reply := httptest.NewRecorder()
		handler.ServeHTTP(reply, request)
		if until == "" || strings.Contains(indented(reply.Body.Bytes()), until) {
			return n.show(reply)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: the reply never had %q, the last was\n%s", file.Name, until, indented(reply.Body.Bytes()))
		}
		<-time.After(5 * time.Millisecond)
	}
}

func read(t *testing.T, text string) (*http.Request, string) {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, target, ok := strings.Cut(lines[0], " ")
	if !ok {
		t.Fatalf("%q is no request line", lines[0])
	}
	request := httptest.NewRequest(method, "http://cloud"+target, strings.NewReader(strings.TrimSpace(body)))
	until := ""
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Until" {
			until = value
			continue
		}
		request.Header.Add(name, value)
	}
	return request, until
}

// shownHeaders are those a reply is compared by.
var shownHeaders = []string{"Allow", "Content-Type", "Link", "Location", "Openstack-Api-Version", "Retry-After",
	"Www-Authenticate", "X-Subject-Token"}

// names stand for what is different each time.
type names struct {
	byValue, byName map[string]string
	count           map[string]int
}

var (
	changing = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]+-----[^"]*?-----END [A-Z0-9 ]+-----|ssh-rsa AAAA[A-Za-z0-9+/=]+ Generated-by-Nova|` +
		`\b(?:[0-9a-f]{2}:){15,19}[0-9a-f]{2}\b|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{56}\b|\b[0-9a-f]{32}\b|` +
		`\bfa:16:3e(?::[0-9a-f]{2}){3}\b|\br-[0-9a-f]{8}\b|\binstance-[0-9a-f]{8}\b|` +
		`"uptime": \d+\b|"id": \d+\b|\bmigrations/\d+\b|` +
		`\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?`)
	standsIn = regexp.MustCompile(`\b(?:UUID|HEX|TOKEN|NUMBER)\d+\b`)
)

func (n *names) real(s string) string {
	return standsIn.ReplaceAllStringFunc(s, func(name string) string {
		if v, ok := n.byName[name]; ok {
			return v
		}
		return name
	})
}

func (n *names) known(s string) string { return changing.ReplaceAllStringFunc(s, n.name) }

func (n *names) name(v string) string {
	switch {
	case strings.HasPrefix(v, "-----"):
		return "PEM"
	case strings.HasPrefix(v, "ssh-"):
		return "KEY"
	case strings.HasPrefix(v, "fa:16:3e:") && len(v) == 17:
		return "MAC"
	case strings.HasPrefix(v, `"uptime"`):
		return `"uptime": SECONDS`
	case strings.HasPrefix(v, `"id"`):
		return `"id": ` + n.numbered("NUMBER", strings.TrimPrefix(v, `"id": `))
	case strings.HasPrefix(v, "migrations/"):
		return "migrations/" + n.numbered("NUMBER", strings.TrimPrefix(v, "migrations/"))
	case strings.HasPrefix(v, "r-"):
		return "RESERVATION"
	case strings.HasPrefix(v, "instance-"):
		return "INSTANCE"
	case strings.Contains(v, ":") && !strings.HasPrefix(v, "20"), strings.Count(v, ":") > 3:
		return "FINGERPRINT"
	case strings.Contains(v, ":"):
		return "TIME"
	case strings.Contains(v, "-"):
		return n.numbered("UUID", v)
	}
	return n.numbered("HEX", v)
}

func (n *names) numbered(kind, v string) string {
	if name, ok := n.byValue[v]; ok {
		return name
	}
	n.count[kind]++
	name := fmt.Sprint(kind, n.count[kind])
	n.byValue[v], n.byName[name] = name, v
	return name
}

func (n *names) show(reply *httptest.ResponseRecorder) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", reply.Code)
	header := reply.Header()
	for _, name := range shownHeaders {
		values := slices.Clone(header.Values(name))
		for _, value := range values {
			if name == "X-Subject-Token" {
				value = n.numbered("TOKEN", value)
			}
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	body := indented(reply.Body.Bytes())
	if body != "" {
		b.WriteString("\n" + body + "\n")
	}
	return n.known(b.String())
}

func indented(body []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, body, "", "  ") != nil {
		return strings.TrimSpace(string(body))
	}
	return b.String()
}
