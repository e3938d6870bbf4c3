package table

import "iter"

// Tally keeps a sum over the rows of a table per group, such as the RAM that a
// project uses. It is folded as rows pass and never summed up when asked. Make
// one with Sum, before the table has rows.
type Tally[G comparable, V comparable, K comparable, S any] struct{ place int }

// sum is what a tally's tree points to.
type sum[G comparable, V comparable] struct {
	g    G
	v    V
	rows int
}

func (s *sum[G, V]) item() item { return item{hint(&s.g), s} }

// Sum adds a tally to a table. Of says to which group a row belongs and with
// what amount, or that it doesn't count; add returns a + sign·b.
func Sum[G comparable, V comparable, K comparable, S any](t *Of[K, S], compare func(a, b G) int, of func(*S) (G, V, bool), add func(a, b V, sign int) V) Tally[G, V, K, S] {
	less := func(a, b any) bool { return compare(a.(*sum[G, V]).g, b.(*sum[G, V]).g) < 0 }
	t.d.kept = append(t.d.kept, keeper{
		tree:   newTree(less),
		change: func(sums *tree, _, old, now any) { resum(sums, of, add, old.(*S), now.(*S)) },
		fill: func(rows *tree) *tree {
			sums := newTree(less)
			rows.scan(func(i any) bool {
				resum(sums, of, add, nil, &i.(*row[K, S]).s)
				return true
			})
			return sums
		},
	})
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

func resum[G comparable, V comparable, S any](sums *tree, of func(*S) (G, V, bool), add func(a, b V, sign int) V, old, now *S) {
	var was, is sum[G, V]
	var left, came bool
	if old != nil {
		was.g, was.v, left = of(old)
	}
	if now != nil {
		is.g, is.v, came = of(now)
	}
	if left && came && was == is { // most changes of a row leave its sums alone
		return
	}
	if left {
		enter(sums, add, was.g, was.v, -1)
	}
	if came {
		enter(sums, add, is.g, is.v, 1)
	}
}

func enter[G comparable, V comparable](sums *tree, add func(a, b V, sign int) V, g G, v V, sign int) {
	at := sum[G, V]{g: g}
	if old, ok := sums.get(at.item()); ok {
		at = *old.(*sum[G, V])
	}
	at.v, at.rows = add(at.v, v, sign), at.rows+sign
	if at.rows == 0 { // a group without rows is forgotten, so that no one's name stays for ever
		sums.delete(at.item())
		return
	}
	sums.set(at.item())
}

// Total returns the sum of a group, zero where it has no rows.
func Total[G comparable, V comparable, K comparable, S any](x Tally[G, V, K, S], t *Of[K, S], g G) (v V) {
	if at, ok := t.d.tree(x.place).get((&sum[G, V]{g: g}).item()); ok {
		v = at.(*sum[G, V]).v
	}
	return v
}

// Totals goes through the groups that have rows, in order.
func Totals[G comparable, V comparable, K comparable, S any](x Tally[G, V, K, S], t *Of[K, S]) iter.Seq2[G, V] {
	sums := t.d.tree(x.place)
	return func(yield func(G, V) bool) {
		sums.scan(func(item any) bool {
			s := item.(*sum[G, V])
			return yield(s.g, s.v)
		})
	}
}

// TotalsFrom goes through the groups that have rows, in order, from g on.
func TotalsFrom[G comparable, V comparable, K comparable, S any](x Tally[G, V, K, S], t *Of[K, S], g G) iter.Seq2[G, V] {
	sums := t.d.tree(x.place)
	return func(yield func(G, V) bool) {
		sums.up((&sum[G, V]{g: g}).item(), func(item any) bool {
			s := item.(*sum[G, V])
			return yield(s.g, s.v)
		})
	}
}
