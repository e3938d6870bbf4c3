// Package cell is a node of the cell: it loads the world, runs the decider,
// publishes each world and gives callers their outcomes. Commands go in by Do,
// worlds come out by Now, frames by Frames; everything else in the process
// stands on these three.
package cell

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"skylog/events"
	"skylog/handlers"
	"skylog/projections"
)

// Store is the log and the inbox of the cell.
type Store interface {
	handlers.Log
	handlers.Inbox
	// Last is the sequence of the newest frame, 0 without any.
	Last(ctx context.Context) (uint64, error)
	// Put stores a message in CMD under the origin's subject, once per id.
	Put(ctx context.Context, origin, id string, data []byte) error
}

// Config is what a cell is made of.
type Config struct {
	Node  string // this node's name, a subject token
	Store Store
	Rules *handlers.Registry
	// Snapshots is the folder of snapshots; empty: none are read or written.
	Snapshots string
	Clock     func() time.Time
	// Full says that the log's disk is nearly full; nil: it never is.
	Full   func() bool
	Logger *slog.Logger
}

// Cell is one running node.
type Cell struct {
	Config
	decider *handlers.Decider
	head    *projections.World // handed to the decider by Run
	now     atomic.Pointer[projections.World]
	waiting waiters
	queue   chan []byte
	flying  inFlight
	recent  recent
	led     chan struct{} // closed by the first frame of our own
	once    sync.Once
	// Loaded says how the world came to be, for the log and the operator.
	Loaded Loaded
}

// Open loads the world: the newest snapshot that fits the log, and the frames behind it.
func Open(ctx context.Context, cfg Config) (*Cell, error) {
	c := &Cell{Config: cfg, queue: make(chan []byte, maxInFlight), flying: inFlight{perProject: map[string]int{}}, led: make(chan struct{})}
	c.decider = &handlers.Decider{Rules: cfg.Rules, Log: cfg.Store, Inbox: cfg.Store, Clock: cfg.Clock, Publish: c.publish, Logger: cfg.Logger}
	c.decider.Prepare()
	head, loaded, err := Load(ctx, cfg.Store, cfg.Snapshots, cfg.Logger)
	if err != nil {
		return nil, err
	}
	c.head, c.Loaded = head, loaded
	c.recent.start(head.Seq)
	c.now.Store(head.Publish())
	return c, nil
}

// Run decides and publishes until ctx ends, then writes a snapshot. It returns
// early only when the log can't be trusted or another decider took over.
func (c *Cell) Run(ctx context.Context) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	var rest sync.WaitGroup
	rest.Go(func() { c.batch(inner) })
	rest.Go(func() { c.snapshots(inner) })
	err := c.decider.Run(inner, c.head)
	cancel()
	rest.Wait()
	if snap := c.snapshot(c.Now()); snap != nil {
		c.Logger.Error("the last snapshot was not written; the next start folds the log instead", "error", snap)
	}
	if err != nil {
		return fmt.Errorf("decide: %w", err)
	}
	return nil
}

// Now is the newest world. It never changes; to see more, ask again.
func (c *Cell) Now() *projections.World { return c.now.Load() }

// Led is closed once this node has taken over and decides.
func (c *Cell) Led() <-chan struct{} { return c.led }

// publish makes a world known and wakes those who wait for its outcomes.
func (c *Cell) publish(w *projections.World, f events.Decoded) {
	c.now.Store(w)
	c.once.Do(func() { close(c.led) })
	c.recent.add(f)
	for i := range f.Commits {
		c.waiting.wake(f.Commits[i].Command, result{w, &f.Commits[i]})
	}
}
