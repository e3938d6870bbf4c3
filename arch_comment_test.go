package main

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// spoken are methods whose meaning is that of the interface they are written for.
var spoken = []string{
	"Apply", "CommandType", "Error", "EventType", "Is", "Len", "Less", "MarshalJSON", "MarshalText", "String", "Swap", "UnmarshalJSON",
	"UnmarshalText", "Unwrap", "ReportedBy", "Marshal", "Unmarshal", "Close", "Read", "Write", "ServeHTTP", "Schema", "Resolve",
}

func TestArchitecturePackagesSayWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	said, folders := map[string]string{}, map[string]bool{}
	eachSource(t, func(s source) {
		if s.test {
			return
		}
		folders[s.folder] = true
		if s.file.Doc == nil {
			return
		}
		if before := said[s.folder]; before != "" {
			t.Errorf("%s: package %s must not say twice what it is for; %s says it already", s.path, s.file.Name.Name, before)
		}
		said[s.folder] = s.path
		start := "Package " + s.file.Name.Name + " "
		if s.file.Name.Name == "main" {
			start = "Command "
		}
		if !strings.HasPrefix(s.file.Doc.Text(), start) {
			t.Errorf("%s: the package's comment must not begin otherwise than with %q", s.path, start)
		}
	})
	for folder := range folders {
		if said[folder] == "" {
			t.Errorf("package %s must not be without a comment that says what it is for", folder)
		}
	}
}

func TestArchitectureExportedNamesAreExplained(t *testing.T) {
	t.Parallel()
	eachSource(t, func(s source) {
		if s.test || s.generated || s.file.Name.Name == "main" {
			return
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if !d.Name.IsExported() || d.Recv != nil && (!exportedReceiver(d) || slices.Contains(spoken, d.Name.Name)) {
					continue
				}
				explained(t, s, d, d.Name.Name, d.Doc)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					explainedSpec(t, s, d, spec)
				}
			}
		}
	})
}

func exportedReceiver(d *ast.FuncDecl) bool {
	receiver := d.Recv.List[0].Type
	for {
		switch r := receiver.(type) {
		case *ast.StarExpr:
			receiver = r.X
		case *ast.IndexExpr:
			receiver = r.X
		case *ast.IndexListExpr:
			receiver = r.X
		case *ast.Ident:
			return r.IsExported()
		default:
			return false
		}
	}
}

// explainedSpec checks types one by one, and constants and variables by
// themselves, by the line's comment or by the comment of their group.
func explainedSpec(t *testing.T, s source, d *ast.GenDecl, spec ast.Spec) {
	t.Helper()
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		doc := spec.Doc
		if doc == nil && !d.Lparen.IsValid() {
			doc = d.Doc
		}
		if doc == nil {
			doc = spec.Comment
		}
		if spec.Name.IsExported() {
			explained(t, s, spec, spec.Name.Name, doc)
		}
	case *ast.ValueSpec:
		if spec.Names[0].IsExported() && spec.Doc == nil && spec.Comment == nil && d.Doc == nil {
			t.Errorf("%s: the exported %s must not be without a comment", s.at(spec), spec.Names[0].Name)
		}
	}
}

// explained checks that a comment is there and speaks of the name.
func explained(t *testing.T, s source, n ast.Node, name string, doc *ast.CommentGroup) {
	t.Helper()
	if doc == nil {
		t.Errorf("%s: the exported %s must not be without a comment", s.at(n), name)
		return
	}
	text := doc.Text()
	for _, article := range []string{"A ", "An ", "The "} {
		text = strings.TrimPrefix(text, article)
	}
	if _, group := n.(*ast.TypeSpec); group && doc.Pos() > n.Pos() {
		return // a comment behind the type on its line
	}
	if !strings.HasPrefix(text, name) {
		t.Errorf("%s: the comment of %s must not begin otherwise than with its name", s.at(n), name)
	}
}
