package compute

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

// Drainer moves servers off the hosts that are to be drained, a few at a time. It
// remembers nothing: what it does follows from the world, whoever runs it.
type Drainer struct {
	Now    func() *projections.World
	Do     commands.Do[*projections.World]
	Clock  func() time.Time
	Logger *slog.Logger
}

const (
	drainEvery = 2 * time.Second
	// drainAtOnce is how many servers of one host are on their way together: each
	// is a disk that is read, sent and written.
	drainAtOnce = 2
	// drainConfirm is how long a moved server could be moved back: nobody waits to
	// confirm what they didn't ask for.
	drainConfirm = time.Second
)

// Run drains hosts until ctx ends.
func (d *Drainer) Run(ctx context.Context) error {
	ticker := time.NewTicker(drainEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			d.Once(ctx)
		}
	}
}

// Once looks at the hosts once and begins what can begin.
func (d *Drainer) Once(ctx context.Context) {
	ctx = commands.With(ctx, commands.Caller{Origin: "cell"})
	w := d.Now()
	for name, h := range w.Compute.Hosts.All() {
		switch {
		case !h.Draining:
		case h.Used.Servers == 0:
			d.do(ctx, name, cmd.FinishDrain{Name: name})
		default:
			d.drain(ctx, w, name)
		}
	}
}

// drain begins to move as many servers as may be on their way.
func (d *Drainer) drain(ctx context.Context, w *projections.World, host string) {
	under := 0
	for range w.Compute.Servers.FromHost(host) {
		under++
	}
	var next []string
	for id, s := range w.Compute.Servers.OfHost(host) {
		switch {
		case s.TaskState == view.Migrating:
			under++
		case len(next) < drainAtOnce && Movable(&s):
			next = append(next, id)
		}
	}
	for _, id := range next[:max(0, min(len(next), drainAtOnce-under))] {
		d.do(ctx, host, cmd.ResizeServer{ID: id, Carrier: uuid.NewString(), Migration: uuid.NewString(), ConfirmWithin: drainConfirm,
			At: d.Clock().UTC(), By: cmd.By{Admin: true}})
	}
}

// Movable says whether a server can be moved off its host as it is.
func Movable(s *view.Server) bool {
	return s.TaskState == view.NoTask && s.Old == nil && (s.VMState == view.Active || s.VMState == view.Stopped)
}

func (d *Drainer) do(ctx context.Context, host string, c commands.Command) {
	if _, err := d.Do(ctx, c); err != nil && ctx.Err() == nil {
		d.Logger.Warn("a host could not be drained further yet", "host", host, "command", c.CommandType(), "error", err)
	}
}
