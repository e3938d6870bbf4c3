package network

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"skylog/projections/table"
)

// Whatever is taken and freed in whatever order, the spans hold what a plain set
// holds, don't touch each other, and give the lowest free number of a range.
func TestSpansAreWhatASetIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := &table.Journal{}
		s := newSpans(netip.Addr.Compare, netip.Addr.Next, netip.Addr.Prev)
		s.Attach(j)
		j.Folding(true)
		model := map[netip.Addr]bool{}
		address := func(n int) netip.Addr { return netip.AddrFrom4([4]byte{255, 255, 255, byte(224 + n)}) }
		for range rapid.IntRange(0, 120).Draw(t, "steps") {
			a := address(rapid.IntRange(0, 31).Draw(t, "address"))
			if rapid.Bool().Draw(t, "take") {
				s.take("net", a)
				model[a] = true
			} else {
				s.free("net", a)
				delete(model, a)
			}
			s.take("other", a) // another group's numbers don't count
		}
		first, last := rapid.IntRange(0, 31).Draw(t, "first"), rapid.IntRange(0, 31).Draw(t, "last")
		skip := map[netip.Addr]bool{address(rapid.IntRange(0, 31).Draw(t, "skip")): true}
		var want netip.Addr
		for n := first; n <= last && !want.IsValid(); n++ {
			if a := address(n); !model[a] && !skip[a] {
				want = a
			}
		}
		got, ok := s.FirstFree("net", address(first), address(last), skip)
		if got != want || ok != want.IsValid() {
			t.Fatalf("first free of %s to %s is %s (%v), want %s", address(first), address(last), got, ok, want)
		}
		var behind netip.Addr
		for id, span := range s.All() {
			if id.Group != "net" {
				continue
			}
			if behind.IsValid() && id.First == behind {
				t.Fatalf("two spans touch at %s", id.First)
			}
			behind = span.Last.Next()
		}
		for n := range 32 {
			if a := address(n); s.InUse("net", a) != model[a] {
				t.Fatalf("%s in use: %v, want %v", a, !model[a], model[a])
			}
		}
	})
}

func TestFindingAFreeAddressTakesNoLongerInAFullSubnet(t *testing.T) {
	j := &table.Journal{}
	s := newSpans(netip.Addr.Compare, netip.Addr.Next, netip.Addr.Prev)
	s.Attach(j)
	j.Folding(true)
	first, last := netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.255.255.254")
	a := first
	for range 50_000 {
		got, ok := s.FirstFree("net", first, last, nil)
		if !ok || got != a {
			t.Fatalf("got %s, want %s", got, a)
		}
		s.take("net", a)
		a = a.Next()
	}
	if s.Len() != 1 {
		t.Fatalf("%d addresses in a row make %d spans, want 1", 50_000, s.Len())
	}
}
