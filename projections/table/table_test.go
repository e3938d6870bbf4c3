package table

import (
	"bytes"
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

type thing struct {
	Owner string
	Size  int
}

type things struct {
	Of[string, thing]
	byOwner Index[string, string, thing]
	pinned  Index[string, string, thing] // the same
	sizes   Tally[string, int, string, thing]
	j       *Journal
}

func newThings() *things {
	t := &things{j: &Journal{}, Of: New[string, thing](strings.Compare)}
	t.byOwner = By(&t.Of, strings.Compare, func(s *thing, emit func(string)) { emit(s.Owner) })
	t.pinned = Pin(&t.Of, strings.Compare, func(s *thing, emit func(string)) { emit(s.Owner) })
	t.sizes = Sum(&t.Of, strings.Compare, func(s *thing) (string, int, bool) { return s.Owner, s.Size, true },
		func(a, b int, sign int) int { return a + sign*b })
	t.Attach(t.j)
	return t
}

func TestWritesOutsideAFoldPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Fatal("a write outside a fold went through")
		}
	}()
	newThings().Put("a", thing{})
}

// The table, its index and its sums agree with a plain map after any writes, and
// a copy taken before them stays as it was.
func TestATableIsWhatAMapIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab, model := newThings(), map[string]thing{}
		tab.j.Folding(true)
		type past struct {
			tab   things
			model map[string]thing
		}
		var pasts []past
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			key := rapid.StringMatching(`[a-f]{1,2}`).Draw(t, "key")
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0, 1:
				s := thing{rapid.StringMatching(`[xyz]`).Draw(t, "owner"), rapid.IntRange(0, 9).Draw(t, "size")}
				tab.Put(key, s)
				model[key] = s
			case 2:
				tab.Delete(key)
				delete(model, key)
			case 3:
				pasts = append(pasts, past{*tab, clone(model)})
				tab.j.Freeze()
			}
		}
		agree(t, tab, model)
		for _, p := range pasts {
			agree(t, &p.tab, p.model)
		}
	})
}

func clone(m map[string]thing) map[string]thing {
	c := make(map[string]thing, len(m))
	for k, s := range m {
		c[k] = s
	}
	return c
}

func agree(t *rapid.T, tab *things, model map[string]thing) {
	if tab.Len() != len(model) {
		t.Fatalf("%d rows, want %d", tab.Len(), len(model))
	}
	for _, owner := range []string{"x", "y", "z"} {
		var got, pinned, want []string
		sum := 0
		for p, s := range RowsBehind(tab.pinned, &tab.Of, owner, "") {
			if p.Value != owner {
				break
			}
			if *s != model[p.Key] {
				t.Fatalf("pinned row %s is %v, want %v", p.Key, *s, model[p.Key])
			}
			pinned = append(pinned, p.Key)
		}
		for k, s := range Each(tab.byOwner, &tab.Of, owner) {
			if s != model[k] {
				t.Fatalf("row %s is %v, want %v", k, s, model[k])
			}
			got = append(got, k)
		}
		for k, s := range model {
			if s.Owner == owner {
				want = append(want, k)
				sum += s.Size
			}
		}
		slices.SortFunc(want, cmp.Compare)
		if !slices.Equal(got, want) || !slices.Equal(pinned, want) {
			t.Fatalf("%s has %v and pinned %v, want %v", owner, got, pinned, want)
		}
		if kept := Total(tab.sizes, &tab.Of, owner); kept != sum {
			t.Fatalf("%s sums to %d, want %d", owner, kept, sum)
		}
	}
}

func TestASnapshotReadsAsItWasWritten(t *testing.T) {
	from, to := newThings(), newThings()
	from.j.Folding(true)
	to.j.Folding(true)
	from.Put("a", thing{"x", 1})
	from.Put("b", thing{"y", 2})
	var first, second bytes.Buffer
	if err := from.Write(&first); err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(first.Bytes()) {
		if row, err := to.Parse(line, &Strings{}); err == nil {
			to.Load(row)
		} else {
			t.Fatal(err)
		}
	}
	if err := to.Write(&second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Fatalf("wrote %s, read back %s", first.Bytes(), second.Bytes())
	}
	if got := Total(to.sizes, &to.Of, "y"); got != 2 {
		t.Fatalf("the sum of y is %d after reading, want 2", got)
	}
}

// scoped is a value within a scope that knows its hint.
type scoped struct {
	scope string
	n     int64
}

func (s *scoped) Hint() uint64 { return Within(s.scope, Signed(s.n)) }

func TestAHintNeverContradictsTheOrder(t *testing.T) {
	check := func(t *rapid.T, x, y uint64, order int) {
		if x < y && order >= 0 || x > y && order <= 0 {
			t.Fatalf("hints %x and %x are of values ordered %d", x, y, order)
		}
	}
	text := rapid.StringMatching(`[a-c0é]{0,12}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		check(t, hint(&a), hint(&b), strings.Compare(a, b))
		n, m := rapid.Int64().Draw(t, "n"), rapid.Int64().Draw(t, "m")
		check(t, hint(&n), hint(&m), cmp.Compare(n, m))
		x, y := scoped{a, n}, scoped{b, m}
		check(t, hint(&x), hint(&y), cmp.Or(strings.Compare(a, b), cmp.Compare(n, m)))
	})
}

func TestATableWhoseIndexesWerePutOffIsWhatItWouldBe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab, model := newThings(), map[string]thing{}
		tab.j.Folding(true)
		tab.PutOff()
		for range rapid.IntRange(0, 100).Draw(t, "steps") {
			key := rapid.StringMatching(`[a-f]{1,2}`).Draw(t, "key")
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0, 1, 2:
				tab.Delete(key)
				delete(model, key)
			case 3: // what is asked meanwhile must be right, and stay so
				if got := Has(tab.byOwner, &tab.Of, "x"); got != slices.ContainsFunc(slices.Collect(maps.Values(model)), func(s thing) bool { return s.Owner == "x" }) {
					t.Fatalf("somebody's things are there: %v", got)
				}
			case 4:
				tab.j.Freeze()
			default:
				s := thing{rapid.StringMatching(`[xyz]`).Draw(t, "owner"), rapid.IntRange(0, 9).Draw(t, "size")}
				tab.Put(key, s)
				model[key] = s
			}
		}
		tab.Settle(func(do func()) { do() })
		for _, k := range tab.d.kept {
			if k.tree == nil {
				t.Fatal("an index is put off still")
			}
		}
		agree(t, tab, model)
	})
}

func TestWhatIsReadSharesItsStringsAndHasNoRoomToSpare(t *testing.T) {
	type part struct{ Owner string }
	type big struct {
		Owner string
		Parts []part
		Near  *part
		bytes []byte
	}
	owner := func() string { return strings.Clone("somebody's id") }
	b := big{Owner: owner(), Parts: append(make([]part, 0, 8), part{owner()}), Near: &part{owner()}, bytes: []byte("x")}
	(&Strings{}).slim(reflect.ValueOf(&b))
	at := unsafe.StringData(b.Owner)
	if unsafe.StringData(b.Parts[0].Owner) != at || unsafe.StringData(b.Near.Owner) != at || cap(b.Parts) != 1 {
		t.Fatalf("strings aren't shared, or there is room for %d parts", cap(b.Parts))
	}
	if b.Owner != owner() || b.Parts[0] != (part{owner()}) || *b.Near != (part{owner()}) || string(b.bytes) != "x" {
		t.Fatalf("what was read has changed: %+v", b)
	}
}
