package compute

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections"
)

func TestAHostIsDrainedAFewServersAtATime(t *testing.T) {
	w := projections.New()
	fold := func(e ...events.Event) { w.Facts(e, events.Meta{Time: time.Unix(1, 0)}) }
	var asked []commands.Command
	d := &Drainer{Now: func() *projections.World { return w }, Clock: time.Now, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Do: func(ctx context.Context, c ...commands.Command) (*projections.World, error) {
			if commands.From(ctx).Rehearsal == nil {
				asked = append(asked, c...)
			}
			return w, nil
		}}
	once := func(when string, want int) {
		t.Helper()
		asked = nil
		if d.Once(t.Context()); len(asked) != want {
			t.Errorf("%s: asked was %+v, want %d", when, asked, want)
		}
	}
	fold(evt.HostJoined{Name: "a"}, evt.HostJoined{Name: "b"})
	for _, id := range []string{"1", "2", "3"} {
		fold(evt.ServerCreated{ID: id}, evt.ServerPlaced{ID: id, Host: "a"}, evt.ServerBooted{ID: id})
	}
	fold(evt.ServerSuspended{ID: "1"}, evt.ServerStopped{ID: "3"})
	once("nobody asked for it", 0)
	fold(evt.HostDrainRequested{Name: "a", Servers: 3})
	once("two may be on their way, and one can't be moved", 2)
	if c, ok := asked[0].(cmd.LiveMigrateServer); !ok || c.ID != "2" {
		t.Errorf("the one that runs: asked was %+v", asked[0])
	}
	if c, ok := asked[1].(cmd.ResizeServer); !ok || c.ID != "3" {
		t.Errorf("the one that doesn't: asked was %+v", asked[1])
	}
	fold(evt.ServerLiveMigrationRequested{ID: "2", Host: "b", Migration: "l"})
	once("the one that runs is on its way", 1)
	fold(evt.ServerLiveMigrationFailed{ID: "2"})
	once("it could not go while it ran", 2)
	if c, ok := asked[0].(cmd.ResizeServer); !ok || c.ID != "2" {
		t.Errorf("it could not go while it ran: asked was %+v", asked[0])
	}
	fold(evt.ServerResizeRequested{ID: "2", Host: "b", Disk: 1, Migration: "m", Carrier: "c", Cold: true})
	once("one is on its way", 1)
	fold(evt.ServerCarried{ID: "2"}, evt.ServerResizeRequested{ID: "3", Host: "b", Disk: 1, Migration: "n", Carrier: "d", Cold: true})
	once("both are", 0)
	for _, id := range []string{"2", "3"} {
		fold(evt.ServerCarried{ID: id}, evt.ServerResized{ID: id}, evt.ServerResizeConfirmed{ID: id})
	}
	once("one can't be moved", 0)
	fold(evt.ServerDeleted{ID: "1", Host: "a"})
	once("it is empty", 1)
	if _, ok := asked[0].(cmd.FinishDrain); !ok {
		t.Errorf("asked was %+v", asked)
	}
	fold(evt.HostDrained{Name: "a"})
	once("it is drained", 0)
}

func TestAServerThatCantLeaveRunningLeavesStopped(t *testing.T) {
	w := projections.New()
	w.Facts([]events.Event{evt.HostJoined{Name: "a"}, evt.ServerCreated{ID: "1"}, evt.ServerPlaced{ID: "1", Host: "a"}, evt.ServerBooted{ID: "1"},
		evt.HostDrainRequested{Name: "a", Servers: 1}}, events.Meta{})
	var rehearsed, asked []string
	d := &Drainer{Now: func() *projections.World { return w }, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
		Do: func(ctx context.Context, c ...commands.Command) (*projections.World, error) {
			name := c[0].CommandType()
			if commands.From(ctx).Rehearsal == nil {
				asked = append(asked, name)
				return w, nil
			}
			if rehearsed = append(rehearsed, name); len(rehearsed) < 4 {
				return w, commands.Refuse(commands.Invalid, "no")
			}
			return w, nil
		}}
	d.Once(t.Context())
	if want := []string{"compute.server.live_migrate", "compute.server.resize"}; !slices.Equal(rehearsed, want) || len(asked) > 0 {
		t.Errorf("rehearsed was %q, want %q; what is refused is asked for: %q", rehearsed, want, asked)
	}
	d.Once(t.Context())
	if want := []string{"compute.server.resize"}; !slices.Equal(asked, want) {
		t.Errorf("asked was %q, want %q", asked, want)
	}
}
