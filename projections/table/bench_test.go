package table

import (
	"fmt"
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
