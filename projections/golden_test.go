package projections_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"skylog/events"
	"skylog/projections"
)

// update adds a golden file for each shape of an event that has none. It never
// changes one: what stands there was written to somebody's log.
var update = flag.Bool("update", false, "add the golden files that are missing")

// goldens is where each shape that an event ever had on the wire stands:
// <type>.json the first, <type>.2.json the next.
const goldens = "../events/testdata"

// golden is one file.
type golden struct {
	path, wire string
	data       []byte
}

func readGoldens(t testing.TB) (found []golden) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(goldens, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		wire := strings.TrimSuffix(filepath.Base(path), ".json")
		if last := wire[strings.LastIndex(wire, ".")+1:]; last != "" && last[0] >= '0' && last[0] <= '9' {
			wire = strings.TrimSuffix(wire, "."+last)
		}
		found = append(found, golden{path, wire, data})
	}
	return found
}

// tree is a JSON value as it stands, numbers by their digits.
func tree(t testing.TB, data []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return v
}

// lost names what of the old tree isn't in the new one as it was.
func lost(path string, was, is any) []string {
	switch was := was.(type) {
	case map[string]any:
		now, ok := is.(map[string]any)
		if !ok {
			return []string{path}
		}
		var all []string
		for name, value := range was {
			if _, ok := now[name]; !ok {
				all = append(all, path+"."+name)
				continue
			}
			all = append(all, lost(path+"."+name, value, now[name])...)
		}
		return all
	case []any:
		now, ok := is.([]any)
		if !ok || len(now) != len(was) {
			return []string{path}
		}
		var all []string
		for i := range was {
			all = append(all, lost(fmt.Sprintf("%s[%d]", path, i), was[i], now[i])...)
		}
		return all
	}
	if was != is {
		return []string{path}
	}
	return nil
}

// shape is the names of all fields in a tree, whatever their values.
func shape(path string, v any) (names []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			names = append(names, shape(path+"."+name, value)...)
		}
	case []any:
		for _, value := range v {
			names = append(names, shape(path+"[]", value)...)
		}
	default:
		names = append(names, path)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func wireNames() []string { return slices.Sorted(slices.Values(projections.Codec.Names())) }

func TestEveryShapeOfAnEventThatWasEverWrittenIsReadInFull(t *testing.T) {
	t.Parallel()
	for _, g := range readGoldens(t) {
		e, err := projections.Codec.Decode(events.Record{Type: g.wire, Data: g.data})
		if err != nil {
			t.Errorf("%s can't be read any more: %v", g.path, err)
			continue
		}
		again, err := projections.Codec.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if gone := lost("", tree(t, g.data), tree(t, again.Data)); len(gone) > 0 {
			t.Errorf("%s loses %q: a field of an event must not be renamed, removed nor change its meaning", g.path, gone)
		}
	}
}

func TestEveryEventHasAGoldenFileOfItsPresentShape(t *testing.T) {
	t.Parallel()
	shapes := map[string][][]string{}
	for _, g := range readGoldens(t) {
		shapes[g.wire] = append(shapes[g.wire], shape("", tree(t, g.data)))
	}
	for _, wire := range wireNames() {
		data := encoded(t, sample(t, wire, 1))
		now := shape("", tree(t, data))
		if slices.ContainsFunc(shapes[wire], func(s []string) bool { return slices.Equal(s, now) }) {
			continue
		}
		path := filepath.Join(goldens, wire+".json")
		if n := len(shapes[wire]); n > 0 {
			path = filepath.Join(goldens, fmt.Sprintf("%s.%d.json", wire, n+1))
		}
		if !*update {
			t.Errorf("%s has no golden file of its present shape; `go test ./projections -update` adds %s", wire, path)
			continue
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, data, "", "  "); err != nil {
			t.Fatal(err)
		}
		pretty.WriteByte('\n')
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644) // never over one that is there
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(pretty.Bytes()); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryEventComesBackFromTheWireAsItWas(t *testing.T) {
	t.Parallel()
	same := cmp.Options{cmpopts.EquateEmpty(), cmp.Exporter(func(reflect.Type) bool { return true })}
	for _, wire := range wireNames() {
		for variant := range byte(3) {
			e := sample(t, wire, variant)
			back, err := projections.Codec.Decode(events.Record{Type: wire, Data: encoded(t, e)})
			if err != nil {
				t.Errorf("%s: %v", wire, err)
				continue
			}
			if diff := cmp.Diff(e, back, same); diff != "" {
				t.Errorf("%s changes on the wire:\n%s", wire, diff)
			}
		}
	}
}

func TestAnyPrefixAndAnyOrderOfTheGoldensFolds(t *testing.T) {
	t.Parallel()
	all := readGoldens(t)
	if len(all) < len(wireNames()) {
		t.Fatalf("%d golden files for %d types", len(all), len(wireNames()))
	}
	for _, order := range []func(i int) int{
		func(i int) int { return i },
		func(i int) int { return len(all) - 1 - i },
		func(i int) int { return i * 101 % len(all) }, // each once where 101 divides not the number of files, else some: any order will do
	} {
		w := projections.New()
		for i := range all {
			g := all[order(i)]
			e, err := projections.Codec.Decode(events.Record{Type: g.wire, Data: g.data})
			if err != nil {
				t.Fatal(err)
			}
			fold(w, uint64(i+1), e)
			w.Publish() // the world between any two events is one that may be read
		}
		checkSnapshot(t, w)
	}
}

// fold folds one event as a frame of its own.
func fold(w *projections.World, seq uint64, e events.Event) {
	at := epoch.Add(time.Duration(seq) * time.Second)
	w.Facts(events.List(e), events.Meta{Seq: seq, Time: at, Command: "c", Caller: events.Caller{ProjectID: idOf("project", 1), UserID: idOf("user", 1)}})
	w.Seq, w.Time = seq, at
}

// checkSnapshot saves a world and loads it: nothing may be lost.
func checkSnapshot(t *testing.T, w *projections.World) {
	t.Helper()
	var file bytes.Buffer
	saved, err := w.Publish().Save(&file)
	if err != nil {
		t.Fatal(err)
	}
	loaded, hash, err := projections.Load(&file)
	if err != nil {
		t.Fatal(err)
	}
	again, err := loaded.StateHash()
	if err != nil {
		t.Fatal(err)
	}
	if hash != saved || again != saved {
		t.Errorf("a snapshot loads as %s and writes again as %s, it was saved as %s", hash, again, saved)
	}
}
