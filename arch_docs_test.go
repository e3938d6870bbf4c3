package main

import (
	"go/ast"
	"os"
	"regexp"
	"strings"
	"testing"
)

// namedTests is the last cell of a row: folders and names of tests.
var (
	namedTest  = "`([a-z0-9/]+)` (Test[A-Za-z0-9]+)"
	eachNamed  = regexp.MustCompile(namedTest)
	namedTests = regexp.MustCompile("^" + namedTest + "(, " + namedTest + ")*$")
)

func TestArchitectureEveryDifferenceAndAttackHasItsTest(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{}
	eachSource(t, func(s source) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.test && f.Recv == nil {
				tests[s.folder+" "+f.Name.Name] = true
			}
		}
	})
	for document, columns := range map[string]int{"docs/differences.md": 4, "docs/attacks.md": 3} {
		data, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for _, line := range strings.Split(string(data), "\n") {
			cells := strings.Split(strings.Trim(line, "| "), " | ")
			last := cells[len(cells)-1]
			if !strings.HasPrefix(line, "| ") || last == "test" || strings.HasPrefix(last, "---") {
				continue
			}
			rows++
			if len(cells) != columns || !namedTests.MatchString(last) {
				t.Errorf("%s must not say %q without a test that shows it", document, cells[0])
			}
			for _, named := range eachNamed.FindAllStringSubmatch(last, -1) {
				if !tests[named[1]+" "+named[2]] {
					t.Errorf("%s: %s has no %s, which shows %q", document, named[1], named[2], cells[0])
				}
			}
		}
		if rows == 0 {
			t.Errorf("%s must not be empty", document)
		}
	}
}
