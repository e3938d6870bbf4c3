package identity

import (
	"context"
	"log/slog"
	"time"

	"skylog/projections"
)

// KeySweeper throws away the keys of users and projects that are gone, and with
// them all that was sealed for them: the log itself is for ever.
type KeySweeper struct {
	Now func() *projections.World
	// Owners lists who has had a key since before a time.
	Owners func(before time.Time) ([]string, error)
	Forget func(owner string) error
	Clock  func() time.Time
	Logger *slog.Logger
}

const (
	sweepEvery = time.Hour
	// keyGrace is how old a key must be: something may be sealed for somebody whose
	// making isn't decided yet.
	keyGrace = time.Hour
)

// Run sweeps at once and then every hour until ctx ends.
func (s *KeySweeper) Run(ctx context.Context) error {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		s.sweep()
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (s *KeySweeper) sweep() {
	owners, err := s.Owners(s.Clock().Add(-keyGrace))
	if err != nil {
		s.Logger.Warn("keys can't be listed; the next sweep tries again", "error", err)
		return
	}
	w := s.Now()
	for _, owner := range owners {
		if w.Identity.Users.Has(owner) || w.Identity.Projects.Has(owner) {
			continue
		}
		if err := s.Forget(owner); err != nil {
			s.Logger.Warn("a key can't be thrown away; the next sweep tries again", "owner", owner, "error", err)
			continue
		}
		s.Logger.Info("the key of somebody who is gone was thrown away", "owner", owner)
	}
}
