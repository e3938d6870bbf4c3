package table

import "iter"

// Journal is what the tables of one world share: the generation in which they
// may be written in place, and whether somebody is folding now.
type Journal struct {
	gen     uint64
	folding bool
}

// Freeze ends a generation: what the tables hold now will never be written again.
func (j *Journal) Freeze() { j.gen++ }

// Folding says that writes are allowed from here on, or no more.
func (j *Journal) Folding(on bool) { j.folding = on }

// Of is a table of rows S under keys K. Make one with New. Copying the value
// copies the table as it is now, provided that the journal is frozen before the
// next write.
type Of[K comparable, S any] struct {
	j *Journal
	d *data
}

// row is what a table's tree points to. It never changes once it is there.
type row[K comparable, S any] struct {
	k K
	s S
}

// data is a table's trees in one generation.
type data struct {
	gen     uint64
	rows    *tree
	kept    []keeper
	compare any // func(a, b K) int: how keys are ordered, for indexes
}

// keeper is something that follows a table's rows, an index or a tally.
type keeper struct {
	tree *tree // nil while it is put off
	// change brings a tree up to date with a row that was old (*S) and is now (*S),
	// each nil where there is none, under key k (K).
	change func(t *tree, k, old, now any)
	// fill makes the tree of all rows there are.
	fill func(rows *tree) *tree
}

// keyOf is the key of what is in a table's tree, or of a pivot, which is the key itself.
func keyOf[K comparable, S any](item any) *K {
	if r, ok := item.(*row[K, S]); ok {
		return &r.k
	}
	return item.(*K)
}

// New makes an empty table whose keys are ordered by compare. Keys that are
// strings or numbers must be ordered as Go orders them.
func New[K comparable, S any](compare func(a, b K) int) Of[K, S] {
	return Of[K, S]{d: &data{compare: compare, rows: newTree(func(a, b any) bool { return compare(*keyOf[K, S](a), *keyOf[K, S](b)) < 0 })}}
}

// Attach makes the table a part of the world with this journal.
func (t *Of[K, S]) Attach(j *Journal) {
	t.j = j
	t.d.gen = j.gen
}

// Get returns the row of a key.
func (t *Of[K, S]) Get(k K) (S, bool) {
	if r, ok := t.d.rows.get(item{hint(&k), &k}); ok {
		return r.(*row[K, S]).s, true
	}
	var none S
	return none, false
}

// Has says whether there is a row of this key.
func (t *Of[K, S]) Has(k K) bool {
	_, ok := t.d.rows.get(item{hint(&k), &k})
	return ok
}

// Len returns how many rows there are.
func (t *Of[K, S]) Len() int { return t.d.rows.len() }

// All goes through all rows in the order of their keys.
func (t *Of[K, S]) All() iter.Seq2[K, S] {
	rows := t.d.rows
	return func(yield func(K, S) bool) { rows.scan(each(yield)) }
}

// From goes through the rows whose key is k or behind it.
func (t *Of[K, S]) From(k K) iter.Seq2[K, S] {
	rows := t.d.rows
	return func(yield func(K, S) bool) { rows.up(item{hint(&k), &k}, each(yield)) }
}

// Back goes through the rows whose key is k or before it, backwards.
func (t *Of[K, S]) Back(k K) iter.Seq2[K, S] {
	rows := t.d.rows
	return func(yield func(K, S) bool) { rows.down(item{hint(&k), &k}, each(yield)) }
}

func each[K comparable, S any](yield func(K, S) bool) func(any) bool {
	return func(item any) bool {
		r := item.(*row[K, S])
		return yield(r.k, r.s)
	}
}

// Put files a row, in place of the one of that key if there is one.
func (t *Of[K, S]) Put(k K, s S) {
	d := writable(t.j, &t.d)
	now := &row[K, S]{k, s}
	var was *S
	if old, ok := d.rows.set(item{hint(&now.k), now}); ok {
		was = &old.(*row[K, S]).s
	}
	d.follow(&now.k, was, &now.s)
}

// Delete takes a row out. A row that isn't there stays so.
func (t *Of[K, S]) Delete(k K) {
	d := writable(t.j, &t.d)
	old, ok := d.rows.delete(item{hint(&k), &k})
	if !ok {
		return
	}
	d.follow(&k, &old.(*row[K, S]).s, (*S)(nil))
}

// follow tells all that follows the rows that one of them has changed.
func (d *data) follow(k, was, now any) {
	for i := range d.kept {
		if kept := &d.kept[i]; kept.tree != nil {
			kept.change(kept.tree, k, was, now)
		}
	}
}

// Update puts what change makes of the row of k. Without such a row it does
// nothing: an event about what isn't there changes nothing.
func (t *Of[K, S]) Update(k K, change func(*S)) {
	if s, ok := t.Get(k); ok {
		change(&s)
		t.Put(k, s)
	}
}

// writable makes a table's trees its own in this generation.
func writable(j *Journal, at **data) *data {
	if j == nil || !j.folding {
		panic("a table was written outside a fold")
	}
	old := *at
	if old.gen == j.gen {
		return old
	}
	d := &data{gen: j.gen, compare: old.compare, rows: old.rows.copy(), kept: make([]keeper, len(old.kept))}
	for i, kept := range old.kept {
		if kept.tree != nil {
			kept.tree = kept.tree.copy()
		}
		d.kept[i] = kept
	}
	*at = d
	return d
}

// tree is that of an index or tally. One that was put off is made now.
func (d *data) tree(place int) *tree {
	kept := &d.kept[place]
	if kept.tree == nil {
		kept.tree = kept.fill(d.rows)
	}
	return kept.tree
}

// PutOff lets indexes and tallies be until they are asked for, or Settle: to
// fill a table with many rows and then make each at once takes a fraction of the
// time. Until then the table must not be published.
func (t *Of[K, S]) PutOff() {
	for i := range t.d.kept {
		t.d.kept[i].tree = nil
	}
}

// Settle calls each with what remains to be done of what was put off: one
// function for every tree, which may be called side by side.
func (t *Of[K, S]) Settle(each func(func())) {
	d := t.d
	for i := range d.kept {
		if d.kept[i].tree == nil {
			each(func() { d.tree(i) })
		}
	}
}
