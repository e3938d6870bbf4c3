package jetstream

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/goccy/go-json"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"skylog/workers"
)

// Outbox writes wants to the WANT stream. Several may write at once, as when a
// dispatcher takes over from one that doesn't know yet: each is written under the
// subject's expected last sequence, so that of two wants of a thing the newer one
// by its generation stays, whoever comes last.
type Outbox struct {
	JS jetstream.JetStream

	mu   sync.Mutex
	last map[uint64]uint64 // sequences by a hash of the subject: what is wrong is found out by the server
}

var subjects = maphash.MakeSeed()

// Write implements workers.Outbox. The stream is in memory: what it loses is
// written anew from the world.
func (o *Outbox) Write(ctx context.Context, wants []workers.Want) error {
	type sent struct {
		ack jetstream.PubAckFuture
		key uint64
	}
	acks := make([]sent, 0, len(wants))
	for _, w := range wants {
		subject := "want." + w.Host + "." + w.Kind + "." + w.ID
		if w.Data == nil {
			if err := o.forget(ctx, subject, w.Generation); err != nil {
				return err
			}
			continue
		}
		key := maphash.String(subjects, subject)
		ack, err := o.JS.PublishMsgAsync(&nats.Msg{Subject: subject, Data: w.Data}, jetstream.WithStallWait(callTimeout),
			jetstream.WithExpectLastSequencePerSubject(o.known(key)))
		if err != nil {
			return fmt.Errorf("write want %s: %w", subject, err)
		}
		acks = append(acks, sent{ack, key})
	}
	for _, s := range acks {
		select {
		case done := <-s.ack.Ok():
			o.note(s.key, done.Sequence)
		case err := <-s.ack.Err():
			if !isFenced(err) {
				return fmt.Errorf("write want %s: %w", s.ack.Msg().Subject, err)
			}
			if err := o.contend(ctx, s.ack.Msg(), s.key); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(callTimeout):
			return fmt.Errorf("write want %s: no acknowledgement", s.ack.Msg().Subject)
		}
	}
	return nil
}

// contentions is how often a want is written again behind somebody else's.
const contentions = 10

// contend writes a want behind one that was not known of, unless that is as new.
func (o *Outbox) contend(ctx context.Context, m *nats.Msg, key uint64) error {
	ours := generationOf(m.Data)
	for range contentions {
		seq, generation, err := o.stored(ctx, m.Subject)
		if err != nil {
			return err
		}
		if seq != 0 && generation >= ours {
			return nil // and its sequence stays unknown: our next want may be older still
		}
		short, cancel := context.WithTimeout(ctx, callTimeout)
		done, err := o.JS.PublishMsg(short, &nats.Msg{Subject: m.Subject, Data: m.Data}, jetstream.WithExpectLastSequencePerSubject(seq))
		cancel()
		if err == nil {
			o.note(key, done.Sequence)
			return nil
		}
		if !isFenced(err) {
			return fmt.Errorf("write want %s: %w", m.Subject, err)
		}
	}
	return fmt.Errorf("write want %s: others write it all the time", m.Subject)
}

// stored is the want that the stream has of a subject, sequence 0 if none.
func (o *Outbox) stored(ctx context.Context, subject string) (seq, generation uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	stream, err := o.JS.Stream(ctx, WANT)
	if err != nil {
		return 0, 0, err
	}
	m, err := stream.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read want %s: %w", subject, err)
	}
	return m.Sequence, generationOf(m.Data), nil
}

// generationOf is what every want has in its data; what can't be read is the oldest.
func generationOf(data []byte) uint64 {
	var want struct{ Generation uint64 }
	if json.Unmarshal(data, &want) != nil {
		return 0
	}
	return want.Generation
}

// forget takes a want out of the stream unless there is one newer than the wish
// to forget it.
func (o *Outbox) forget(ctx context.Context, subject string, generation uint64) error {
	seq, stored, err := o.stored(ctx, subject)
	if err != nil || seq == 0 || stored > generation {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	stream, err := o.JS.Stream(ctx, WANT)
	if err != nil {
		return err
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSubject(subject), jetstream.WithPurgeSequence(seq+1)); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.last, maphash.String(subjects, subject))
	return nil
}

func (o *Outbox) known(key uint64) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last[key]
}

func (o *Outbox) note(key, seq uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last == nil {
		o.last = map[uint64]uint64{}
	}
	o.last[key] = seq
}

// isFenced says that the subject's last sequence isn't the expected one.
func isFenced(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}
