package workers

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"skylog/commands"
	"skylog/projections"
)

// Overdue is a passed deadline: the command that decides what becomes of it, and
// what names it, so that the same deadline is never passed twice.
type Overdue struct {
	Command commands.Command
	Name    string // of thing and deadline
}

// Timekeeper passes the deadlines in the world.
type Timekeeper struct {
	Now   func() *projections.World
	Do    commands.Do[*projections.World]
	Clock func() time.Time
	// Due lists at most limit deadlines that have passed.
	Due    []func(w *projections.World, now time.Time, limit int) []Overdue
	Logger *slog.Logger
}

const (
	// tick is how late a deadline may be noticed.
	tick = 250 * time.Millisecond
	// perTick bounds the deadlines passed at once, so that they don't crowd out callers.
	perTick = 200
)

var deadlineIDs = uuid.NewSHA1(uuid.NameSpaceURL, []byte("skylog:deadline"))

// Run passes deadlines until ctx ends.
func (t *Timekeeper) Run(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		w, now := t.Now(), t.Clock()
		if now.Before(w.Grace) { // after an outage, late reports go first
			continue
		}
		for _, due := range t.Due {
			for _, o := range due(w, now, perTick) {
				t.pass(ctx, o)
			}
		}
	}
}

func (t *Timekeeper) pass(ctx context.Context, o Overdue) {
	id := uuid.NewSHA1(deadlineIDs, []byte(o.Name)).String()
	_, err := t.Do(commands.With(ctx, commands.Caller{CommandID: id, Origin: "cell"}), o.Command)
	if _, refused := commands.Refused(err); err != nil && !refused && ctx.Err() == nil {
		t.Logger.Warn("a deadline could not be passed yet", "deadline", o.Name, "error", err)
	}
}
