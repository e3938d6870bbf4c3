package jetstream

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"skylog/workers"
)

func embedded(t *testing.T) *Server {
	t.Helper()
	s, err := Start(t.Context(), Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := Setup(t.Context(), s.JS); err != nil {
		t.Fatal(err)
	}
	return s
}

func want(id string, generation int) workers.Want {
	return workers.Want{Host: "h", Kind: "server", ID: id, Data: fmt.Appendf(nil, `{"Generation":%d}`, generation)}
}

func TestTheNewerOfTwoDispatchersWantsStays(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	older, newer := &Outbox{JS: s.JS}, &Outbox{JS: s.JS}
	expect := func(what string, generation uint64) {
		t.Helper()
		seq, got, err := older.stored(t.Context(), "want.h.server.a")
		if err != nil || (seq == 0) != (generation == 0) || got != generation {
			t.Fatalf("%s: generation %d, want %d: %v", what, got, generation, err)
		}
	}
	write := func(o *Outbox, w workers.Want) {
		t.Helper()
		if err := o.Write(t.Context(), []workers.Want{w}); err != nil {
			t.Fatal(err)
		}
	}
	write(older, want("a", 1))
	write(older, want("a", 2))
	write(newer, want("a", 5))
	expect("the newer dispatcher's first", 5)
	write(older, want("a", 3))
	expect("the older one's, late", 5)
	write(older, workers.Want{Host: "h", Kind: "server", ID: "a", Generation: 4})
	expect("the older one forgets it", 5)
	write(older, want("a", 6))
	expect("when the older one is ahead", 6)
	write(newer, workers.Want{Host: "h", Kind: "server", ID: "a", Generation: 7})
	expect("forgotten", 0)
	write(older, want("a", 8))
	expect("wanted again", 8)
}

func TestManyWritersLeaveTheNewestWantOfEachThing(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	var group sync.WaitGroup
	for writer := range 3 {
		o := &Outbox{JS: s.JS}
		group.Go(func() {
			for generation := range 30 {
				var batch []workers.Want
				for thing := range 5 {
					batch = append(batch, want(fmt.Sprint(thing), 1+generation*3+writer))
				}
				if err := o.Write(t.Context(), batch); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	for thing := range 5 {
		if _, generation, err := (&Outbox{JS: s.JS}).stored(t.Context(), fmt.Sprintf("want.h.server.%d", thing)); err != nil || generation != 90 {
			t.Errorf("thing %d is left at generation %d, want 90: %v", thing, generation, err)
		}
	}
}
