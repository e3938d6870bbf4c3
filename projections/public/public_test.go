package public_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"skylog/events"
	"skylog/projections"
	"skylog/projections/public"
)

// sample makes an event of a type whose texts and bytes all say which field they are.
func sample(t *testing.T, name string) events.Event {
	t.Helper()
	zero, err := projections.Codec.Decode(events.Record{Type: name, Data: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.New(reflect.TypeOf(zero)).Elem()
	fill(v, "")
	return v.Interface().(events.Event)
}

func fill(v reflect.Value, field string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("<" + field + ">")
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), v.Type().Field(i).Name)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte("<" + field + ">"))
			return
		}
		fill(v.Index(0), field)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	}
}

func TestEveryTypeOfEventHasAnEntry(t *testing.T) {
	names := projections.Codec.Names()
	slices.Sort(names)
	for _, name := range names {
		if !public.Known(name) {
			t.Errorf("%s has no entry in projections/public: say there whose it is and to which thing it happened", name)
			continue
		}
		if about := public.Of(sample(t, name)); about.ID == "" || about.Service == "" || about.Resource == "" && name != "network.tags.replaced" {
			t.Errorf("%s: its entry doesn't say to which thing it happened (%s)", name, about)
		}
	}
}

func TestNoSecretIsShownToAnybody(t *testing.T) {
	secrets := []string{"PasswordHash", "SecretHash", "UserData"}
	insides := []string{"Host", "HostIP", "Upload", "Details", "Options"}
	for _, name := range projections.Codec.Names() {
		e := sample(t, name)
		for _, r := range []public.Reader{{ProjectID: "p", UserID: "u"}, {All: true}} {
			shown := string(public.Show(e, public.Of(e), time.Time{}, r).Data)
			hidden := secrets
			if !r.All {
				hidden = append(slices.Clone(secrets), insides...)
			}
			for _, field := range hidden {
				if strings.Contains(shown, "<"+field+">") {
					t.Errorf("%s shows %s to %+v: %s", name, field, r, shown)
				}
			}
		}
	}
}

func TestAnEventIsShownAsTheAPIsWouldNameThings(t *testing.T) {
	e, err := projections.Codec.Decode(events.Record{Type: "compute.server.created", Data: []byte(
		`{"ID":"s","ProjectID":"p","UserID":"u","Name":"web","Hostname":"web","Flavor":{"ID":"1","Name":"m1.tiny","VCPUs":1,"RAMMiB":512},
		"Metadata":{"CamelCase":"kept"},"UserData":"c2VjcmV0","PortIDs":["x"],"BuildBy":"2026-01-02T03:04:05Z"}`)})
	if err != nil {
		t.Fatal(err)
	}
	got := public.Show(e, public.Of(e), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), public.Reader{ProjectID: "p"})
	want := `{"id":"s","project_id":"p","user_id":"u","name":"web","hostname":"web",` +
		`"image":{"id":"","format":"","sha512":"","size_bytes":0,"virtual_gib":0},` +
		`"flavor":{"id":"1","name":"m1.tiny","vcpus":1,"ram_mib":512,"disk_gib":0,"ephemeral_gib":0,"swap_mib":0},` +
		`"metadata":{"CamelCase":"kept"},"port_ids":["x"],"reservation_id":""}`
	if string(got.Data) != want {
		t.Errorf("shown as\n%s\nwant\n%s", got.Data, want)
	}
	if got.Subject != "compute/server/s" || got.Type != "compute.server.created" || got.SpecVersion != "1.0" {
		t.Errorf("%+v", got)
	}
}

func TestAnIDLeadsItsOwnReaderBackAndTellsOthersNothing(t *testing.T) {
	ids := public.IDs{Key: [32]byte{1}}
	ours, theirs := public.Reader{ProjectID: "ours", UserID: "u"}, public.Reader{ProjectID: "theirs", UserID: "u"}
	seen := map[string]bool{}
	for _, p := range []public.Position{{}, {Seq: 1}, {Seq: 1, Commit: 1}, {Seq: 1, Event: 1}, {Seq: 1<<48 - 1, Commit: 1<<24 - 1, Event: 1<<24 - 1}} {
		id, err := ids.Seal(ours, p)
		if err != nil {
			t.Fatal(err)
		}
		if back, ok := ids.Open(ours, id); !ok || back != p {
			t.Errorf("%v came back as %v, %v", p, back, ok)
		}
		if _, ok := ids.Open(theirs, id); ok {
			t.Errorf("the id of %v is good in another project", p)
		}
		if again, _ := ids.Seal(ours, p); again != id || seen[id] {
			t.Errorf("the id of %v is not its own", p)
		}
		seen[id] = true
	}
	if _, err := ids.Seal(ours, public.Position{Seq: 1 << 48}); err == nil {
		t.Error("a position that doesn't fit got an id")
	}
	for _, bad := range []string{"", "0", "zz", fmt.Sprintf("%032d", 1)} {
		if _, ok := ids.Open(ours, bad); ok {
			t.Errorf("%q passed for an id", bad)
		}
	}
}
