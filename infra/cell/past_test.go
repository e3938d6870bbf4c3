package cell

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/projections"
	"skylog/projections/public"
)

// lived runs a cell through some hundred commands, with a snapshot halfway, and
// returns it with the hash of each of its worlds as folded from the first frame.
func lived(t *testing.T) (*Cell, map[uint64]string) {
	t.Helper()
	store, dir := jetstreams(t)(), t.TempDir()
	c, stop := run(t, store, dir)
	const half = 90
	luck := rand.New(rand.NewPCG(1, 2))
	for i := range 2 * half {
		if i == half {
			stop()
			c, stop = run(t, store, dir)
			t.Cleanup(stop)
		}
		n := luck.IntN(20)
		do := commands.Command(key(n))
		if luck.IntN(3) == 0 {
			do = cmd.DeleteKeypair{UserID: key(n).UserID, Name: key(n).Name}
		}
		if _, err := c.Do(t.Context(), do); err != nil {
			if _, refused := commands.Refused(err); !refused {
				t.Fatal(err)
			}
		}
	}
	if len(Snapshots(dir)) == 0 {
		t.Fatal("there is no snapshot to begin with")
	}
	hashes, w := map[uint64]string{}, projections.New()
	if err := replay(t.Context(), store, w, func(seq uint64) (err error) {
		hashes[seq], err = w.StateHash()
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return c, hashes
}

func TestEveryWorldOfThePastIsWhatTheLogSays(t *testing.T) {
	t.Parallel()
	c, hashes := lived(t)
	p := &Pasts{Cell: c}
	var side sync.WaitGroup
	for g := range 4 {
		side.Go(func() {
			luck := rand.New(rand.NewPCG(3, uint64(g)))
			for range 100 / 4 {
				seq := 1 + luck.Uint64N(uint64(len(hashes)))
				w, err := p.World(t.Context(), seq)
				if err != nil {
					t.Error(err)
					return
				}
				if hash, err := w.StateHash(); err != nil || hash != hashes[seq] || w.Seq != seq {
					t.Errorf("as of %d the world is that of %d, %s (%v), but the log says %s", seq, w.Seq, hash, err, hashes[seq])
				}
			}
		})
	}
	side.Wait()
	if len(p.worlds) > maxPasts || len(p.heads) > maxHeads || len(p.heads) == 0 {
		t.Errorf("%d worlds and %d heads are kept", len(p.worlds), len(p.heads))
	}
}

func TestAWorldThatWasNotDoneInTimeIsGoneOnWith(t *testing.T) {
	t.Parallel()
	c, hashes := lived(t)
	p := &Pasts{Cell: c}
	short, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.World(short, uint64(len(hashes)-1)); !errors.Is(err, context.Canceled) {
		t.Fatalf("a request that was over got %v", err)
	}
	head := projections.New()
	head.PutOff()
	if err := foldTo(t.Context(), c.Store, head, 20); err != nil {
		t.Fatal(err)
	}
	p.heads = []*projections.World{head} // folded so far, and never shown
	w, err := p.World(t.Context(), 50)
	if err != nil {
		t.Fatal(err)
	}
	if hash, _ := w.StateHash(); hash != hashes[50] {
		t.Error("what was folded on isn't what the log says")
	}
	if p.heads[0] != head {
		t.Error("the head that was there was not gone on with")
	}
}

func TestPlacesInTheLogAreFoundByThoseWhoMayNameThem(t *testing.T) {
	t.Parallel()
	c, hashes := lived(t)
	p := &Pasts{Cell: c, IDs: testIDs}
	last := c.Now().Seq
	admin, ada := public.Reader{All: true}, public.Reader{ProjectID: "p", UserID: "ada"}
	at30, err := p.timeOf(t.Context(), 30)
	if err != nil {
		t.Fatal(err)
	}
	hers, err := testIDs.Seal(ada, public.Position{Seq: 30})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, one := range []struct {
		reader public.Reader
		place  string
		seq    uint64
		shown  string
		err    error
	}{
		{admin, "30", 30, "30", nil},
		{admin, at30.Format(time.RFC3339Nano), 30, "30", nil},
		{ada, at30.Format(time.RFC3339Nano), 30, at30.Format(time.RFC3339Nano), nil},
		{ada, hers, 30, hers, nil},
		{ada, now.Format(time.RFC3339Nano), last, now.UTC().Format(time.RFC3339Nano), nil},
		{public.Reader{ProjectID: "q"}, hers, 0, "", public.ErrNoPlace},
		{ada, "30", 0, "", public.ErrNoPlace},
		{ada, "yesterday", 0, "", public.ErrNoPlace},
		{admin, "-1", 0, "", public.ErrNoPlace},
		{admin, strconv.FormatUint(last+1, 10), 0, "", public.ErrFuture},
		{ada, now.Add(time.Hour).Format(time.RFC3339), 0, "", public.ErrFuture},
		{admin, "0", 0, "", public.ErrTooOld},
		{ada, "1999-12-31T23:59:59Z", 0, "", public.ErrTooOld},
	} {
		w, shown, err := p.At(t.Context(), one.reader, one.place)
		if !errors.Is(err, one.err) || shown != one.shown {
			t.Errorf("%v at %s: %q, %v; want %q, %v", one.reader, one.place, shown, err, one.shown, one.err)
			continue
		}
		if err != nil {
			continue
		}
		if hash, _ := w.StateHash(); !sameTime(t, p, w.Seq, one.seq) || hash != hashes[w.Seq] {
			t.Errorf("%v at %s: the world of frame %d, want %d", one.reader, one.place, w.Seq, one.seq)
		}
	}
}

// sameTime says whether two frames are one, or of one time, which frames may have.
func sameTime(t *testing.T, p *Pasts, a, b uint64) bool {
	t.Helper()
	one, err := p.timeOf(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	other, err := p.timeOf(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return one.Equal(other)
}

func TestARehearsalShowsWhatWouldBeAndStoresNothing(t *testing.T) {
	t.Parallel()
	c, stop := run(t, jetstreams(t)(), "")
	defer stop()
	if _, err := c.Do(t.Context(), key(1)); err != nil {
		t.Fatal(err)
	}
	before := c.Now()
	r := &commands.Rehearsal{}
	try := func(cs ...commands.Command) (*projections.World, error) {
		ctx := commands.With(t.Context(), commands.Caller{UserID: "user1", Rehearsal: r, CommandID: fmt.Sprintf("00000000-0000-4000-8000-%012d", len(r.Asked))})
		return c.Do(ctx, cs...)
	}
	w, err := try(key(2))
	if err != nil || w.Compute.Keypairs.Len() != 2 {
		t.Fatalf("the tried world has %d keys (%v)", w.Compute.Keypairs.Len(), err)
	}
	if w, err = try(key(3)); err != nil || w.Compute.Keypairs.Len() != 3 {
		t.Fatalf("a second batch isn't decided on the first: %d keys (%v)", w.Compute.Keypairs.Len(), err)
	}
	if _, err := try(key(4), key(1)); err == nil {
		t.Error("a key that is there was imported again")
	}
	if len(r.Facts) != 2 || r.Facts[1].EventType() != "compute.keypair.imported" {
		t.Errorf("it would cause %v", r.Facts)
	}
	if now := c.Now(); now != before || now.Compute.Keypairs.Len() != 1 {
		t.Errorf("a rehearsal left something behind: frame %d, then %d", before.Seq, now.Seq)
	}
	if _, err := c.Do(t.Context(), key(2)); err != nil {
		t.Errorf("what was rehearsed can't be done: %v", err)
	}
	if last, err := c.Store.Last(t.Context()); err != nil || last != before.Seq+1 {
		t.Errorf("the log ends at %d (%v), want %d", last, err, before.Seq+1)
	}
}
