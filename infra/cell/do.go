package cell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-json"
	"github.com/google/uuid"

	"skylog/commands"
	"skylog/events"
	"skylog/projections"
)

const (
	// maxInFlight is how many commands this node lets wait for their outcome:
	// about a second's worth.
	maxInFlight = 16384
	// maxPerProject keeps one project from taking all of that.
	maxPerProject = 4096
	// maxMessage is how many bytes of envelopes go into one CMD message (DESIGN section 3).
	maxMessage = 768 << 10
	// maxEnvelope is how large one may be: its events must fit into half a frame.
	maxEnvelope = 384 << 10
	// patience is how long behind its NotAfter an outcome is waited for.
	patience = 2 * time.Second
	// putTries is how often a message whose fate is unknown is sent again.
	putTries = 4
)

type result struct {
	world  *projections.World
	commit *events.Commit
}

// Do implements commands.Do: it stores the commands, and returns when the world
// of this node holds their outcome.
func (c *Cell) Do(ctx context.Context, cs ...commands.Command) (*projections.World, error) {
	caller := commands.From(ctx)
	if c.Full != nil && c.Full() && !admitted(caller, cs) {
		return nil, commands.ErrFull
	}
	id := caller.CommandID
	if id == "" {
		id = uuid.Must(uuid.NewV7()).String()
	}
	envelope, err := commands.Seal(id, caller, c.Clock().UTC(), cs)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(&envelope)
	if err != nil {
		return nil, err
	}
	if len(data) > maxEnvelope {
		return nil, commands.Refuse(commands.Invalid, "The request is too large.")
	}
	if !c.flying.enter(caller.ProjectID) {
		return nil, commands.ErrBusy
	}
	defer c.flying.leave(caller.ProjectID)
	if caller.Rehearsal != nil {
		return c.rehearse(ctx, envelope, caller.Rehearsal)
	}
	reply := c.waiting.add(id)
	defer c.waiting.remove(id, reply)
	c.queue <- data // has room for all that may be in flight
	timeout := time.NewTimer(envelope.NotAfter.Sub(envelope.At) + patience)
	defer timeout.Stop()
	select {
	case r := <-reply:
		return r.world, c.verdict(ctx, r)
	case <-ctx.Done():
		return nil, errors.Join(commands.ErrUndecided, ctx.Err())
	case <-timeout.C:
		return nil, commands.ErrUndecided
	}
}

// admitted says whether commands are let in although the disk is nearly full:
// those that make room, those that hosts wait for, and those of administrators.
func admitted(caller commands.Caller, cs []commands.Command) bool {
	return caller.Origin != "" || caller.Admin ||
		!slices.ContainsFunc(cs, func(c commands.Command) bool { return !strings.HasSuffix(c.CommandType(), ".delete") })
}

// verdict is the error that a commit means to its caller.
func (c *Cell) verdict(ctx context.Context, r result) error {
	commit := r.commit
	if commit.Repeats && commit.Refused == nil {
		first, err := c.Outcome(ctx, commit.Command)
		if err != nil {
			return err
		}
		commit = first
	}
	switch {
	case commit.Refused != nil:
		return &commands.Refusal{Kind: commands.Kind(commit.Refused.Kind), Reason: commit.Refused.Reason, Message: commit.Refused.Message}
	case commit.Broken != "":
		return commands.ErrBroken
	}
	return nil
}

// ErrForgotten says that a command was never seen here, or so long ago that its
// outcome is no longer looked up by id.
var ErrForgotten = errors.New("no such command is remembered")

// Outcome returns the commit that first answered a command.
func (c *Cell) Outcome(ctx context.Context, id string) (*events.Commit, error) {
	at, ok := c.Now().Answered(id)
	if !ok {
		return nil, ErrForgotten
	}
	data, err := c.Store.Get(ctx, at.Seq)
	if err != nil {
		return nil, fmt.Errorf("read frame %d: %w", at.Seq, err)
	}
	f, _, err := events.DecodeFrame(data)
	if err != nil {
		return nil, err
	}
	if at.Index >= len(f.Commits) {
		return nil, fmt.Errorf("frame %d has no commit %d", at.Seq, at.Index)
	}
	return &f.Commits[at.Index], nil
}

// Waiting says whether a command is on its way through this node.
func (c *Cell) Waiting(id string) bool { return c.waiting.has(id) }

// batch stores what is queued, whatever came in while the last message was on
// its way together in one: the group commit.
func (c *Cell) batch(ctx context.Context) {
	var message bytes.Buffer
	for {
		var first []byte
		select {
		case first = <-c.queue:
		case <-ctx.Done():
			return
		}
		message.Reset()
		message.WriteByte('[')
		message.Write(first)
	fill:
		for message.Len() < maxMessage-maxEnvelope {
			select {
			case q := <-c.queue:
				message.WriteByte(',')
				message.Write(q)
			default:
				break fill
			}
		}
		message.WriteByte(']')
		c.put(ctx, bytes.Clone(message.Bytes()))
	}
}

func (c *Cell) put(ctx context.Context, data []byte) {
	id := uuid.Must(uuid.NewV7()).String() // of the message, so that it may be sent again; the envelopes have their own
	for try := 1; ; try++ {
		err := c.Store.Put(ctx, "api."+c.Node, id, data)
		switch {
		case err == nil || ctx.Err() != nil:
			return
		case try == putTries: // those who wait are told that it isn't known
			c.Logger.Error("commands could not be stored", "error", err)
			return
		}
	}
}

// inFlight bounds how many commands wait.
type inFlight struct {
	mu         sync.Mutex
	all        int
	perProject map[string]int
}

func (f *inFlight) enter(project string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all >= maxInFlight || project != "" && f.perProject[project] >= maxPerProject {
		return false
	}
	f.all++
	f.perProject[project]++
	return true
}

func (f *inFlight) leave(project string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all--
	if f.perProject[project]--; f.perProject[project] == 0 {
		delete(f.perProject, project)
	}
}

// waiters are those who wait for outcomes, by command id.
type waiters struct{ shards [32]shard }

type shard struct {
	mu sync.Mutex
	m  map[string][]chan result
}

func (w *waiters) shard(id string) *shard { return &w.shards[id[len(id)-1]%32] }

func (w *waiters) add(id string) chan result {
	s, reply := w.shard(id), make(chan result, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = map[string][]chan result{}
	}
	s.m[id] = append(s.m[id], reply)
	return reply
}

func (w *waiters) has(id string) bool {
	s := w.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.m[id]) > 0
}

// wake tells the first of those who wait under an id: each sent its own envelope.
func (w *waiters) wake(id string, r result) {
	if id == "" {
		return
	}
	s := w.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if all := s.m[id]; len(all) > 0 {
		all[0] <- r
		s.drop(id, all[0])
	}
}

func (w *waiters) remove(id string, reply chan result) {
	s := w.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(id, reply)
}

func (s *shard) drop(id string, reply chan result) {
	left := slices.DeleteFunc(s.m[id], func(c chan result) bool { return c == reply })
	if len(left) == 0 {
		delete(s.m, id)
		return
	}
	s.m[id] = left
}
