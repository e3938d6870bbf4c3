package cell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	"skylog/handlers"
	"skylog/handlers/compute"
	"skylog/infra/jetstream"
	"skylog/infra/memlog"
	"skylog/projections"
	view "skylog/projections/compute"
)

// onStores runs a test on every kind of store: what holds for the decider must
// hold on each.
func onStores(t *testing.T, test func(t *testing.T, reopen func() Store)) {
	t.Run("in memory", func(t *testing.T) {
		t.Parallel()
		store := memlog.New()
		test(t, func() Store { return store })
	})
	t.Run("on JetStream", func(t *testing.T) {
		t.Parallel()
		test(t, jetstreams(t))
	})
}

type natsStore struct {
	jetstream.Log
	jetstream.Inbox
}

// jetstreams returns a func that (re)starts an embedded server on one folder.
func jetstreams(t testing.TB) func() Store {
	dir := t.TempDir()
	var running *jetstream.Server
	stop := func() {
		if running != nil {
			running.Close()
		}
	}
	t.Cleanup(stop)
	return func() Store {
		stop()
		s, err := jetstream.Start(t.Context(), jetstream.Options{Dir: dir, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		running = s
		if err := jetstream.Setup(t.Context(), s.JS); err != nil {
			t.Fatal(err)
		}
		return natsStore{jetstream.Log{JS: s.JS}, jetstream.Inbox{JS: s.JS}}
	}
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// run opens and runs a cell; stop ends it and waits for it.
func run(t testing.TB, store Store, snapshots string, services ...handlers.Service) (c *Cell, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c, err := Open(ctx, Config{Node: "test", Store: store, Rules: handlers.NewRegistry(append(services, compute.Register)...),
		Snapshots: snapshots, Clock: time.Now, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return c, stop
}

func key(n int) cmd.ImportKeypair {
	return cmd.ImportKeypair{UserID: fmt.Sprintf("user%d", n), Name: "laptop", Type: "ssh", PublicKey: "ssh-ed25519 AAAA"}
}

func TestWhatIsDoneIsReadAtOnce(t *testing.T) {
	onStores(t, func(t *testing.T, reopen func() Store) {
		c, _ := run(t, reopen(), "")
		w, err := c.Do(t.Context(), key(1))
		if err != nil {
			t.Fatal(err)
		}
		if !w.Compute.Keypairs.Has(view.KeypairID{UserID: "user1", Name: "laptop"}) {
			t.Fatal("the world that Do returned lacks what was done")
		}
		_, err = c.Do(t.Context(), key(1))
		if r, ok := commands.Refused(err); !ok || r.Kind != commands.Conflict {
			t.Fatalf("the same key again: %v, want a conflict", err)
		}
	})
}

func TestABatchIsDoneWholeOrNotAtAll(t *testing.T) {
	onStores(t, func(t *testing.T, reopen func() Store) {
		c, _ := run(t, reopen(), "")
		if _, err := c.Do(t.Context(), key(1), key(2), key(1)); err == nil {
			t.Fatal("a batch with a refused command was granted")
		}
		if n := c.Now().Compute.Keypairs.Len(); n != 0 {
			t.Fatalf("%d keys of a refused batch stayed", n)
		}
		w, err := c.Do(t.Context(), key(1), key(2))
		if err != nil {
			t.Fatal(err)
		}
		if n := w.Compute.Keypairs.Len(); n != 2 {
			t.Fatalf("%d keys, want 2", n)
		}
	})
}

func TestACommandSentTwiceIsDoneOnce(t *testing.T) {
	onStores(t, func(t *testing.T, reopen func() Store) {
		c, _ := run(t, reopen(), "")
		ctx := commands.With(t.Context(), commands.Caller{UserID: "u", ProjectID: "p", Keyed: true,
			CommandID: "018f0000-0000-7000-8000-000000000001", BodyHash: "one"})
		for range 3 {
			if _, err := c.Do(ctx, key(1)); err != nil {
				t.Fatal(err)
			}
		}
		other := commands.With(t.Context(), commands.Caller{UserID: "u", ProjectID: "p", Keyed: true,
			CommandID: "018f0000-0000-7000-8000-000000000001", BodyHash: "two"})
		if _, err := c.Do(other, key(1)); err == nil {
			t.Fatal("the same key with another body was granted")
		} else if r, _ := commands.Refused(err); r == nil || r.Kind != commands.Mismatch {
			t.Fatalf("%v, want a mismatch", err)
		}
		if _, err := c.Do(ctx, key(1)); err != nil {
			t.Fatalf("the first outcome was forgotten after a mismatch: %v", err)
		}
	})
}

// boom is decided by a panic, or folds into one.
type boom struct{ Name string }

func (boom) CommandType() string { return "test.boom" }

func TestAPanickingDeciderBreaksItsCommandOnly(t *testing.T) {
	panics := func(r *handlers.Registry) {
		handlers.On(r, func(w *projections.World, c boom) (e []events.Event, err error) {
			w.Compute.Keypairs.Delete(view.KeypairID{UserID: "user1", Name: "laptop"}) // a decider must not write, and can't
			return nil, nil
		})
	}
	onStores(t, func(t *testing.T, reopen func() Store) {
		c, _ := run(t, reopen(), "", panics)
		var group sync.WaitGroup
		var broken atomic.Int64
		for i := range 50 {
			group.Go(func() {
				if i%10 == 0 {
					if _, err := c.Do(t.Context(), key(1000+i), boom{}); errors.Is(err, commands.ErrBroken) {
						broken.Add(1)
					}
					return
				}
				if _, err := c.Do(t.Context(), key(i)); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if broken.Load() != 5 || c.Now().Compute.Keypairs.Len() != 45 {
			t.Fatalf("%d broke and %d keys are there, want 5 and 45", broken.Load(), c.Now().Compute.Keypairs.Len())
		}
	})
}

func TestARestartGoesOnWhereItEnded(t *testing.T) {
	onStores(t, func(t *testing.T, reopen func() Store) {
		dir := filepath.Join(t.TempDir(), "snapshots")
		hashes := map[string]bool{}
		for round := range 3 {
			c, stop := run(t, reopen(), dir)
			if n := c.Now().Compute.Keypairs.Len(); n != round*20 {
				t.Fatalf("round %d starts with %d keys, want %d", round, n, round*20)
			}
			var group sync.WaitGroup
			for i := range 20 {
				group.Go(func() {
					if _, err := c.Do(t.Context(), key(round*20+i)); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			stop()
			if round > 0 && c.Loaded.Snapshot == 0 {
				t.Fatal("the snapshot was not used")
			}
			hash, err := c.Now().StateHash()
			if err != nil {
				t.Fatal(err)
			}
			hashes[hash] = true
		}
		found, err := Verify(t.Context(), reopen(), dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !hashes[found.Hash] || len(found.Snapshots) != 3 {
			t.Fatalf("verified %+v, which none of the rounds ended with", found)
		}
	})
}

func TestAHostSpeaksForNobodyElse(t *testing.T) {
	store := memlog.New()
	c, _ := run(t, store, "")
	at := time.Now().UTC()
	forged, err := commands.Seal("018f0000-0000-7000-8000-000000000002", commands.Caller{Origin: "api.test"}, at, []commands.Command{key(1)})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal([]commands.Envelope{forged})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Put(t.Context(), "host.evil", "forged", data); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), key(2)); err != nil { // decided behind it
		t.Fatal(err)
	}
	outcome, err := c.Outcome(t.Context(), forged.ID)
	if err != nil || outcome.Refused == nil || outcome.Caller.Origin != "host.evil" {
		t.Fatalf("a host's forged origin: %+v, %v; want it refused as the host's own", outcome, err)
	}
}

func TestANearlyFullDiskLetsInWhatMakesRoom(t *testing.T) {
	c, _ := run(t, memlog.New(), "")
	if _, err := c.Do(t.Context(), key(1)); err != nil {
		t.Fatal(err)
	}
	c.Full = func() bool { return true }
	if _, err := c.Do(t.Context(), key(2)); !errors.Is(err, commands.ErrFull) {
		t.Fatalf("a wish on a full disk: %v, want that it is full", err)
	}
	for who, caller := range map[string]commands.Caller{"an administrator": {Admin: true}, "a host": {Origin: "cell"}} {
		if _, err := c.Do(commands.With(t.Context(), caller), key(len(who))); err != nil {
			t.Errorf("%s on a full disk: %v", who, err)
		}
	}
	if _, err := c.Do(t.Context(), cmd.DeleteKeypair{UserID: "user1", Name: "laptop"}); err != nil {
		t.Errorf("a delete on a full disk: %v", err)
	}
}

func TestADeciderThatWasReplacedStops(t *testing.T) {
	onStores(t, func(t *testing.T, reopen func() Store) {
		store := reopen()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		open := func() (*Cell, chan error) {
			c, err := Open(ctx, Config{Node: "test", Store: store, Rules: handlers.NewRegistry(compute.Register), Clock: time.Now, Logger: quiet})
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- c.Run(ctx) }()
			return c, done
		}
		old, oldDone := open()
		if _, err := old.Do(ctx, key(1)); err != nil {
			t.Fatal(err)
		}
		young, _ := open()
		<-young.Led()
		if _, err := young.Do(ctx, key(2)); err != nil {
			t.Fatal(err)
		}
		if err := <-oldDone; !errors.Is(err, handlers.ErrFenced) {
			t.Fatalf("the old decider ended with %v, want that it was fenced", err)
		}
	})
}

func TestALostAcknowledgementDoesNoHarm(t *testing.T) {
	store := memlog.New()
	n := 0
	store.LoseAck = func() bool { n++; return n%3 == 0 }
	c, stop := run(t, store, "")
	for i := range 30 {
		if _, err := c.Do(t.Context(), key(i)); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if _, err := Verify(t.Context(), store, "", nil); err != nil {
		t.Fatal(err)
	}
	if got := c.Now().Compute.Keypairs.Len(); got != 30 {
		t.Fatalf("%d keys, want 30", got)
	}
}

// BenchmarkDo is how soon and how fast commands are durable. What a user waits
// is told by quantiles: their mean would hide the flushes of the disk.
func BenchmarkDo(b *testing.B) {
	for _, callers := range []int{1, 16, 128, 1024} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			c, _ := run(b, jetstreams(b)(), "")
			took := make([]time.Duration, b.N)
			var next atomic.Int64
			var group sync.WaitGroup
			before := processTime(b)
			b.ResetTimer()
			for range callers {
				group.Go(func() {
					for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
						began := time.Now()
						if _, err := c.Do(b.Context(), key(i)); err != nil {
							b.Error(err)
						}
						took[i] = time.Since(began)
					}
				})
			}
			group.Wait()
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
			b.ReportMetric(float64(took[b.N/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[b.N*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64((processTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// processTime is how much processor time this process has used.
func processTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
