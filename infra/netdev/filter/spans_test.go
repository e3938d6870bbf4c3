package filter

import (
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSpansHoldTheSameAddressesAndNeverTouch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []netip.Prefix
		for range rapid.IntRange(1, 12).Draw(t, "n") {
			last := byte(rapid.IntRange(0, 255).Draw(t, "byte"))
			all = append(all, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, last}), rapid.IntRange(24, 32).Draw(t, "bits")))
		}
		got := spans(all)
		for i := 1; i < len(got); i++ {
			if touches(got[i-1], got[i]) {
				t.Fatalf("%v touches %v", got[i-1], got[i])
			}
		}
		for i := range 256 {
			a := netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})
			want := slices.ContainsFunc(all, func(p netip.Prefix) bool { return p.Contains(a) })
			have := slices.ContainsFunc(got, func(s span) bool { return !a.Less(s.first) && !s.last.Less(a) })
			if want != have {
				t.Fatalf("%s: in %v %v, in %v %v", a, all, want, got, have)
			}
		}
	})
}

func TestSpansReachTheLastAddress(t *testing.T) {
	got := spans([]netip.Prefix{netip.MustParsePrefix("128.0.0.0/1"), netip.MustParsePrefix("0.0.0.0/0")})
	if len(got) != 1 || got[0].first.String() != "0.0.0.0" || got[0].last.String() != "255.255.255.255" {
		t.Errorf("%v", got)
	}
}
