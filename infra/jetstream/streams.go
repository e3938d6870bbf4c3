package jetstream

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Names of the streams and their subjects (DESIGN section 3).
const (
	CMD  = "CMD"
	EVT  = "EVT"
	WANT = "WANT"
	DLQ  = "DLQ"

	evtSubject = "evt.frames"
)

// streams are the cell's streams as they must be.
var streams = []jetstream.StreamConfig{
	{
		Name: CMD, Subjects: []string{"cmd.>"}, Storage: jetstream.FileStorage,
		// Full means that nothing more is accepted, never that what waits is lost.
		Discard: jetstream.DiscardNew, MaxBytes: 64 << 30,
		Duplicates: 2 * time.Minute, AllowDirect: true, DenyDelete: true,
	},
	{
		Name: EVT, Subjects: []string{evtSubject}, Storage: jetstream.FileStorage,
		AllowDirect: true, DenyDelete: true, DenyPurge: true,
	},
	{
		Name: WANT, Subjects: []string{"want.>"}, Storage: jetstream.MemoryStorage,
		MaxMsgsPerSubject: 1, AllowDirect: true,
	},
	{
		Name: DLQ, Subjects: []string{"dlq.>"}, Storage: jetstream.FileStorage,
		MaxAge: 90 * 24 * time.Hour, MaxBytes: 1 << 30, Discard: jetstream.DiscardOld,
	},
}

// callTimeout bounds one request to the JetStream API: an answer takes
// milliseconds or never comes.
const callTimeout = 5 * time.Second

// Setup makes sure that all streams are there with their settings.
func Setup(ctx context.Context, js jetstream.JetStream) error {
	for _, config := range streams {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		_, err := js.CreateOrUpdateStream(ctx, config)
		cancel()
		if err != nil {
			return fmt.Errorf("stream %s: %w", config.Name, err)
		}
	}
	return nil
}
