package projections_test

import (
	"strings"
	"testing"

	"skylog/projections"
)

// maxFuzzed bounds how many events one input makes.
const maxFuzzed = 400

// fuzzService folds events of one service in whatever order the input says, two
// bytes an event: its type, and which things it is about. Nothing may panic, the
// same events must lead to the same state, and a snapshot must keep all of it.
func fuzzService(f *testing.F, service string) {
	var types []string
	for _, wire := range wireNames() {
		if strings.HasPrefix(wire, service+".") {
			types = append(types, wire)
		}
	}
	if len(types) < 5 {
		f.Fatalf("only %d types of events in %s", len(types), service)
	}
	var each, backwards []byte
	for i := range types {
		each = append(each, byte(i), 1, byte(i), 2)
		backwards = append(backwards, byte(len(types)-1-i), 2, byte(len(types)-1-i), 1, byte(i), 0)
	}
	f.Add(each)
	f.Add(backwards)
	f.Add(append(append(each, backwards...), each...))
	f.Fuzz(func(t *testing.T, input []byte) {
		if len(input) > 2*maxFuzzed {
			input = input[:2*maxFuzzed]
		}
		one, other := projections.New(), projections.New()
		for i := 0; i+1 < len(input); i += 2 {
			e := sample(t, types[int(input[i])%len(types)], input[i+1]%4)
			fold(one, uint64(i/2+1), e)
			one.Publish()
			fold(other, uint64(i/2+1), e)
		}
		a, err := one.Publish().StateHash()
		if err != nil {
			t.Fatal(err)
		}
		b, err := other.Publish().StateHash()
		if err != nil {
			t.Fatal(err)
		}
		if a != b {
			t.Errorf("the same events lead to state %s and to %s", a, b)
		}
		checkSnapshot(t, one)
	})
}

func FuzzIdentityEvents(f *testing.F) { fuzzService(f, "identity") }
func FuzzImageEvents(f *testing.F)    { fuzzService(f, "image") }
func FuzzNetworkEvents(f *testing.F)  { fuzzService(f, "network") }
func FuzzComputeEvents(f *testing.F)  { fuzzService(f, "compute") }
