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

// Drainer moves servers off the hosts that are to be drained, a few at a time, and
// without stopping them where that can be. What it does follows from the world,
// whoever runs it.
type Drainer struct {
	Now    func() *projections.World
	Do     commands.Do[*projections.World]
	Clock  func() time.Time
	Logger *slog.Logger

	told map[string]string // why a host isn't drained further, as it was logged last
}

const (
	drainEvery = 2 * time.Second
	// drainAtOnce is how many servers of one host are on their way together: each
	// is a disk that is read, sent and written.
	drainAtOnce = 2
	// drainConfirm is how long a moved server could be moved back: nobody waits to
	// confirm what they didn't ask for.
	drainConfirm = time.Second
	// drainTries is how many moves are asked for at a time, should they be refused;
	// drainAgain is when a live one that came to nothing is tried again.
	drainTries = 16
	drainAgain = time.Hour
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

// drain begins to move as many servers as may be on their way. What would be
// refused isn't asked for: a host can stay full for days, and all that is asked is
// kept.
func (d *Drainer) drain(ctx context.Context, w *projections.World, host string) {
	under, tries := 0, 0
	var refused error
	defer func() { d.tell(host, under, refused) }()
	for range w.Compute.Servers.FromHost(host) {
		under++
	}
	for _, s := range w.Compute.Servers.OfHost(host) {
		if s.TaskState == view.Migrating || s.Live != nil {
			under++
		}
	}
	for _, s := range w.Compute.Servers.OfHost(host) {
		if under >= drainAtOnce || tries >= drainTries {
			return
		}
		for _, c := range d.ways(w, &s) {
			tries++
			rehearsed := commands.With(ctx, commands.Caller{Origin: "cell", Rehearsal: &commands.Rehearsal{}})
			if _, err := d.Do(rehearsed, c); err != nil {
				refused = err
				continue
			}
			d.do(ctx, host, c)
			under++
			break
		}
	}
}

// ways are the commands by which a server may leave its host as it is, the best
// first: running if it runs, unless that was tried and came to nothing.
func (d *Drainer) ways(w *projections.World, s *view.Server) (ways []commands.Command) {
	if s.TaskState != view.NoTask || s.Old != nil || s.Live != nil {
		return nil
	}
	now, by := d.Clock().UTC(), cmd.By{Admin: true}
	if (s.VMState == view.Active || s.VMState == view.Paused) && !triedLive(w, s.ID) {
		ways = append(ways, cmd.LiveMigrateServer{ID: s.ID, Migration: uuid.NewString(), At: now, By: by})
	}
	if s.VMState == view.Active || s.VMState == view.Stopped {
		ways = append(ways, cmd.ResizeServer{ID: s.ID, Carrier: uuid.NewString(), Migration: uuid.NewString(), ConfirmWithin: drainConfirm, At: now, By: by})
	}
	return ways
}

// triedLive says whether a server's newest migration was a live one that came to
// nothing a short while ago.
func triedLive(w *projections.World, id string) bool {
	var last view.Migration
	for _, m := range w.Compute.Migrations.OfServer(id) {
		last = m
	}
	return last.Type == view.LiveMigration && last.Status != view.Completed && w.Time.Sub(last.UpdatedAt) < drainAgain
}

func (d *Drainer) do(ctx context.Context, host string, c commands.Command) {
	if _, err := d.Do(ctx, c); err != nil && ctx.Err() == nil {
		d.Logger.Warn("a host could not be drained further yet", "host", host, "command", c.CommandType(), "error", err)
	}
}

// tell logs once why no server of a host can be moved.
func (d *Drainer) tell(host string, under int, refused error) {
	why := ""
	if under == 0 && refused != nil {
		why = refused.Error()
	}
	if why != "" && why != d.told[host] {
		d.Logger.Warn("no server can be moved off a host that is drained", "host", host, "error", why)
	}
	if d.told == nil {
		d.told = map[string]string{}
	}
	d.told[host] = why
}
