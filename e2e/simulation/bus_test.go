package simulation

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"skylog/workers"
)

// luck is a source of chance that many may draw from.
type luck struct {
	mu   sync.Mutex
	rand *rand.Rand
}

func newLuck(seed, stream uint64) *luck { return &luck{rand: rand.New(rand.NewPCG(seed, stream))} }

func (l *luck) happens(share float64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rand.Float64() < share
}

func (l *luck) upTo(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rand.IntN(n)
}

func (l *luck) within(d time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Duration(l.rand.Int64N(int64(d)))
}

// stored is a want as the stream has it.
type stored struct {
	host, kind, id string
	seq            uint64
	data           []byte
}

func (s stored) subject() string { return s.host + "." + s.kind + "." + s.id }

// bus is the stream of wants: the newest of each subject, in memory.
type bus struct {
	luck  *luck
	mu    sync.Mutex
	seq   uint64
	wants map[string]stored
	hosts map[string]*host
	full  bool // since it was lost, all wants were written
	calm  bool // nothing is lost any more
}

// Write implements workers.Outbox, one want at a time. A filling of the stream
// takes its time; later, dispatch holds a lock meanwhile, which would stop the clock.
func (b *bus) Write(ctx context.Context, wants []workers.Want) error {
	for _, w := range wants {
		if b.filling() && b.luck.happens(0.2) {
			if err := pause(ctx, b.luck.within(20*time.Millisecond)); err != nil {
				return err
			}
		}
		s := stored{host: w.Host, kind: w.Kind, id: w.ID, data: w.Data}
		b.mu.Lock()
		old, replaced := b.wants[s.subject()]
		if s.data == nil {
			delete(b.wants, s.subject())
			b.mu.Unlock()
			continue
		}
		b.seq++
		b.full = b.full || s.kind == workers.CompleteKind
		s.seq = b.seq
		b.wants[s.subject()] = s
		var hosts []*host
		for _, name := range slices.Sorted(maps.Keys(b.hosts)) {
			if w.Host == name || w.Host == workers.AnyHost {
				hosts = append(hosts, b.hosts[name])
			}
		}
		calm := b.calm
		b.mu.Unlock()
		if s.kind == workers.CompleteKind {
			continue
		}
		for _, h := range hosts {
			if calm || !b.luck.happens(0.1) { // else the next resync brings it
				h.deliver(s)
			}
			if replaced && !calm && b.luck.happens(0.1) {
				h.deliverLater(old)
			}
		}
	}
	return nil
}

// lose empties the stream, as a restart of its server does.
func (b *bus) lose() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wants, b.full = map[string]stored{}, false
}

func (b *bus) filling() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.full
}

// read calls do for all wants of a host as they are when their turn comes.
func (b *bus) read(ctx context.Context, host string, do func(stored)) {
	b.mu.Lock()
	var all []stored
	for subject, s := range b.wants {
		if strings.HasPrefix(subject, host+".") || s.host == workers.AnyHost {
			all = append(all, s)
		}
	}
	b.mu.Unlock()
	slices.SortFunc(all, func(a, b stored) int { return cmp.Compare(a.seq, b.seq) })
	for _, s := range all {
		if b.luck.happens(0.1) && pause(ctx, b.luck.within(50*time.Millisecond)) != nil {
			return
		}
		do(s)
	}
}

// pause waits, in the time of the simulation.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
