package conform

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// verdict is how a test or a command ended.
type verdict string

const (
	passed  verdict = "pass"
	failed  verdict = "fail"
	skipped verdict = "skip"
)

type outcome struct {
	verdict verdict
	why     string
}

// results are the outcomes by name: "identity/v3 TestUsersList".
type results map[string]outcome

// judge prints the table, and complains of what is not as docs/differences.md says.
func (r results) judge(t *testing.T, known map[string]string) {
	t.Helper()
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	counts := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(r)) {
		o, reason := r[name], known[name]
		word := map[verdict]string{passed: "passed", failed: "FAILED", skipped: "SKIPPED"}[o.verdict]
		switch {
		case o.verdict == passed && reason != "":
			t.Errorf("%s passes: docs/differences.md must no longer say that it doesn't", name)
		case o.verdict != passed && reason == "":
			t.Errorf("%s: %s\n%s", name, word, o.why)
		case o.verdict == failed:
			word = "differing"
		case o.verdict == skipped:
			word = "skipped"
		}
		counts[word]++
		fmt.Fprintf(w, "%s\t%s\t%s\n", word, name, reason)
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if _, ran := r[name]; !ran {
			t.Errorf("docs/differences.md tells of %s, which didn't run", name)
		}
	}
	_ = w.Flush() // into a Builder
	fmt.Printf("%s\n%s: %v\n\n", table.String(), t.Name(), counts)
}

var quoted = regexp.MustCompile("`([^`]+)`((?: Test[A-Za-z0-9]+,?)*)")

// differences are what docs/differences.md says doesn't pass in a test of this
// package, and why. The first cell of such a row names them: `folder` TestThis,
// TestThat; or `words of a command`.
func differences(t *testing.T, test string) map[string]string {
	t.Helper()
	data, err := os.ReadFile("../../docs/differences.md")
	check(t, err)
	known := map[string]string{}
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(cells) != 4 || cells[3] != "`e2e/conform` "+test {
			continue
		}
		for _, found := range quoted.FindAllStringSubmatch(cells[0], -1) {
			names := strings.FieldsFunc(found[2], func(r rune) bool { return r == ' ' || r == ',' })
			if len(names) == 0 {
				known[found[1]] = cells[2]
			}
			for _, name := range names {
				known[found[1]+" "+name] = cells[2]
			}
		}
	}
	return known
}
