package compute

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/projections"
	"skylog/workers"
)

// Watchman notices hosts that are no longer heard, and those that are again.
// Signs of life are no facts; only that they begin or end is.
type Watchman struct {
	Now    func() *projections.World
	Do     commands.Do[*projections.World]
	Clock  func() time.Time
	Logger *slog.Logger

	mu    sync.Mutex
	heard map[string]time.Time
}

// Heard notes a host's sign of life.
func (m *Watchman) Heard(host string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.heard == nil {
		m.heard = map[string]time.Time{}
	}
	m.heard[host] = m.Clock()
}

// Run looks after the hosts until ctx ends. Those not heard yet count from now.
func (m *Watchman) Run(ctx context.Context) error {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	began := m.Clock()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := m.Clock()
		for name, h := range m.Now().Compute.Hosts.All() {
			m.mu.Lock()
			last, ok := m.heard[name]
			m.mu.Unlock()
			if !ok {
				last = began
			}
			silent := now.Sub(last) > lostAfter
			switch {
			case h.Up && silent:
				m.say(ctx, cmd.LoseHost{Name: name})
			case !h.Up && ok && !silent:
				m.say(ctx, cmd.HearHost{Name: name})
			}
		}
	}
}

func (m *Watchman) say(ctx context.Context, c commands.Command) {
	if _, err := m.Do(commands.With(ctx, commands.Caller{Origin: "cell"}), c); err != nil && ctx.Err() == nil {
		m.Logger.Warn("what became of a host could not be said yet", "command", c.CommandType(), "error", err)
	}
}

// Overdue lists the servers whose deadlines have passed.
func Overdue(w *projections.World, now time.Time, limit int) (late []workers.Overdue) {
	for s := range w.Compute.Servers.Due(now) {
		if len(late) == limit {
			break
		}
		late = append(late, workers.Overdue{Command: cmd.PassDeadline{ID: s.ID, Due: s.Due}, Name: s.ID + " " + s.Due.Format(time.RFC3339Nano)})
	}
	return late
}
