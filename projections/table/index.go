package table

import "iter"

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
// found: none, one or several, the same ones whenever it is asked.
func By[I comparable, K comparable, S any](t *Of[K, S], compare func(a, b I) int, of func(s *S, emit func(I))) Index[I, K, S] {
	keys := t.d.compare.(func(a, b K) int)
	entries := newTree(func(a, b any) bool {
		x, y := a.(*Place[I, K]), b.(*Place[I, K])
		if c := compare(x.Value, y.Value); c != 0 {
			return c < 0
		}
		return keys(x.Key, y.Key) < 0
	})
	t.d.kept = append(t.d.kept, keeper{entries, func(entries *tree, k, old, now any) {
		reindex(entries, of, k.(K), old.(*S), now.(*S))
	}})
	return Index[I, K, S]{place: len(t.d.kept) - 1}
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
			entries.set(&Place[I, K]{i, k})
		})
	}
	for _, i := range was {
		entries.delete(&Place[I, K]{i, k})
	}
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
	entries, rows := t.d.kept[x.place].tree, t.d.rows
	return func(yield func(Place[I, K], S) bool) {
		entries.up(&Place[I, K]{i, k}, found(rows, yield))
	}
}

// Before goes backwards through the index from the place of value i and key k on.
func Before[I comparable, K comparable, S any](x Index[I, K, S], t *Of[K, S], i I, k K) iter.Seq2[Place[I, K], S] {
	entries, rows := t.d.kept[x.place].tree, t.d.rows
	return func(yield func(Place[I, K], S) bool) {
		entries.down(&Place[I, K]{i, k}, found(rows, yield))
	}
}

func found[I comparable, K comparable, S any](rows *tree, yield func(Place[I, K], S) bool) func(any) bool {
	return func(item any) bool {
		p := item.(*Place[I, K])
		r, _ := rows.get(p.Key)
		return yield(*p, r.(*row[K, S]).s)
	}
}
