package compute

import (
	"context"
	"io"
	"log/slog"
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
		Do: func(_ context.Context, c ...commands.Command) (*projections.World, error) {
			asked = append(asked, c...)
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
	fold(evt.ServerPaused{ID: "1"})
	once("nobody asked for it", 0)
	fold(evt.HostDrainRequested{Name: "a", Servers: 3})
	once("two may be on their way, and one can't be moved", 2)
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
