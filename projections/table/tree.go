package table

import "github.com/tidwall/btree"

// tree is a copy-on-write B-tree of anything. It is one type for all tables on
// purpose: a generic tree would be compiled anew, with its sixty methods, for
// every table and index in every package that knows the world. What is in it
// are pointers to rows or entries, and less knows of which type.
type tree struct {
	items *btree.BTreeG[any]
}

func newTree(less func(a, b any) bool) *tree {
	return &tree{btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})}
}

func (t *tree) get(pivot any) (any, bool)         { return t.items.Get(pivot) }
func (t *tree) set(item any) (any, bool)          { return t.items.Set(item) }
func (t *tree) delete(pivot any) (any, bool)      { return t.items.Delete(pivot) }
func (t *tree) len() int                          { return t.items.Len() }
func (t *tree) copy() *tree                       { return &tree{t.items.Copy()} }
func (t *tree) scan(do func(any) bool)            { t.items.Scan(do) }
func (t *tree) up(pivot any, do func(any) bool)   { t.items.Ascend(pivot, do) }
func (t *tree) down(pivot any, do func(any) bool) { t.items.Descend(pivot, do) }
