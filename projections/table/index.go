package table

import (
	"cmp"
	"iter"
	"slices"
)

// Index finds rows of a table by something else than their key, in the order of
// that. Make one with By, before the table has rows. It has no methods but is
// asked by functions, since methods of generic types are compiled in every
// package that knows the world, used or not.
type Index[I comparable, K comparable, S any] struct{ place int }

// Place is where a row stands in an index.
type Place[I comparable, K comparable] struct {
	Value I
	Key   K
}

// By adds an index to a table. Per row, of emits the values under which it is
// found: none, one or several, the same ones whenever it is asked. Values that
// are strings or numbers must be ordered as Go orders them.
func By[I comparable, K comparable, S any](t *Of[K, S], compare func(a, b I) int, of func(s *S, emit func(I))) Index[I, K, S] {
	keys := t.d.compare.(func(a, b K) int)
	less := func(a, b any) bool {
		x, y := a.(*Place[I, K]), b.(*Place[I, K])
		if c := compare(x.Value, y.Value); c != 0 {
			return c < 0
		}
		return keys(x.Key, y.Key) < 0
	}
	t.d.kept = append(t.d.kept, keeper{
		tree:   newTree(less),
		change: func(entries *tree, k, old, now any) { reindex(entries, of, *k.(*K), old.(*S), now.(*S)) },
		fill:   func(rows *tree) *tree { return indexed[I, K](rows, compare, less, of) },
	})
	return Index[I, K, S]{place: len(t.d.kept) - 1}
}

func entry[I comparable, K comparable](i I, k K) item {
	p := &Place[I, K]{i, k}
	return item{hint(&p.Value), p}
}

// reindex moves a row's entries from what it was found under to what it is.
func reindex[I comparable, K comparable, S any](entries *tree, of func(s *S, emit func(I)), k K, old, now *S) {
	var room [8]I
	was := room[:0]
	if old != nil {
		of(old, func(i I) { was = append(was, i) })
	}
	if now != nil {
		of(now, func(i I) {
			for n := range was {
				if was[n] == i { // stays as it is
					was = append(was[:n], was[n+1:]...)
					return
				}
			}
			entries.set(entry(i, k))
		})
	}
	for _, i := range was {
		entries.delete(entry(i, k))
	}
}

// block is how many entries are made with one allocation: none of them is given
// back before all are gone.
const block = 32

// placed is an entry while an index is made, with its row's place among the rows.
type placed struct {
	item
	row int
}

// indexed is the index of all rows there are. Rows come in the order of their
// keys, so that of two entries of one value the earlier row's comes first.
func indexed[I comparable, K comparable, S any](rows *tree, compare func(a, b I) int, less func(a, b any) bool, of func(s *S, emit func(I))) *tree {
	var places []Place[I, K]
	all, n := make([]placed, 0, rows.len()), 0
	rows.scan(func(i any) bool {
		r := i.(*row[K, S])
		of(&r.s, func(i I) {
			if len(places) == cap(places) {
				places = make([]Place[I, K], 0, block)
			}
			places = append(places, Place[I, K]{i, r.k})
			p := &places[len(places)-1]
			all = append(all, placed{item{hint(&p.Value), p}, n})
		})
		n++
		return true
	})
	slices.SortFunc(all, func(a, b placed) int {
		if a.hint != b.hint {
			return cmp.Compare(a.hint, b.hint)
		}
		if c := compare(a.of.(*Place[I, K]).Value, b.of.(*Place[I, K]).Value); c != 0 {
			return c
		}
		return cmp.Compare(a.row, b.row)
	})
	t := newTree(less)
	for i := range all {
		t.load(all[i].item)
	}
	return t
}

// Each goes through the rows of t found under i, in the order of their keys.
func Each[I comparable, K comparable, S any](x Index[I, K, S], t *Of[K, S], i I) iter.Seq2[K, S] {
	return func(yield func(K, S) bool) {
		for p, s := range From(x, t, i) {
			if p.Value != i || !yield(p.Key, s) {
				return
			}
		}
	}
}

// Has says whether any row is found under i.
func Has[I comparable, K comparable, S any](x Index[I, K, S], t *Of[K, S], i I) bool {
	for range Each(x, t, i) {
		return true
	}
	return false
}

// First returns the first row found under i.
func First[I comparable, K comparable, S any](x Index[I, K, S], t *Of[K, S], i I) (S, bool) {
	for _, s := range Each(x, t, i) {
		return s, true
	}
	var none S
	return none, false
}

// From goes through the index from the first row found under i on; it doesn't
// end with i.
func From[I comparable, K comparable, S any](x Index[I, K, S], t *Of[K, S], i I) iter.Seq2[Place[I, K], S] {
	var zero K
	return Behind(x, t, i, zero)
}

// Behind goes through the index from the place of value i and key k on: where a
// page goes on. The order of keys must have the zero key first.
func Behind[I comparable, K comparable, S any](x Index[I, K, S], t *Of[K, S], i I, k K) iter.Seq2[Place[I, K], S] {
	entries, rows := t.d.tree(x.place), t.d.rows
	return func(yield func(Place[I, K], S) bool) {
		entries.up(entry(i, k), found(rows, yield))
	}
}

// Before goes backwards through the index from the place of value i and key k on.
func Before[I comparable, K comparable, S any](x Index[I, K, S], t *Of[K, S], i I, k K) iter.Seq2[Place[I, K], S] {
	entries, rows := t.d.tree(x.place), t.d.rows
	return func(yield func(Place[I, K], S) bool) {
		entries.down(entry(i, k), found(rows, yield))
	}
}

func found[I comparable, K comparable, S any](rows *tree, yield func(Place[I, K], S) bool) func(any) bool {
	return foundRow(rows, func(p *Place[I, K], s *S) bool { return yield(*p, *s) })
}

func foundRow[I comparable, K comparable, S any](rows *tree, yield func(*Place[I, K], *S) bool) func(any) bool {
	return func(at any) bool {
		p := at.(*Place[I, K])
		r, _ := rows.get(item{hint(&p.Key), &p.Key})
		return yield(p, &r.(*row[K, S]).s)
	}
}

// RowsBehind is Behind without copies, for long lists of large rows: what it
// yields is the table's own and must not be written.
func RowsBehind[I comparable, K comparable, S any](x Index[I, K, S], t *Of[K, S], i I, k K) iter.Seq2[*Place[I, K], *S] {
	entries, rows := t.d.tree(x.place), t.d.rows
	return func(yield func(*Place[I, K], *S) bool) {
		entries.up(entry(i, k), foundRow(rows, yield))
	}
}

// RowsBefore is Before without copies, as RowsBehind is Behind.
func RowsBefore[I comparable, K comparable, S any](x Index[I, K, S], t *Of[K, S], i I, k K) iter.Seq2[*Place[I, K], *S] {
	entries, rows := t.d.tree(x.place), t.d.rows
	return func(yield func(*Place[I, K], *S) bool) {
		entries.down(entry(i, k), foundRow(rows, yield))
	}
}
