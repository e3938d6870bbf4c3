package jetstream

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"skylog/workers"
)

// tries is a worker that notes what it was given.
type tries struct {
	mu    sync.Mutex
	count map[string]int
	ended map[string]error // what failed for good
	over  chan string
}

func (t *tries) note(data string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count[data]++
	return t.count[data]
}

var (
	errPassing   = errors.New("it will pass")
	errPermanent = errors.New("it can never be, for a secret reason")
)

// handle does "flaky" the third time and "well" at once; "never" never, and "panic" panics once.
func (t *tries) handle() workers.Handle {
	return workers.Handle{
		Do: func(_ context.Context, data []byte) error {
			switch n := t.note(string(data)); {
			case string(data) == "never":
				return errPermanent
			case string(data) == "panic" && n == 1:
				panic("once")
			case string(data) == "flaky" && n < 3:
				return errPassing
			}
			t.over <- string(data)
			return nil
		},
		Failed: func(_ context.Context, data []byte, why error) error {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.ended[string(data)] = why
			return nil
		},
		Permanent: func(err error) bool { return errors.Is(err, errPermanent) },
	}
}

func TestARunnerTriesAgainAndKeepsDeadLetters(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var batch []workers.Want
	for _, what := range []string{"well", "flaky", "never", "panic"} {
		batch = append(batch, workers.Want{Host: "h", Kind: "server", ID: what, Data: []byte(what)})
	}
	if err := (&Outbox{JS: s.JS}).Write(ctx, batch); err != nil {
		t.Fatal(err)
	}
	work := &tries{count: map[string]int{}, ended: map[string]error{}, over: make(chan string, 10)}
	runner := &workers.Runner{Dead: DeadLetters{JS: s.JS}, Logger: slog.New(slog.DiscardHandler),
		Wants: &Wants{JS: s.JS, Kinds: []string{"server"}, Parallel: 4, Resync: time.Hour}}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(running, "test", "*", work.handle()) }()
	for done := map[string]bool{}; len(done) < 3; {
		select {
		case what := <-work.over:
			done[what] = true
		case <-ctx.Done():
			t.Fatalf("only %v were done", done)
		}
	}
	letter := deadLetter(ctx, t, s)
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the runner ended with %v", err)
	}
	work.mu.Lock()
	defer work.mu.Unlock()
	for what, times := range map[string]int{"well": 1, "flaky": 3, "never": 1, "panic": 2} {
		if work.count[what] != times {
			t.Errorf("%s was tried %d times, want %d", what, work.count[what], times)
		}
	}
	if len(work.ended) != 1 || !errors.Is(work.ended["never"], errPermanent) {
		t.Errorf("failed for good: %v, want only what can never be", work.ended)
	}
	if letter.Get("Want") != "want.h.server.never" || !strings.Contains(letter.Get("Reason"), "can never be") {
		t.Errorf("the dead letter says %v", letter)
	}
}

// deadLetter waits for one in the stream, and wants it to hold no want.
func deadLetter(ctx context.Context, t *testing.T, s *Server) nats.Header {
	t.Helper()
	stream, err := s.JS.Stream(ctx, DLQ)
	if err != nil {
		t.Fatal(err)
	}
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		m, err := stream.GetLastMsgForSubject(ctx, workers.DeadTopic)
		if err == nil {
			tick.Stop()
			if len(m.Data) > 0 {
				t.Errorf("the dead letter holds %q", m.Data)
			}
			return m.Header
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("no dead letter came: %v", err)
		}
	}
}
