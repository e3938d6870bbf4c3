package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// may lists, for each layer, the layers it may import. Nothing else is allowed,
// and a service may import another service's commands, events and projections only.
// Loadtest and e2e see the wire only.
var may = map[string][]string{
	"events":      {},
	"commands":    {},
	"projections": {"events"},
	"handlers":    {"commands", "events", "projections"},
	"workers":     {"commands", "events", "projections"},
	"api":         {"commands", "projections"},
	"infra":       {"api", "commands", "events", "handlers", "projections", "workers"},
	"loadtest":    {},
	"e2e":         {},
}

// pure are the layers whose outcome follows from what they are given alone.
var pure = []string{"commands", "events", "projections", "handlers"}

// impure are the standard packages that reach out of the program or draw lots,
// each with all below it. What only calculates is named in calculates.
var (
	impure     = []string{"crypto/rand", "database", "io/ioutil", "log", "math/rand", "net", "os", "plugin", "syscall", "testing", "unsafe"}
	calculates = []string{"net/netip"}
)

// mechanisms are the modules that pure layers may use; they do no I/O of their own accord.
var mechanisms = []string{"github.com/goccy/go-json", "github.com/google/uuid", "github.com/klauspost/compress", "github.com/tidwall/btree"}

// excused are the imports that break a rule for a reason.
var excused = map[string]string{
	"handlers log/slog":                                   "the decider tells of commands that break it",
	"projections/network net":                             "net.ParseMAC and net.HardwareAddr only calculate",
	"handlers/given testing":                              "it is for tests only",
	"handlers/given github.com/google/go-cmp/cmp":         "it is for tests only",
	"handlers/given github.com/google/go-cmp/cmp/cmpopts": "it is for tests only",
	"infra/cell handlers":                                 "it runs the decider",
	"infra/memlog handlers":                               "it is a handlers.Log",
	"infra/jetstream handlers":                            "it is a handlers.Log",
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

// place is where a package stands: "handlers/compute" is of layer "handlers" and
// service "compute". The layer of the program itself is "".
type place struct{ path, layer, service string }

func placeOf(importPath string, services []string) (p place, ours bool) {
	if importPath == "skylog" {
		return place{}, true
	}
	p.path, ours = strings.CutPrefix(importPath, "skylog/")
	if !ours {
		return place{path: importPath}, false
	}
	parts := strings.Split(p.path, "/")
	p.layer = parts[0]
	if len(parts) > 1 && slices.Contains(services, parts[1]) && p.layer != "infra" {
		p.service = parts[1]
	}
	return p, true
}

// packages are all packages of the module, and the services are what stands below commands/.
func packages(t *testing.T) (all []goPackage, services []string) {
	t.Helper()
	out, err := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
		if service, ok := strings.CutPrefix(p.ImportPath, "skylog/commands/"); ok && !strings.Contains(service, "/") {
			services = append(services, service)
		}
	}
	if len(services) < 4 || len(all) < 30 {
		t.Fatalf("go list names %d packages and the services %q: too few to be all", len(all), services)
	}
	return all, services
}

// offence says why one package must not import another, or nothing.
func offence(from, to place, ours bool) string {
	switch {
	case from.layer == "":
		return "" // main wires everything
	case !ours:
		return foreignOffence(from, to.path)
	case to.layer == "":
		return "main wires, nobody asks it"
	case to.path == "handlers/given" || to.path == "api/apitest":
		return "it is for tests only"
	case to.layer == "handlers" && from.layer != "handlers" && to.path != "handlers":
		return "only main knows the rules of a service"
	case to.layer == "handlers" && from.layer != "handlers":
		return "to ask is to hold a commands.Do"
	case from.layer == to.layer && from.layer != "infra" && from.path != "projections":
		if to.service != "" && to.service != from.service {
			return "services of one layer don't know each other"
		}
	case from.layer != to.layer && !slices.Contains(may[from.layer], to.layer):
		return "of all layers, " + from.layer + " may import only " + strings.Join(may[from.layer], ", ")
	}
	return ""
}

func foreignOffence(from place, path string) string {
	below := func(names []string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return path == n || strings.HasPrefix(path, n+"/") })
	}
	first, _, _ := strings.Cut(path, "/")
	standard := !strings.Contains(first, ".")
	switch {
	case slices.Contains(pure, from.layer):
		if standard && below(impure) && !below(calculates) {
			return from.layer + " are pure"
		}
		if !standard && !below(mechanisms) {
			return from.layer + " are pure and need mechanisms only"
		}
	case from.layer == "workers" && below([]string{"os", "net/http", "syscall"}):
		return "a worker drives an interface, infra implements it"
	case from.layer != "infra" && below([]string{"github.com/nats-io"}):
		return "NATS is infra's"
	}
	return ""
}

func TestArchitectureLayersImportWhatTheyMay(t *testing.T) {
	t.Parallel()
	all, services := packages(t)
	for _, p := range all {
		from, _ := placeOf(p.ImportPath, services)
		if _, known := may[from.layer]; !known && from.layer != "" {
			t.Errorf("%s must not stand in the root: layers are %v", from.path, slices.Sorted(maps.Keys(may)))
			continue
		}
		for _, path := range p.Imports {
			to, ours := placeOf(path, services)
			why := offence(from, to, ours)
			if why != "" && excused[from.path+" "+to.path] == "" {
				t.Errorf("%s must not import %s: %s", from.path, to.path, why)
			}
		}
	}
}

func TestArchitectureRulesSeeWhatTheyForbid(t *testing.T) {
	t.Parallel()
	services := []string{"compute", "network"}
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{
		{"skylog/api/compute", "skylog/events/compute", false},
		{"skylog/api/compute", "skylog/workers", false},
		{"skylog/api", "skylog/infra/sim", false},
		{"skylog/api/compute", "skylog/api/network", false},
		{"skylog/api/compute", "skylog/api/policy", true},
		{"skylog/api/compute", "skylog/commands/network", true},
		{"skylog/handlers/compute", "skylog/handlers/network", false},
		{"skylog/handlers/compute", "skylog/projections/network", true},
		{"skylog/handlers/compute", "math/rand/v2", false},
		{"skylog/handlers/compute", "github.com/nats-io/nats.go", false},
		{"skylog/projections/compute", "skylog/projections/network", false},
		{"skylog/projections", "skylog/projections/network", true},
		{"skylog/projections/compute", "skylog/projections/table", true},
		{"skylog/projections/compute", "net/http", false},
		{"skylog/projections/compute", "net/netip", true},
		{"skylog/events", "skylog/commands", false},
		{"skylog/commands/compute", "os", false},
		{"skylog/workers/compute", "skylog/infra/sim", false},
		{"skylog/workers", "github.com/nats-io/nats.go/jetstream", false},
		{"skylog/infra/sim", "skylog/handlers/compute", false},
		{"skylog/infra/sim", "skylog/workers/compute", true},
		{"skylog/loadtest", "skylog/projections", false},
		{"skylog", "skylog/handlers/compute", true},
	} {
		from, _ := placeOf(c.from, services)
		to, ours := placeOf(c.to, services)
		if why := offence(from, to, ours); (why == "") != c.allowed {
			t.Errorf("%s imports %s: allowed is to be %v, the rule says %q", c.from, c.to, c.allowed, why)
		}
	}
}
