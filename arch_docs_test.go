package main

import (
	"go/ast"
	"os"
	"regexp"
	"strings"
	"testing"
)

// differenceTest is the last cell of a difference: the folder and the name of its test.
var differenceTest = regexp.MustCompile("^`([a-z0-9/]+)` (Test[A-Za-z0-9]+)$")

func TestArchitectureEveryDifferenceHasItsTest(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{}
	eachSource(t, func(s source) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.test && f.Recv == nil {
				tests[s.folder+" "+f.Name.Name] = true
			}
		}
	})
	data, err := os.ReadFile("docs/differences.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, line := range strings.Split(string(data), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if !strings.HasPrefix(line, "| ") || cells[0] == "what" || strings.HasPrefix(cells[0], "---") {
			continue
		}
		rows++
		named := differenceTest.FindStringSubmatch(cells[len(cells)-1])
		if len(cells) != 4 || named == nil || !tests[named[1]+" "+named[2]] {
			t.Errorf("docs/differences.md must not say %q without a test that shows it", cells[0])
		}
	}
	if rows == 0 {
		t.Error("docs/differences.md must not be empty")
	}
}
