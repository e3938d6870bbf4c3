package table

import (
	"iter"

	"github.com/tidwall/btree"
)

// Index finds rows of a table by something else than their key, in the order of
// that. Make one with By, before the table has rows.
type Index[I comparable, K comparable, S any] struct{ place int }

type entry[I comparable, K comparable] struct {
	i I
	k K
}

type index[I comparable, K comparable, S any] struct {
	of      func(s *S, emit func(I))
	entries *btree.BTreeG[entry[I, K]]
}

// By adds an index to a table. Per row, of emits the values under which it is
// found: none, one or several, the same ones whenever it is asked.
func By[I comparable, K comparable, S any](t *Of[K, S], compare func(a, b I) int, of func(s *S, emit func(I))) Index[I, K, S] {
	keys := t.d.compare
	less := func(a, b entry[I, K]) bool {
		if c := compare(a.i, b.i); c != 0 {
			return c < 0
		}
		return keys(a.k, b.k) < 0
	}
	t.d.kept = append(t.d.kept, &index[I, K, S]{of: of, entries: btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})})
	return Index[I, K, S]{place: len(t.d.kept) - 1}
}

func (x *index[I, K, S]) change(k K, old, now *S) {
	var room [8]I
	was := room[:0]
	if old != nil {
		x.of(old, func(i I) { was = append(was, i) })
	}
	if now != nil {
		x.of(now, func(i I) {
			for n := range was {
				if was[n] == i { // stays as it is
					was = append(was[:n], was[n+1:]...)
					return
				}
			}
			x.entries.Set(entry[I, K]{i, k})
		})
	}
	for _, i := range was {
		x.entries.Delete(entry[I, K]{i, k})
	}
}

func (x *index[I, K, S]) clone() keeper[K, S] {
	return &index[I, K, S]{of: x.of, entries: x.entries.Copy()}
}

func (x Index[I, K, S]) in(t *Of[K, S]) *index[I, K, S] {
	return t.d.kept[x.place].(*index[I, K, S])
}

// Each goes through the rows of t found under i, in the order of their keys.
func (x Index[I, K, S]) Each(t *Of[K, S], i I) iter.Seq2[K, S] {
	return func(yield func(K, S) bool) {
		for e, s := range x.From(t, i) {
			if e.Value != i || !yield(e.Key, s) {
				return
			}
		}
	}
}

// Has says whether any row is found under i.
func (x Index[I, K, S]) Has(t *Of[K, S], i I) bool {
	for range x.Each(t, i) {
		return true
	}
	return false
}

// First returns the first row found under i.
func (x Index[I, K, S]) First(t *Of[K, S], i I) (S, bool) {
	for _, s := range x.Each(t, i) {
		return s, true
	}
	var none S
	return none, false
}

// Place is where a row stands in an index.
type Place[I comparable, K comparable] struct {
	Value I
	Key   K
}

// From goes through the index from the first row found under i on; it doesn't
// end with i.
func (x Index[I, K, S]) From(t *Of[K, S], i I) iter.Seq2[Place[I, K], S] {
	var zero K
	return x.Behind(t, i, zero)
}

// Behind goes through the index from the place of value i and key k on: where a
// page goes on. The order of keys must have the zero key first.
func (x Index[I, K, S]) Behind(t *Of[K, S], i I, k K) iter.Seq2[Place[I, K], S] {
	entries, rows := x.in(t).entries, t.d.rows
	return func(yield func(Place[I, K], S) bool) {
		entries.Ascend(entry[I, K]{i, k}, func(e entry[I, K]) bool {
			r, _ := rows.Get(row[K, S]{k: e.k})
			return yield(Place[I, K]{e.i, e.k}, *r.s)
		})
	}
}

// Before goes backwards through the index from the place of value i and key k on.
func (x Index[I, K, S]) Before(t *Of[K, S], i I, k K) iter.Seq2[Place[I, K], S] {
	entries, rows := x.in(t).entries, t.d.rows
	return func(yield func(Place[I, K], S) bool) {
		entries.Descend(entry[I, K]{i, k}, func(e entry[I, K]) bool {
			r, _ := rows.Get(row[K, S]{k: e.k})
			return yield(Place[I, K]{e.i, e.k}, *r.s)
		})
	}
}
