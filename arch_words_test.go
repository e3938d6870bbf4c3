package main

import (
	"go/ast"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"skylog/handlers"
	decidecompute "skylog/handlers/compute"
	decideidentity "skylog/handlers/identity"
	decideimage "skylog/handlers/image"
	decidenetwork "skylog/handlers/network"
	decideplacement "skylog/handlers/placement"
	"skylog/projections"
)

// rules are the deciders of all services.
var rules = handlers.NewRegistry(decideidentity.Register, decideimage.Register, decidenetwork.Register, decidecompute.Register, decideplacement.Register)

// word is a type of the log's vocabulary: an event or a command.
type word struct {
	service, name string // "compute", "KeypairImported"
	wire          string // "compute.keypair.imported"
	at            string
}

// words finds the types of a layer by the method that tells their name on the wire.
func words(t *testing.T, layer, method string) (found []word) {
	t.Helper()
	eachSource(t, func(s source) {
		service, ok := strings.CutPrefix(s.folder, layer+"/")
		if !ok || s.test {
			return
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != method {
				continue
			}
			receiver, ok := f.Recv.List[0].Type.(*ast.Ident)
			if !ok || len(f.Body.List) != 1 {
				t.Errorf("%s: %s must not be a method of a pointer nor have more than a return", s.at(f), method)
				continue
			}
			result, ok := f.Body.List[0].(*ast.ReturnStmt).Results[0].(*ast.BasicLit)
			if !ok {
				t.Errorf("%s: %s must not calculate its name", s.at(f), method)
				continue
			}
			wire, err := strconv.Unquote(result.Value)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, word{service, receiver.Name, wire, s.at(f)})
		}
	})
	if len(found) < 40 {
		t.Fatalf("only %d types with %s found: too few to be all", len(found), method)
	}
	return found
}

// wireName is service.thing.what, in lower case, words joined with _.
var wireName = regexp.MustCompile(`^[a-z]+(\.[a-z][a-z0-9_]*){1,2}$`)

func TestArchitectureEveryEventIsInItsCatalogAndFolded(t *testing.T) {
	t.Parallel()
	known := projections.Codec.Names()
	folded := map[string]bool{}
	eachSource(t, func(s source) {
		if s.layer() != "projections" || s.test {
			return
		}
		imported := importsOf(s)
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok {
					folded[imported[x.Name]+"."+sel.Sel.Name] = true
				}
			}
			return true
		})
	})
	for _, w := range words(t, "events", "EventType") {
		checkWire(t, w)
		if !slices.Contains(known, w.wire) {
			t.Errorf("%s: %s must not be missing in the catalog of %s", w.at, w.name, w.service)
		}
		if !folded["skylog/events/"+w.service+"."+w.name] {
			t.Errorf("%s: %s must not be an event that no projection folds", w.at, w.name)
		}
	}
}

func TestArchitectureEveryCommandHasItsDecider(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, w := range words(t, "commands", "CommandType") {
		checkWire(t, w)
		if before := seen[w.wire]; before != "" {
			t.Errorf("%s: %s must not be called %s, as %s is", w.at, w.name, w.wire, before)
		}
		seen[w.wire] = w.name
		if !rules.Knows(w.wire) {
			t.Errorf("%s: %s must not be a command that nobody decides", w.at, w.name)
		}
	}
}

func checkWire(t *testing.T, w word) {
	t.Helper()
	if !wireName.MatchString(w.wire) || !strings.HasPrefix(w.wire, w.service+".") {
		t.Errorf("%s: %s must not be called %q: %s.thing.what is its form", w.at, w.name, w.wire, w.service)
	}
}
