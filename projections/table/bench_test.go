package table

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// BenchmarkPut puts rows of which many are found under the same value, as the
// servers of a project are.
func BenchmarkPut(b *testing.B) {
	t := newThings()
	t.j.Folding(true)
	b.ReportAllocs()
	for i := range b.N {
		t.Put(fmt.Sprintf("%08d", i*7919%100_000_000), thing{Owner: "x", Size: i})
	}
}

// BenchmarkPublish puts rows with a few random values each into a large table,
// and publishes it every fifty.
func BenchmarkPublish(b *testing.B) {
	t := &things{j: &Journal{}, Of: New[string, thing](strings.Compare)}
	for i := range 6 {
		By(&t.Of, strings.Compare, func(s *thing, emit func(string)) { emit(s.Owner[i:]) })
	}
	t.Attach(t.j)
	t.j.Folding(true)
	random := rand.New(rand.NewPCG(1, 2))
	put := func() {
		id := fmt.Sprintf("%016x%016x", random.Uint64(), random.Uint64())
		t.Put(id, thing{Owner: id[16:] + id})
	}
	for range 50_000 {
		put()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if put(); i%50 == 0 {
			t.j.Freeze()
		}
	}
}
