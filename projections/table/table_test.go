package table

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type thing struct {
	Owner string
	Size  int
}

type things struct {
	Of[string, thing]
	byOwner Index[string, string, thing]
	sizes   Tally[string, int, string, thing]
	j       *Journal
}

func newThings() *things {
	t := &things{j: &Journal{}, Of: New[string, thing](strings.Compare)}
	t.byOwner = By(&t.Of, strings.Compare, func(s *thing, emit func(string)) { emit(s.Owner) })
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
		var got, want []string
		sum := 0
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
		if !slices.Equal(got, want) {
			t.Fatalf("%s has %v, want %v", owner, got, want)
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
		if err := to.Read(line); err != nil {
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
