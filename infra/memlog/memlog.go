// Package memlog is the decider's log and inbox in memory, for tests and
// simulations: what JetStream promises, without a disk. It can be told to lose
// acknowledgements and to fence.
package memlog

import (
	"context"
	"sync"

	"skylog/handlers"
)

// Store is a log and an inbox that live as long as it does.
type Store struct {
	mu     sync.Mutex
	frames [][]byte
	inbox  []handlers.Message
	seen   map[string]bool
	wake   chan struct{}
	// LoseAck is asked before each append's acknowledgement; true stores the
	// frame and says that it isn't known whether it was stored.
	LoseAck func() bool
}

// New makes an empty store.
func New() *Store { return &Store{seen: map[string]bool{}, wake: make(chan struct{})} }

// Append implements handlers.Log.
func (s *Store) Append(_ context.Context, frame []byte, last uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if uint64(len(s.frames)) != last {
		return handlers.ErrFenced
	}
	s.frames = append(s.frames, frame)
	if s.LoseAck != nil && s.LoseAck() {
		return handlers.ErrUnknown
	}
	return nil
}

// Get implements handlers.Log.
func (s *Store) Get(_ context.Context, seq uint64) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq == 0 || seq > uint64(len(s.frames)) {
		return nil, handlers.ErrNoFrame
	}
	return s.frames[seq-1], nil
}

// Last is the sequence of the newest frame.
func (s *Store) Last(context.Context) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return uint64(len(s.frames)), nil
}

// Scan implements handlers.Log.
func (s *Store) Scan(_ context.Context, first uint64, do func(uint64, []byte) error) error {
	s.mu.Lock()
	frames := s.frames
	s.mu.Unlock()
	for seq := max(first, 1); seq <= uint64(len(frames)); seq++ {
		if err := do(seq, frames[seq-1]); err != nil {
			return err
		}
	}
	return nil
}

// Put stores a message in the inbox, once per id.
func (s *Store) Put(_ context.Context, origin, id string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[id] {
		return nil
	}
	s.seen[id] = true
	s.inbox = append(s.inbox, handlers.Message{Seq: uint64(len(s.inbox) + 1), Origin: origin, Data: data})
	close(s.wake)
	s.wake = make(chan struct{})
	return nil
}

// Range implements handlers.Inbox.
func (s *Store) Range(context.Context) (first, last uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return 1, uint64(len(s.inbox)), nil
}

// Receive implements handlers.Inbox.
func (s *Store) Receive(ctx context.Context, first uint64) (<-chan handlers.Message, error) {
	out := make(chan handlers.Message)
	go func() {
		defer close(out)
		for next := max(first, 1); ; next++ {
			m, ok := s.await(ctx, next)
			if !ok {
				return
			}
			select {
			case out <- m:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}

func (s *Store) await(ctx context.Context, seq uint64) (handlers.Message, bool) {
	for {
		s.mu.Lock()
		if seq <= uint64(len(s.inbox)) {
			defer s.mu.Unlock()
			return s.inbox[seq-1], true
		}
		wake := s.wake
		s.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
			return handlers.Message{}, false
		}
	}
}
