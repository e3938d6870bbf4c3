package jetstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"skylog/handlers"
)

// Log is the EVT stream as the decider's log.
type Log struct{ JS jetstream.JetStream }

// Append implements handlers.Log by the stream's own expected-last-sequence
// check, which is what fences off a decider that doesn't know it was replaced.
func (l Log) Append(ctx context.Context, frame []byte, last uint64) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := l.JS.Publish(ctx, evtSubject, frame, jetstream.WithExpectLastSequence(last))
	var refused *jetstream.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused) && refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence:
		return fmt.Errorf("%w: %w", handlers.ErrFenced, err)
	case errors.As(err, &refused):
		return err
	default: // a time-out or a lost connection: it may have arrived
		return fmt.Errorf("%w: %w", handlers.ErrUnknown, err)
	}
}

// Get implements handlers.Log.
func (l Log) Get(ctx context.Context, seq uint64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	stream, err := l.JS.Stream(ctx, EVT)
	if err != nil {
		return nil, err
	}
	m, err := stream.GetMsg(ctx, seq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, handlers.ErrNoFrame
	}
	if err != nil {
		return nil, err
	}
	return m.Data, nil
}

// Scan implements handlers.Log.
func (l Log) Scan(ctx context.Context, first uint64, do func(uint64, []byte) error) error {
	last, err := l.Last(ctx)
	if err != nil || first > last {
		return err
	}
	return l.ScanTo(ctx, first, last, do)
}

// Last is the sequence of the newest frame, 0 without any.
func (l Log) Last(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	stream, err := l.JS.Stream(ctx, EVT)
	if err != nil {
		return 0, err
	}
	info, err := stream.Info(ctx)
	if err != nil {
		return 0, err
	}
	return info.State.LastSeq, nil
}

// ScanTo calls do for the frames from first through last, in order.
func (l Log) ScanTo(ctx context.Context, first, last uint64, do func(uint64, []byte) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	frames, err := follow(ctx, l.JS, EVT, first)
	if err != nil {
		return err
	}
	// What the server lost it doesn't deliver, and says nothing of it: at the end
	// of the log, where no later frame shows the gap, we would wait forever.
	stalled := time.NewTimer(callTimeout)
	defer stalled.Stop()
	for next := first; ; {
		stalled.Reset(callTimeout)
		select {
		case m, more := <-frames:
			switch {
			case !more:
				return errors.Join(ctx.Err(), fmt.Errorf("EVT is no longer delivered behind frame %d", next-1))
			case m.Seq != next:
				return fmt.Errorf("EVT skips from frame %d to %d", next-1, m.Seq)
			}
			if err := do(m.Seq, m.Data); err != nil || m.Seq >= last {
				return err
			}
			next++
		case <-stalled.C:
			if _, err := l.Get(ctx, next); err != nil {
				return fmt.Errorf("EVT ends at frame %d, but frame %d can't be read: %w", last, next, err)
			}
		}
	}
}

// Follow delivers the frames from first on, in order, until ctx ends.
func (l Log) Follow(ctx context.Context, first uint64) (<-chan handlers.Message, error) {
	return follow(ctx, l.JS, EVT, first)
}

// readAhead is how many bytes of a stream may be on their way to a reader: below
// the 64 MiB beyond which the client drops messages, and has to ask again for them.
const readAhead = 16 << 20

// follow delivers a stream's messages from sequence first on, as they come.
func follow(ctx context.Context, js jetstream.JetStream, stream string, first uint64) (<-chan handlers.Message, error) {
	setup, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	consumer, err := js.OrderedConsumer(setup, stream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: max(first, 1),
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", stream, err)
	}
	out := make(chan handlers.Message, 256)
	var handing sync.Mutex // a message may still be handed on when the consumer says that it has ended
	ended := false
	push, err := consumer.Consume(func(m jetstream.Msg) {
		handing.Lock()
		defer handing.Unlock()
		if ended {
			return
		}
		meta, err := m.Metadata()
		if err != nil {
			return // not a message of the stream
		}
		select {
		case out <- handlers.Message{Seq: meta.Sequence.Stream, Origin: originOf(m.Subject()), Data: m.Data()}:
		case <-ctx.Done():
		}
	}, jetstream.PullMaxMessagesWithBytesLimit(1000, readAhead))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", stream, err)
	}
	go func() {
		select {
		case <-ctx.Done():
			push.Stop()
			<-push.Closed()
		case <-push.Closed():
		}
		handing.Lock()
		defer handing.Unlock()
		ended = true
		close(out)
	}()
	return out, nil
}

// originOf cuts the stream's own token off a subject: "cmd.host.a" is "host.a".
func originOf(subject string) string {
	for i := range subject {
		if subject[i] == '.' {
			return subject[i+1:]
		}
	}
	return subject
}

// Inbox is the CMD stream as the decider's inbox.
type Inbox struct{ JS jetstream.JetStream }

// Receive implements handlers.Inbox.
func (b Inbox) Receive(ctx context.Context, first uint64) (<-chan handlers.Message, error) {
	return follow(ctx, b.JS, CMD, first)
}

// Range implements handlers.Inbox.
func (b Inbox) Range(ctx context.Context) (first, last uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	stream, err := b.JS.Stream(ctx, CMD)
	if err != nil {
		return 0, 0, err
	}
	info, err := stream.Info(ctx)
	if err != nil {
		return 0, 0, err
	}
	return max(info.State.FirstSeq, 1), info.State.LastSeq, nil
}

// Put stores a message in CMD; id keeps one that is sent again from being
// stored twice. The message is durable when Put returns without an error.
func (b Inbox) Put(ctx context.Context, origin, id string, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := b.JS.PublishMsg(ctx, &nats.Msg{Subject: "cmd." + origin, Data: data}, jetstream.WithMsgID(id))
	return err
}

// Streams is both halves of what a cell stores.
type Streams struct {
	Log
	Inbox
}

// Store is the cell's store on these streams.
func Store(js jetstream.JetStream) Streams { return Streams{Log{js}, Inbox{js}} }
