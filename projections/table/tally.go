package table

import (
	"iter"

	"github.com/tidwall/btree"
)

// Tally keeps a sum over the rows of a table per group, such as the RAM that a
// project uses. It is folded as rows pass and never summed up when asked. Make
// one with Sum, before the table has rows.
type Tally[G comparable, V comparable, K comparable, S any] struct{ place int }

type sum[G comparable, V comparable] struct {
	g    G
	v    V
	rows int
}

type tally[G comparable, V comparable, K comparable, S any] struct {
	of   func(s *S) (G, V, bool)
	add  func(a, b V, sign int) V
	sums *btree.BTreeG[sum[G, V]]
}

// Sum adds a tally to a table. Of says to which group a row belongs and with
// what amount, or that it doesn't count; add returns a + sign·b.
func Sum[G comparable, V comparable, K comparable, S any](t *Of[K, S], compare func(a, b G) int, of func(*S) (G, V, bool), add func(a, b V, sign int) V) Tally[G, V, K, S] {
	less := func(a, b sum[G, V]) bool { return compare(a.g, b.g) < 0 }
	t.d.kept = append(t.d.kept, &tally[G, V, K, S]{of: of, add: add, sums: btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})})
	return Tally[G, V, K, S]{place: len(t.d.kept) - 1}
}

// Count adds a tally that counts the rows of each group; of says to which group
// a row belongs, or that it doesn't count.
func Count[G comparable, K comparable, S any](t *Of[K, S], compare func(a, b G) int, of func(*S) (G, bool)) Tally[G, int, K, S] {
	return Sum(t, compare, func(s *S) (G, int, bool) {
		g, ok := of(s)
		return g, 1, ok
	}, func(a, b int, sign int) int { return a + sign*b })
}

func (x *tally[G, V, K, S]) change(_ K, old, now *S) {
	var was, is sum[G, V]
	var left, came bool
	if old != nil {
		was.g, was.v, left = x.of(old)
	}
	if now != nil {
		is.g, is.v, came = x.of(now)
	}
	if left && came && was == is { // most changes of a row leave its sums alone
		return
	}
	if left {
		x.enter(was.g, was.v, -1)
	}
	if came {
		x.enter(is.g, is.v, 1)
	}
}

func (x *tally[G, V, K, S]) enter(g G, v V, sign int) {
	at, _ := x.sums.Get(sum[G, V]{g: g})
	at.g, at.v, at.rows = g, x.add(at.v, v, sign), at.rows+sign
	if at.rows == 0 { // a group without rows is forgotten, so that no one's name stays for ever
		x.sums.Delete(at)
		return
	}
	x.sums.Set(at)
}

func (x *tally[G, V, K, S]) clone() keeper[K, S] {
	return &tally[G, V, K, S]{of: x.of, add: x.add, sums: x.sums.Copy()}
}

// Of returns the sum of a group, zero where it has no rows.
func (x Tally[G, V, K, S]) Of(t *Of[K, S], g G) V {
	at, _ := t.d.kept[x.place].(*tally[G, V, K, S]).sums.Get(sum[G, V]{g: g})
	return at.v
}

// All goes through the groups that have rows, in order.
func (x Tally[G, V, K, S]) All(t *Of[K, S]) iter.Seq2[G, V] {
	sums := t.d.kept[x.place].(*tally[G, V, K, S]).sums
	return func(yield func(G, V) bool) {
		sums.Scan(func(s sum[G, V]) bool { return yield(s.g, s.v) })
	}
}
