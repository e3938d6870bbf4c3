package conform

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// atLeast is how many different subcommands the script has.
const atLeast = 150

// TestTheOpenstackClient runs testdata/*.txt, one command of Debian's client a
// line, the files side by side. A line "name := …" keeps the first line of what
// is printed as $name, "! …" must fail, "? …" is repeated for up to a minute
// until it does what is told below it; and each line "| text" must stand in what
// the command before it printed. ␣ stands for a blank within a word.
func TestTheOpenstackClient(t *testing.T) {
	program := binary(t)
	if _, err := exec.LookPath("openstack"); err != nil {
		t.Fatal("make conform needs Debian's python3-openstackclient and python3-osc-placement")
	}
	c := newCloud(t, program, 100*time.Millisecond, "--keep-deleted", "1h")
	known, all := c.subcommands(), make(chan results, 2)
	files := map[string]string{"DISK": c.disk(1), "DIR": c.data, "JSON": c.file("rules.json", `{"interface": "public"}`),
		"KEY": c.file("key.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPeQ2vZ0sXm3cV0b0rA6n2g0f4mZ3kq9mU0cX0eYH2aB somebody\n")}
	t.Run("scripts", func(t *testing.T) {
		for _, name := range []string{"identity", "compute"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				data, err := os.ReadFile("testdata/" + name + ".txt")
				check(t, err)
				inner := *c
				inner.t = t
				s := script{cloud: &inner, steps: steps(t, string(data), known), results: results{}, values: maps.Clone(files)}
				for _, step := range s.steps {
					s.run(step)
				}
				all <- s.results
			})
		}
	})
	found := <-all
	for name, o := range <-all {
		if found[name].verdict != failed {
			found[name] = o
		}
	}
	found.judge(t, differences(t, t.Name()))
	if len(found) < atLeast {
		t.Errorf("the scripts have %d different subcommands of at least %d", len(found), atLeast)
	}
}

func (c *cloud) file(name, content string) string {
	c.t.Helper()
	path := filepath.Join(c.data, name)
	check(c.t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// subcommands are all that the client knows, the longest first.
func (c *cloud) subcommands() (all []string) {
	c.t.Helper()
	var groups []struct{ Commands []string }
	check(c.t, json.Unmarshal([]byte(c.must("command", "list", "-f", "json")), &groups))
	for _, g := range groups {
		all = append(all, g.Commands...)
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

// step is one command of a script, and what it must print.
type step struct {
	line                int
	keep, command, name string
	mustFail, mayBeSoon bool
	printed             []string
}

// steps reads a script. All its commands must be known to the client.
func steps(t *testing.T, text string, known []string) (all []step) {
	t.Helper()
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		switch rest, is := strings.CutPrefix(line, "| "); {
		case line == "" || strings.HasPrefix(line, "#"):
		case is:
			last := &all[len(all)-1]
			last.printed = append(last.printed, rest)
		default:
			s := step{line: number, command: line}
			if s.command, s.mustFail = strings.CutPrefix(s.command, "! "); !s.mustFail {
				s.command, s.mayBeSoon = strings.CutPrefix(s.command, "? ")
			}
			if name, command, is := strings.Cut(s.command, " := "); is {
				s.keep, s.command = name, command
			}
			i := slices.IndexFunc(known, func(name string) bool { return strings.HasPrefix(s.command+" ", name+" ") })
			if i < 0 {
				t.Fatalf("line %d: the client has no command %s", number, s.command)
			}
			s.name = known[i]
			all = append(all, s)
		}
	}
	return all
}

// script is a run of steps.
type script struct {
	*cloud
	steps   []step
	values  map[string]string
	results results
}

func (s *script) run(one step) {
	words := strings.Fields(os.Expand(one.command, func(name string) string { return s.values[name] }))
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "␣", " ")
	}
	out, err := s.openstack(words...)
	complaint := one.complaint(s.values, out, err)
	for deadline := time.Now().Add(time.Minute); one.mayBeSoon && complaint != "" && time.Now().Before(deadline); {
		out, err = s.openstack(words...) // it takes a second
		complaint = one.complaint(s.values, out, err)
	}
	if one.keep != "" {
		s.values[one.keep], _, _ = strings.Cut(out, "\n")
	}
	if complaint != "" {
		s.results[one.name] = outcome{verdict: failed, why: fmt.Sprintf("line %d: openstack %s: %s\n%s", one.line, strings.Join(words, " "), complaint, out)}
		s.t.Log(s.results[one.name].why)
	} else if s.results[one.name].verdict != failed { // what failed once has failed
		s.results[one.name] = outcome{verdict: passed}
	}
}

// complaint is what is wrong with how a command ended.
func (one step) complaint(values map[string]string, out string, err error) string {
	if one.mustFail == (err == nil) {
		return fmt.Sprint("ended with ", err)
	}
	for _, text := range one.printed {
		text = os.Expand(text, func(name string) string { return values[name] })
		if !strings.Contains(out, text) {
			return "doesn't print " + text
		}
	}
	return ""
}
