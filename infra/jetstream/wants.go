package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"skylog/workers"
)

// Wants delivers wants to workers as a Watermill subscriber: first the newest of
// every thing there is, then those that come. One want of a thing is under way
// at a time; when a newer one comes meanwhile, the older one's context ends, and
// of several only the newest is kept.
type Wants struct {
	JS jetstream.JetStream
	// Kinds are what is delivered; what the Inventory needs to be told of, too.
	Kinds []string
	// Parallel is how many things may be worked on at once.
	Parallel int
	// Mine says whether a host's wants are for this process; nil: all are.
	Mine func(host string) bool
	// Resync is how often all wants are read anew: the slow ticker of every level.
	Resync time.Duration
	// Inventory is asked each time before all wants are read anew, and then told of
	// them; nil: there is none.
	Inventory func(context.Context) workers.Inventory
}

// Subscribe implements message.Subscriber; the topic is a host, or "*" for all.
func (s *Wants) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	out := make(chan *message.Message)
	keys := &keyed{out: out, slots: make(chan struct{}, s.Parallel), latest: map[string]*pending{}}
	first, err := s.consume(ctx, topic, keys)
	if err != nil {
		return nil, err
	}
	go func() {
		defer close(out)
		defer keys.group.Wait()
		for stop := first; ; {
			select {
			case <-ctx.Done():
				stop()
				return
			case <-time.After(s.Resync):
			}
			stop()
			if stop, err = s.consume(ctx, topic, keys); err != nil {
				stop = func() {} // tried again at the next resync
			}
		}
	}()
	return out, nil
}

// Close implements message.Subscriber; a subscription ends with its context.
func (s *Wants) Close() error { return nil }

func (s *Wants) consume(ctx context.Context, topic string, keys *keyed) (stop func(), err error) {
	var inventory workers.Inventory
	if s.Inventory != nil {
		inventory = s.Inventory(ctx)
	}
	setup, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	subjects := make([]string, len(s.Kinds))
	for i, kind := range s.Kinds {
		subjects[i] = "want." + topic + "." + kind + ".*"
	}
	consumer, err := s.JS.OrderedConsumer(setup, WANT, jetstream.OrderedConsumerConfig{
		FilterSubjects: subjects, DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy,
	})
	if err != nil {
		return nil, fmt.Errorf("read wants: %w", err)
	}
	settle := func() {
		if inventory != nil {
			keys.group.Go(inventory.Settle)
			inventory = nil
		}
	}
	if info, err := consumer.Info(setup); err != nil {
		return nil, err
	} else if info.NumPending == 0 {
		settle()
	}
	push, err := consumer.Consume(func(m jetstream.Msg) {
		host, kind, id := split(m.Subject())
		meta, err := m.Metadata()
		if err != nil {
			return // not a message of the stream
		}
		if kind != workers.CompleteKind && (s.Mine == nil || s.Mine(host)) {
			keys.deliver(ctx, m.Subject(), meta.Sequence.Stream, m.Data())
		}
		if inventory == nil {
			return
		}
		inventory.Wanted(host, kind, id)
		if meta.NumPending == 0 {
			settle()
		}
	}, jetstream.PullMaxMessages(500))
	if err != nil {
		return nil, err
	}
	return func() {
		push.Stop()
		<-push.Closed()
	}, nil
}

// split takes the subject of a want apart.
func split(subject string) (host, kind, id string) {
	host, rest, _ := strings.Cut(strings.TrimPrefix(subject, "want."), ".")
	kind, id, _ = strings.Cut(rest, ".")
	return host, kind, id
}

// keyed delivers messages one at a time per key.
type keyed struct {
	out    chan<- *message.Message
	slots  chan struct{}
	group  sync.WaitGroup
	mu     sync.Mutex
	latest map[string]*pending
}

// pending is a key that is being worked on.
type pending struct {
	next   []byte // the newest message that came meanwhile
	seq    uint64 // of the newest message that came at all
	cancel context.CancelFunc
}

var errSuperseded = errors.New("a newer want has come")

func (k *keyed) deliver(ctx context.Context, key string, seq uint64, data []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if p, busy := k.latest[key]; busy {
		if seq <= p.seq { // read anew, and at work or replaced already
			return
		}
		p.next, p.seq = data, seq
		p.cancel()
		return
	}
	p := &pending{next: data, seq: seq}
	k.latest[key] = p
	work, cancel := context.WithCancelCause(ctx)
	p.cancel = func() { cancel(errSuperseded) }
	k.group.Go(func() { k.work(ctx, work, key, p) })
}

// work sends a key's messages, each once the one before was dealt with, until
// there is no newer one.
func (k *keyed) work(ctx, one context.Context, key string, p *pending) {
	for {
		select {
		case k.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		k.mu.Lock()
		data := p.next
		p.next = nil
		if one.Err() != nil { // it waited for its turn and was replaced meanwhile
			var cancel context.CancelCauseFunc
			one, cancel = context.WithCancelCause(ctx)
			p.cancel = func() { cancel(errSuperseded) }
		}
		k.mu.Unlock()
		m := message.NewMessageWithContext(one, key, data)
		select {
		case k.out <- m:
			select {
			case <-m.Acked():
			case <-m.Nacked(): // the next resync brings it again
			case <-ctx.Done():
			}
		case <-ctx.Done():
		}
		<-k.slots
		k.mu.Lock()
		if p.next == nil || ctx.Err() != nil {
			p.cancel()
			delete(k.latest, key)
			k.mu.Unlock()
			return
		}
		k.mu.Unlock()
	}
}

// DeadLetters publishes what could not be done to the DLQ stream.
type DeadLetters struct{ JS jetstream.JetStream }

// Publish implements message.Publisher. A want may hold what its guest alone may
// read, so only its subject and the reason are kept.
func (d DeadLetters) Publish(topic string, messages ...*message.Message) error {
	for _, m := range messages {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(m.Context()), callTimeout)
		_, err := d.JS.PublishMsg(ctx, &nats.Msg{Subject: topic, Header: nats.Header{
			"Want": {m.UUID}, "Reason": {m.Metadata.Get("reason_poisoned")},
		}})
		cancel()
		if err != nil {
			return fmt.Errorf("write a dead letter: %w", err)
		}
	}
	return nil
}

// Close implements message.Publisher.
func (d DeadLetters) Close() error { return nil }
