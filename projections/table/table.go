package table

import (
	"iter"

	"github.com/tidwall/btree"
)

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
	d *data[K, S]
}

type row[K comparable, S any] struct {
	k K
	s *S // never changes once it is here
}

type data[K comparable, S any] struct {
	gen     uint64
	compare func(a, b K) int
	rows    *btree.BTreeG[row[K, S]]
	kept    []keeper[K, S]
}

// keeper is something that follows a table's rows: an index or a tally.
type keeper[K comparable, S any] interface {
	change(k K, old, now *S)
	clone() keeper[K, S]
}

// New makes an empty table whose keys are ordered by compare.
func New[K comparable, S any](compare func(a, b K) int) Of[K, S] {
	less := func(a, b row[K, S]) bool { return compare(a.k, b.k) < 0 }
	return Of[K, S]{d: &data[K, S]{
		compare: compare,
		rows:    btree.NewBTreeGOptions(less, btree.Options{NoLocks: true}),
	}}
}

// Attach makes the table a part of the world with this journal.
func (t *Of[K, S]) Attach(j *Journal) {
	t.j = j
	t.d.gen = j.gen
}

// Get returns the row of a key.
func (t *Of[K, S]) Get(k K) (S, bool) {
	if r, ok := t.d.rows.Get(row[K, S]{k: k}); ok {
		return *r.s, true
	}
	var none S
	return none, false
}

// Has says whether there is a row of this key.
func (t *Of[K, S]) Has(k K) bool {
	_, ok := t.d.rows.Get(row[K, S]{k: k})
	return ok
}

// Len returns how many rows there are.
func (t *Of[K, S]) Len() int { return t.d.rows.Len() }

// All goes through all rows in the order of their keys.
func (t *Of[K, S]) All() iter.Seq2[K, S] {
	rows := t.d.rows
	return func(yield func(K, S) bool) {
		rows.Scan(func(r row[K, S]) bool { return yield(r.k, *r.s) })
	}
}

// From goes through the rows whose key is k or behind it.
func (t *Of[K, S]) From(k K) iter.Seq2[K, S] {
	rows := t.d.rows
	return func(yield func(K, S) bool) {
		rows.Ascend(row[K, S]{k: k}, func(r row[K, S]) bool { return yield(r.k, *r.s) })
	}
}

// Back goes through the rows whose key is k or before it, backwards.
func (t *Of[K, S]) Back(k K) iter.Seq2[K, S] {
	rows := t.d.rows
	return func(yield func(K, S) bool) {
		rows.Descend(row[K, S]{k: k}, func(r row[K, S]) bool { return yield(r.k, *r.s) })
	}
}

// Put files a row, in place of the one of that key if there is one.
func (t *Of[K, S]) Put(k K, s S) {
	d := t.writable()
	old, _ := d.rows.Set(row[K, S]{k: k, s: &s})
	for _, kept := range d.kept {
		kept.change(k, old.s, &s)
	}
}

// Delete takes a row out. A row that isn't there stays so.
func (t *Of[K, S]) Delete(k K) {
	d := t.writable()
	old, ok := d.rows.Delete(row[K, S]{k: k})
	if !ok {
		return
	}
	for _, kept := range d.kept {
		kept.change(k, old.s, nil)
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

func (t *Of[K, S]) writable() *data[K, S] {
	if t.j == nil || !t.j.folding {
		panic("a table was written outside a fold")
	}
	if t.d.gen != t.j.gen {
		d := &data[K, S]{gen: t.j.gen, compare: t.d.compare, rows: t.d.rows.Copy(), kept: make([]keeper[K, S], len(t.d.kept))}
		for i, kept := range t.d.kept {
			d.kept[i] = kept.clone()
		}
		t.d = d
	}
	return t.d
}
