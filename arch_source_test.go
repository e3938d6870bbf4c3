package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// How long things may be.
const (
	fileLines     = 500
	functionLines = 60
)

// long are the functions that may have more than functionLines, with the reason.
var long = map[string]string{}

// source is one parsed file.
type source struct {
	path, folder string
	file         *ast.File
	set          *token.FileSet
	lines        int
	test         bool
	generated    bool
}

func (s source) at(n ast.Node) string {
	p := s.set.Position(n.Pos())
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// layer is the first folder of the path; that of the program itself is "".
func (s source) layer() string {
	if s.folder == "." {
		return ""
	}
	first, _, _ := strings.Cut(s.folder, "/")
	return first
}

// sources parses every Go file of the tree, once.
var sources = sync.OnceValues(func() (found []source, err error) {
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"var", "testdata", "node_modules"}, d.Name())):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		found = append(found, source{
			path: path, folder: filepath.ToSlash(filepath.Dir(path)), file: file, set: set, lines: set.File(file.Pos()).LineCount(),
			test: strings.HasSuffix(path, "_test.go"), generated: ast.IsGenerated(file),
		})
		return nil
	})
	return found, err
})

func eachSource(t *testing.T, look func(source)) {
	t.Helper()
	all, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("only %d Go files found: too few to be all", len(all))
	}
	for _, s := range all {
		look(s)
	}
}

func TestArchitectureFilesAndFunctionsFitInAHead(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	eachSource(t, func(s source) {
		if s.test || s.generated {
			return
		}
		if s.lines > fileLines {
			t.Errorf("%s must not have more than %d lines, it has %d: look for a second noun", s.path, fileLines, s.lines)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			name := s.folder + "." + f.Name.Name
			n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1
			switch {
			case n > functionLines && long[name] == "":
				t.Errorf("%s: %s must not have more than %d lines, it has %d", s.at(f), f.Name.Name, functionLines, n)
			case n > functionLines:
				used[name] = true
			}
		}
	})
	for name := range long {
		if !used[name] {
			t.Errorf("%s must not be excused any longer: it is short", name)
		}
	}
}

func TestArchitectureNothingIsLeftForLater(t *testing.T) {
	t.Parallel()
	marks := []string{"TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"}
	eachSource(t, func(s source) {
		for _, group := range s.file.Comments {
			for _, word := range strings.FieldsFunc(group.Text(), func(r rune) bool { return r < 'A' || r > 'Z' }) {
				if slices.Contains(marks, word) {
					t.Errorf("%s: a comment must not say %s: do it, or say in the open what falls short", s.at(group), word)
				}
			}
		}
	})
}

// clocks are the functions of package time that ask the clock of the machine.
// Waiting upon a timer is a worker's business, but not a decision's or a fold's.
var (
	clocks = []string{"Now", "Sleep", "Since", "Until"}
	timers = []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Tick"}
)

// forbidden says why code of a layer must not use a function of a package.
func forbidden(s source, pkg, name string) string {
	layer := s.layer()
	timeless := !slices.Contains([]string{"", "infra", "api", "loadtest", "e2e"}, layer)
	switch {
	case s.test && pkg == "time" && name == "Sleep" && layer != "e2e": // there it is another process that is asked again
		return "wait for a condition, with a deadline"
	case s.test:
		return ""
	case pkg == "time" && timeless && slices.Contains(clocks, name):
		return "the time comes from outside"
	case pkg == "time" && slices.Contains(pure, layer) && slices.Contains(timers, name):
		return layer + " are pure"
	case pkg == "fmt" && timeless && strings.HasPrefix(name, "Print"):
		return "what is to be said is an event, an error or a log line"
	}
	return ""
}

func TestArchitectureClockAndConsoleStayAtTheRim(t *testing.T) {
	t.Parallel()
	eachSource(t, func(s source) {
		imported := importsOf(s)
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok {
					if why := forbidden(s, imported[x.Name], sel.Sel.Name); why != "" {
						t.Errorf("%s: %s must not use %s.%s: %s", s.at(sel), s.folder, x.Name, sel.Sel.Name, why)
					}
				}
			}
			return true
		})
	})
}

// importsOf tells the path of each name by which a file knows a package.
func importsOf(s source) map[string]string {
	named := map[string]string{}
	for _, i := range s.file.Imports {
		path, _ := strconv.Unquote(i.Path.Value) // the parser has read it
		name := path[strings.LastIndex(path, "/")+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		named[name] = path
	}
	return named
}

// aliases are the words by which the four layers of a service are known.
var aliases = map[string]string{"commands": "cmd", "events": "evt", "projections": "view", "handlers": "decide"}

func TestArchitectureServicesGoByFixedNames(t *testing.T) {
	t.Parallel()
	services := map[string]bool{}
	eachSource(t, func(s source) {
		if service, ok := strings.CutPrefix(s.folder, "commands/"); ok {
			services[service] = true
		}
	})
	eachSource(t, func(s source) {
		if s.test || s.layer() == "" {
			return
		}
		_, own, _ := strings.Cut(s.folder, "/")
		if !services[own] {
			own = ""
		}
		for name, path := range importsOf(s) {
			layer, service, _ := strings.Cut(strings.TrimPrefix(path, "skylog/"), "/")
			word := aliases[layer]
			switch {
			case word == "" || service == "" || layer == s.layer() || !services[service]:
			case service == own && name != word:
				t.Errorf("%s: %s must not be known as %s here, but as %s", s.path, path, name, word)
			case !strings.HasSuffix(name, word), own != "" && service != own && name == word && s.layer() != "infra":
				t.Errorf("%s: %s must not be known as %s here, but as a prefix of its own and %s", s.path, path, name, word)
			}
		}
	})
}
