package workers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"skylog/events"
	"skylog/projections"
)

func TestWhatWaitsIsWrittenLessOftenWhereItTakesLong(t *testing.T) {
	for _, c := range []struct{ took, want time.Duration }{
		{0, flushEvery}, {time.Millisecond, flushEvery}, {time.Second, flushShare * time.Second}, {time.Minute, flushMost},
	} {
		if got := pause(c.took); got != c.want {
			t.Errorf("behind a flush of %s the pause is %s, want %s", c.took, got, c.want)
		}
	}
}

// outbox remembers what was written.
type outbox struct {
	mu    sync.Mutex
	wants []string
	wrote chan struct{}
}

func (o *outbox) Write(_ context.Context, wants []Want) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, w := range wants {
		o.wants = append(o.wants, w.ID)
	}
	if len(wants) > 0 {
		o.wrote <- struct{}{}
	}
	return nil
}

// happened is an event about things: those of soon at once, all others later.
type happened struct{ soon, later []string }

func (happened) EventType() string { return "test.happened" }

func TestWhatMayWaitIsWrittenOnceBehindWhatCannot(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, w := &outbox{wrote: make(chan struct{}, 10)}, projections.New().Publish()
	d := &Dispatcher{Now: func() *projections.World { return w }, Clock: time.Now, Outbox: out,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Frames: func(ctx context.Context, _ uint64, do func(events.Decoded) error) error {
			for range 3 {
				e := happened{soon: []string{"now"}, later: []string{"b", "a", "b"}}
				if err := do(events.Decoded{Facts: [][]events.Event{{e}}}); err != nil {
					return err
				}
			}
			<-ctx.Done()
			return ctx.Err()
		},
		Sources: []Source{{
			All:    func(*projections.World, func(string) bool) {},
			Forget: func(events.Event) (Want, bool) { return Want{}, false },
			Of:     func(_ *projections.World, id string) ([]Want, error) { return []Want{{ID: id}}, nil },
			Touched: func(_ *projections.World, e events.Event, emit func(string, bool)) {
				for _, id := range e.(happened).soon {
					emit(id, true)
				}
				for _, id := range e.(happened).later {
					emit(id, false)
				}
			},
		}}}
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	for range 4 { // three frames and a flush
		select {
		case <-out.wrote:
		case <-time.After(10 * time.Second):
			t.Fatal("the wants were not written")
		}
	}
	cancel()
	<-done
	if got := fmt.Sprint(out.wants); got != "[now now now b a]" {
		t.Fatalf("written were %s, want what can't wait three times and then the rest once, as it came", got)
	}
}

// clogged is an outbox that fails a few times before it takes anything.
type clogged struct {
	outbox
	fails int
}

func (c *clogged) Write(ctx context.Context, wants []Want) error {
	if c.fails--; c.fails >= 0 {
		return errors.New("no answer")
	}
	return c.outbox.Write(ctx, wants)
}

func TestADispatcherOutlivesAnOutboxThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := projections.New().Publish()
		out := &clogged{outbox: outbox{wrote: make(chan struct{}, 10)}, fails: 12}
		d := &Dispatcher{Now: func() *projections.World { return w }, Clock: time.Now, Outbox: out,
			Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
			Frames: func(ctx context.Context, _ uint64, do func(events.Decoded) error) error {
				if err := do(events.Decoded{Facts: [][]events.Event{{happened{soon: []string{"now"}}}}}); err != nil {
					return err
				}
				<-ctx.Done()
				return ctx.Err()
			},
			Sources: []Source{{
				Touched: func(_ *projections.World, e events.Event, emit func(string, bool)) { emit("now", true) },
				Of: func(_ *projections.World, id string) ([]Want, error) {
					return []Want{{Host: "h", Kind: "k", ID: id, Data: []byte("{}")}}, nil
				},
				Forget: func(events.Event) (Want, bool) { return Want{}, false },
				All:    func(*projections.World, func(string) bool) {},
			}},
		}
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		select {
		case <-out.wrote:
		case err := <-ended:
			t.Fatalf("it ended with %v", err)
		case <-time.After(5 * time.Minute):
			t.Fatal("what could not be written at first was never written")
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	})
}
