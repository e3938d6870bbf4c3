package cell

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"skylog/commands"
	"skylog/events"
	"skylog/infra/memlog"
)

func TestACellThatEndedLeavesNoGoroutine(t *testing.T) {
	before := goleak.IgnoreCurrent()
	c, stop := run(t, memlog.New(), t.TempDir())
	following, leave := context.WithCancel(t.Context())
	followed := make(chan error, 1)
	go func() { followed <- c.Frames(following, 0, func(events.Decoded) error { return nil }) }()
	if _, err := c.Do(t.Context(), key(1)); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = c.Do(gone, key(2)) // who asked went away
	if _, err := c.Do(commands.With(t.Context(), commands.Caller{ProjectID: "p"}), key(1)); err == nil {
		t.Fatal("a taken name was granted")
	}
	leave()
	<-followed
	stop()
	goleak.VerifyNone(t, before)
}
