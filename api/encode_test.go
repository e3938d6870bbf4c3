package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"
)

type part struct {
	Old string `json:"old,omitempty" until:"2.5"`
	New *int   `json:"new" since:"2.6"`
}

type whole struct {
	part
	Name   string            `json:"name"`
	Tags   []string          `json:"tags"`
	Meta   map[string]string `json:"meta"`
	At     time.Time         `json:"at"`
	Fine   time.Time         `json:"fine" layout:"2006-01-02T15:04:05.000000"`
	Any    any               `json:"any,omitempty"`
	Inside []whole           `json:"inside,omitempty"`
	hidden string            // must not be shown
}

func TestBodiesHaveTheShapeOfTheirMicroversion(t *testing.T) {
	one := 1
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	v := whole{part: part{Old: "o", New: &one}, Name: "a\"<é>\x01\n", At: at, Fine: at, Any: map[string]any{"b": 1.5, "a": []any{nil, true}}, Inside: []whole{{}}, hidden: "x"}
	for version, want := range map[Version]string{
		{2, 1}: `{"old":"o","name":"a\"<é>\u0001\n","tags":[],"meta":{},"at":"2026-01-02T03:04:05Z","fine":"2026-01-02T03:04:05.000006","any":{"a":[null,true],"b":1.5},"inside":[{"name":"","tags":[],"meta":{},"at":null,"fine":null}]}`,
		{2, 6}: `{"new":1,"name":"a\"<é>\u0001\n","tags":[],"meta":{},"at":"2026-01-02T03:04:05Z","fine":"2026-01-02T03:04:05.000006","any":{"a":[null,true],"b":1.5},"inside":[{"new":null,"name":"","tags":[],"meta":{},"at":null,"fine":null}]}`,
	} {
		got, err := encode(nil, v, version)
		if err != nil || string(got) != want {
			t.Errorf("at %s:\n got %s (%v)\nwant %s", version, got, err, want)
		}
	}
}

func TestAPartThatIsNotThereHasNoFields(t *testing.T) {
	type outer struct {
		*part
		Name string `json:"name"`
	}
	for _, c := range []struct {
		v    outer
		want string
	}{{outer{Name: "a"}, `{"name":"a"}`}, {outer{part: &part{}, Name: "a"}, `{"new":null,"name":"a"}`}} {
		if got, err := encode(nil, c.v, Version{2, 6}); err != nil || string(got) != c.want {
			t.Errorf("got %s (%v), want %s", got, err, c.want)
		}
	}
}

func FuzzStringsComeBackAsTheyWere(f *testing.F) {
	f.Add("a\"\\\n\u2028é\xff")
	f.Fuzz(func(t *testing.T, s string) {
		var back, want string
		text, _ := json.Marshal(s)
		if json.Unmarshal(text, &want) != nil || json.Unmarshal(quote(nil, s), &back) != nil || back != want {
			t.Errorf("%q became %q, want %q", s, back, want)
		}
	})
}

func TestFieldsThatAMicroversionHasNotAreUnknown(t *testing.T) {
	h := historyOf(reflect.TypeFor[struct {
		Server whole `json:"server"`
	}]())
	for _, c := range []struct {
		body string
		at   Version
		ok   bool
	}{
		{`{"server": {"new": 1}}`, Version{2, 6}, true},
		{`{"server": {"new": 1}}`, Version{2, 5}, false},
		{`{"server": {"old": ""}}`, Version{2, 6}, false},
		{`{"server": {"inside": [{"name": "x"}]}}`, Version{2, 1}, true},
		{`{"server": [`, Version{2, 1}, true},
	} {
		if err := h.suits([]byte(c.body), c.at); (err == nil) != c.ok {
			t.Errorf("%s at %s: got %v", c.body, c.at, err)
		}
	}
}

func TestDeepBodiesAreTold(t *testing.T) {
	for depth, want := range map[int]bool{maxDepth: false, maxDepth + 1: true} {
		body := fmt.Appendf(nil, "%s%s", repeat('[', depth), repeat(']', depth))
		if got := tooDeep(body); got != want {
			t.Errorf("depth %d: got %v, want %v", depth, got, want)
		}
	}
	if tooDeep([]byte(`"` + string(repeat('[', 1000)) + `\"["`)) {
		t.Error("brackets in a text were counted")
	}
}

func repeat(c byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = c
	}
	return b
}

func BenchmarkPageOfThousand(b *testing.B) {
	page := make([]whole, 1000)
	for i := range page {
		page[i] = whole{Name: "server", Tags: []string{"a", "b"}, Meta: map[string]string{"k": "v"}, At: time.Unix(1e9, 0),
			Inside: []whole{{Name: "x"}, {Name: "y"}, {Name: "z"}}}
	}
	for b.Loop() {
		if _, err := encode(nil, page, Version{2, 6}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAPageInPartsReadsAsOne(t *testing.T) {
	type item struct {
		N int `json:"n"`
	}
	page := make([]int, 1000)
	for i := range page {
		page[i] = i
	}
	for _, size := range []int{0, 1, 199, 400, 1000} {
		var body struct {
			Items Items[item] `json:"items"`
		}
		body.Items = PartsOf(page[:size], func(part []int) func(func(*item) bool) {
			var room item
			return func(yield func(*item) bool) {
				for _, n := range part {
					if room.N = n; !yield(&room) {
						return
					}
				}
			}
		})
		text, err := encode(nil, body, Version{})
		if err != nil {
			t.Fatal(err)
		}
		var read struct{ Items []item }
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if len(read.Items) != size {
			t.Errorf("%d items of %d", len(read.Items), size)
		}
		for i, one := range read.Items {
			if one.N != i {
				t.Fatalf("item %d is %d", i, one.N)
			}
		}
	}
	broken := Items[item]{func(func(*item) bool) {}, func(func(*item) bool) { panic("broken") }}
	if _, err := encode(nil, broken, Version{}); err == nil {
		t.Error("a part that panics is no error")
	}
}
