package identity

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
)

func TestOnlyTheKeysOfThoseWhoAreGoneAreThrownAway(t *testing.T) {
	w := projections.New()
	w.Facts([]events.Event{
		evt.UserCreated{ID: "ada", DomainID: "default", Name: "ada"}, evt.UserCreated{ID: "eve", DomainID: "default", Name: "eve"},
		evt.ProjectCreated{ID: "lab", DomainID: "default", Name: "lab"}, evt.UserDeleted{ID: "eve"},
	}, events.Meta{Seq: 1})
	now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	var before time.Time
	var gone []string
	s := &KeySweeper{Now: func() *projections.World { return w }, Clock: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler),
		Owners: func(b time.Time) ([]string, error) { before = b; return []string{"ada", "eve", "lab", "never"}, nil },
		Forget: func(owner string) error { gone = append(gone, owner); return nil }}
	s.sweep()
	if want := []string{"eve", "never"}; !slices.Equal(gone, want) {
		t.Errorf("the keys of %v were thrown away, want %v", gone, want)
	}
	if !before.Equal(now.Add(-time.Hour)) {
		t.Errorf("keys since before %s were looked at", before)
	}
}
