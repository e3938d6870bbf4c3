package projections_test

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"skylog/events"
	"skylog/projections"
)

// epoch is the time in samples.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)

// sample makes an event of a type with every field filled. The same variant
// gives the same ids to things of one kind, so that events are about each other;
// variant 0 is the event's zero value.
func sample(t testing.TB, wire string, variant byte) events.Event {
	t.Helper()
	zero, err := projections.Codec.Decode(events.Record{Type: wire, Data: json.RawMessage("{}")})
	if err != nil {
		t.Fatalf("%s: %v", wire, err)
	}
	if variant == 0 {
		return zero
	}
	made := reflect.New(reflect.TypeOf(zero)).Elem()
	f := filler{t, thingOf(wire), int(variant)}
	f.fill(made, "", 0)
	return made.Interface().(events.Event)
}

// thingOf is the kind of thing that an event is about: "server" in "compute.server.created".
func thingOf(wire string) string {
	parts := strings.Split(wire, ".")
	return strings.NewReplacer("_", "", "-", "").Replace(parts[len(parts)-2])
}

// idOf is the id of the n-th thing of a kind.
func idOf(kind string, n int) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(kind+" "+strconv.Itoa(n))).String()
}

type filler struct {
	t       testing.TB
	thing   string
	variant int
}

func (f filler) fill(v reflect.Value, name string, i int) {
	n := f.variant + i
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(epoch.Add(time.Duration(n) * time.Hour)))
		return
	case netip.Addr:
		v.Set(reflect.ValueOf(netip.AddrFrom4([4]byte{192, 0, 2, byte(9 + n)})))
		return
	case netip.Prefix:
		v.Set(reflect.ValueOf(netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, 0}), 24)))
		return
	case json.RawMessage:
		v.SetBytes([]byte(`{"sample":` + strconv.Itoa(n) + `}`))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.text(name, n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(n))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(n))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(n) + 0.25)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), name, i)
	case reflect.Struct:
		for at := range v.NumField() {
			f.fill(v.Field(at), v.Type().Field(at).Name, i)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for at := range v.Len() {
			f.fill(v.Index(at), strings.TrimSuffix(name, "s"), i+at)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.fill(key, "key", i)
		f.fill(value, name, i)
		v.SetMapIndex(key, value)
	default:
		f.t.Fatalf("no sample of %s for %s", v.Type(), name)
	}
}

// text is a sample string: an id for what is named so, else its own name.
func (f filler) text(name string, n int) string {
	kind, id := strings.CutSuffix(name, "ID")
	switch {
	case id && kind == "":
		return idOf(f.thing, n)
	case id:
		return idOf(strings.ToLower(strings.TrimPrefix(kind, "Own")), n)
	case name == "Extra":
		return `{"sample":"` + strconv.Itoa(n) + `"}`
	case name == "MAC":
		return "fa:16:3e:00:00:" + strconv.Itoa(10+n%80)
	}
	return strings.ToLower(name) + "-" + strconv.Itoa(n)
}

func encoded(t testing.TB, e events.Event) json.RawMessage {
	t.Helper()
	record, err := projections.Codec.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return json.RawMessage(record.Data)
}
