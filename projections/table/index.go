package table

import (
	"cmp"
	"iter"
	"slices"
)

// Index finds rows of a table by something else than their key, in the order of
// that. Make one with By or Pin, before the table has rows. It has no methods but is
// asked by functions, since methods of generic types are compiled in every
// package that knows the world, used or not.
type Index[I comparable, K comparable, S any] struct {
	place  int
	pinned bool
}

// Place is where a row stands in an index.
type Place[I comparable, K comparable] struct {
	Value I
	Key   K
}

// pinned is an entry that leads to its row without another search.
type pinned[I comparable, K comparable, S any] struct {
	Place[I, K]
	row *S
}

// By adds an index to a table. Per row, of emits the values under which it is
// found: none, one or several, the same ones whenever it is asked. Values that
// are strings or numbers must be ordered as Go orders them.
func By[I comparable, K comparable, S any](t *Of[K, S], compare func(a, b I) int, of func(s *S, emit func(I))) Index[I, K, S] {
	return add(t, Index[I, K, S]{}, compare, of)
}

// Pin adds an index as By does, for lists of many rows: it finds them at once,
// but is written whenever a row of it changes, in whatever way.
func Pin[I comparable, K comparable, S any](t *Of[K, S], compare func(a, b I) int, of func(s *S, emit func(I))) Index[I, K, S] {
	return add(t, Index[I, K, S]{pinned: true}, compare, of)
}

func add[I comparable, K comparable, S any](t *Of[K, S], x Index[I, K, S], compare func(a, b I) int, of func(s *S, emit func(I))) Index[I, K, S] {
	keys := t.d.compare.(func(a, b K) int)
	less := func(a, b any) bool {
		x, y := placeOf(x, a), placeOf(x, b)
		if c := compare(x.Value, y.Value); c != 0 {
			return c < 0
		}
		return keys(x.Key, y.Key) < 0
	}
	t.d.kept = append(t.d.kept, keeper{
		tree:   newTree(less),
		change: func(entries *tree, k, old, now any) { reindex(x, entries, of, *k.(*K), old.(*S), now.(*S)) },
		fill:   func(rows *tree) *tree { return indexed(x, rows, compare, less, of) },
	})
	x.place = len(t.d.kept) - 1
	return x
}

// at is the place that an entry of the index has.
func placeOf[I comparable, K comparable, S any](x Index[I, K, S], entry any) *Place[I, K] {
	if x.pinned {
		return &entry.(*pinned[I, K, S]).Place
	}
	return entry.(*Place[I, K])
}

// entry is what stands for a row in the index. Of a place that is only looked
// for, there is no row.
func entry[I comparable, K comparable, S any](x Index[I, K, S], i I, k K, s *S) item {
	if x.pinned {
		p := &pinned[I, K, S]{Place[I, K]{i, k}, s}
		return item{hint(&p.Value), p}
	}
	p := &Place[I, K]{i, k}
	return item{hint(&p.Value), p}
}

// reindex moves a row's entries from what it was found under to what it is.
func reindex[I comparable, K comparable, S any](x Index[I, K, S], entries *tree, of func(s *S, emit func(I)), k K, old, now *S) {
	var room [8]I
	was := room[:0]
	if old != nil {
		of(old, func(i I) { was = append(was, i) })
	}
	if now != nil {
		of(now, func(i I) {
			for n := range was {
				if was[n] == i { // stays where it is
					was = append(was[:n], was[n+1:]...)
					if !x.pinned {
						return
					}
					break
				}
			}
			entries.set(entry(x, i, k, now))
		})
	}
	for _, i := range was {
		entries.delete(entry(x, i, k, nil))
	}
}

// block is how many entries are made with one allocation: none of them is given
// back before all are gone.
const block = 32

// entries are made a block at a time.
type entries[I comparable, K comparable, S any] struct {
	places []Place[I, K]
	pinned []pinned[I, K, S]
}

func next[I comparable, K comparable, S any](e *entries[I, K, S], pin bool, at Place[I, K], s *S) item {
	if pin {
		if len(e.pinned) == cap(e.pinned) {
			e.pinned = make([]pinned[I, K, S], 0, block)
		}
		e.pinned = append(e.pinned, pinned[I, K, S]{at, s})
		p := &e.pinned[len(e.pinned)-1]
		return item{hint(&p.Value), p}
	}
	if len(e.places) == cap(e.places) {
		e.places = make([]Place[I, K], 0, block)
	}
	e.places = append(e.places, at)
	p := &e.places[len(e.places)-1]
	return item{hint(&p.Value), p}
}

// placed is an entry while an index is made, with its row's place among the rows.
type placed struct {
	item
	row int
}

// indexed is the index of all rows there are. Rows come in the order of their
// keys, so that of two entries of one value the earlier row's comes first.
func indexed[I comparable, K comparable, S any](x Index[I, K, S], rows *tree, compare func(a, b I) int, less func(a, b any) bool, of func(s *S, emit func(I))) *tree {
	var room entries[I, K, S]
	all, n := make([]placed, 0, rows.len()), 0
	rows.scan(func(i any) bool {
		r := i.(*row[K, S])
		of(&r.s, func(i I) {
			all = append(all, placed{next(&room, x.pinned, Place[I, K]{i, r.k}, &r.s), n})
		})
		n++
		return true
	})
	slices.SortFunc(all, func(a, b placed) int {
		if a.hint != b.hint {
			return cmp.Compare(a.hint, b.hint)
		}
		if c := compare(placeOf(x, a.of).Value, placeOf(x, b.of).Value); c != 0 {
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
		entries.up(entry(x, i, k, nil), found(x, rows, yield))
	}
}

// Before goes backwards through the index from the place of value i and key k on.
func Before[I comparable, K comparable, S any](x Index[I, K, S], t *Of[K, S], i I, k K) iter.Seq2[Place[I, K], S] {
	entries, rows := t.d.tree(x.place), t.d.rows
	return func(yield func(Place[I, K], S) bool) {
		entries.down(entry(x, i, k, nil), found(x, rows, yield))
	}
}

func found[I comparable, K comparable, S any](x Index[I, K, S], rows *tree, yield func(Place[I, K], S) bool) func(any) bool {
	return foundRow(x, rows, func(p *Place[I, K], s *S) bool { return yield(*p, *s) })
}

func foundRow[I comparable, K comparable, S any](x Index[I, K, S], rows *tree, yield func(*Place[I, K], *S) bool) func(any) bool {
	if x.pinned {
		return func(at any) bool {
			p := at.(*pinned[I, K, S])
			return yield(&p.Place, p.row)
		}
	}
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
		entries.up(entry(x, i, k, nil), foundRow(x, rows, yield))
	}
}

// RowsBefore is Before without copies, as RowsBehind is Behind.
func RowsBefore[I comparable, K comparable, S any](x Index[I, K, S], t *Of[K, S], i I, k K) iter.Seq2[*Place[I, K], *S] {
	entries, rows := t.d.tree(x.place), t.d.rows
	return func(yield func(*Place[I, K], *S) bool) {
		entries.down(entry(x, i, k, nil), foundRow(x, rows, yield))
	}
}
