package table

import (
	"encoding/binary"

	"github.com/google/uuid"
	"github.com/tidwall/btree"
)

// tree is a copy-on-write B-tree of anything. It is one type for all tables on
// purpose: a generic tree would be compiled anew, with its sixty methods, for
// every table and index in every package that knows the world. What is in it
// are pointers to rows or entries, and less knows of which type.
type tree struct {
	items *btree.BTreeG[item]
}

// item is what a tree holds, with the beginning of what it is ordered by: most
// comparisons end there, without going to see what of points to.
type item struct {
	hint uint64
	of   any
}

// degree is half of how many items a node holds: what a write copies. With fewer,
// trees are deeper; with more, each write of a generation copies more.
const degree = 16

func newTree(less func(a, b any) bool) *tree {
	return &tree{btree.NewBTreeGOptions(func(a, b item) bool {
		if a.hint != b.hint {
			return a.hint < b.hint
		}
		return less(a.of, b.of)
	}, btree.Options{NoLocks: true, Degree: degree})}
}

func (t *tree) get(pivot item) (any, bool) {
	found, ok := t.items.Get(pivot)
	return found.of, ok
}

func (t *tree) set(i item) (any, bool) {
	old, ok := t.items.Set(i)
	return old.of, ok
}

// load is set, quick where the item belongs behind all others.
func (t *tree) load(i item) (any, bool) {
	old, ok := t.items.Load(i)
	return old.of, ok
}

func (t *tree) delete(pivot item) (any, bool) {
	old, ok := t.items.Delete(pivot)
	return old.of, ok
}

func (t *tree) len() int    { return t.items.Len() }
func (t *tree) copy() *tree { return &tree{t.items.Copy()} }

func (t *tree) scan(do func(any) bool) {
	t.items.Scan(func(i item) bool { return do(i.of) })
}

func (t *tree) up(pivot item, do func(any) bool) {
	t.items.Ascend(pivot, func(i item) bool { return do(i.of) })
}

func (t *tree) down(pivot item, do func(any) bool) {
	t.items.Descend(pivot, func(i item) bool { return do(i.of) })
}

// Hinter is a key, or a value to find rows by, that knows the beginning of its
// place in the order: where a's hint is less than b's, a must come before b.
// Those of strings and numbers are known; they must be ordered as Go does.
type Hinter interface{ Hint() uint64 }

// Prefix is the hint of a string: its first eight bytes.
func Prefix(s string) uint64 {
	if len(s) >= 8 {
		return binary.BigEndian.Uint64([]byte(s[:8]))
	}
	var b [8]byte
	copy(b[:], s)
	return binary.BigEndian.Uint64(b[:])
}

// Signed is the hint of a number.
func Signed(n int64) uint64 { return uint64(n) ^ 1<<63 }

// Within is the hint of a value within a scope, in order of scopes and then
// values. Those of the empty scope, which may be many, are told from each other. No
// scope may begin with a zero byte.
func Within(scope string, value uint64) uint64 {
	if scope == "" {
		return value >> 8 // below the prefix of any string
	}
	return Prefix(scope)
}

// hint is that of any value; without a better one all have the same.
func hint[T any](v *T) uint64 {
	switch v := any(v).(type) {
	case *string:
		return Prefix(*v)
	case *int64:
		return Signed(*v)
	case *uuid.UUID:
		return binary.BigEndian.Uint64(v[:8])
	case *[2]string:
		return Prefix(v[0])
	case Hinter:
		return v.Hint()
	}
	return 0
}
