// Package given tests deciders by what was given, when a command comes, and what
// is decided then. It folds the given events into an empty world, decides, and
// compares; there is nothing to mock.
package given

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"skylog/commands"
	"skylog/events"
	"skylog/handlers"
	"skylog/projections"

	"github.com/goccy/go-json"
)

// Events is a list of events.
type Events []events.Event

// Case is one decision.
type Case struct {
	Name    string
	Given   Events
	When    commands.Command
	Then    Events
	Refused commands.Kind // instead of Then
	Origin  string        // where the command comes from; empty: the API
}

// Start is the log time at which given events are folded, a second apart, and
// the world's time when the command is decided is that of the last.
var Start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// World is the world that these events lead to.
func World(t testing.TB, given Events) *projections.World {
	t.Helper()
	w := projections.New()
	for i, e := range given {
		at := Start.Add(time.Duration(i) * time.Second)
		w.Facts(events.List(again(t, e)), events.Meta{Seq: uint64(i + 1), Time: at, Command: "given"})
		w.Seq, w.Time = uint64(i+1), at
	}
	return w
}

// Run runs each case as a subtest.
func Run(t *testing.T, service handlers.Service, cases []Case) {
	t.Helper()
	rules := handlers.NewRegistry(service)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			w := World(t, c.Given)
			data, err := json.Marshal(c.When)
			if err != nil {
				t.Fatal(err)
			}
			origin := c.Origin
			if origin == "" {
				origin = "api.test"
			}
			decided, err := rules.Decide(w, commands.Record{Type: c.When.CommandType(), Data: data}, origin)
			check(t, c, decided, err)
			w.Facts(decided, events.Meta{Seq: w.Seq + 1, Time: w.Time}) // what is decided must fold
		})
	}
}

// addresses compare as such: they have no fields to look into.
var addresses = cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})

func check(t *testing.T, c Case, decided []events.Event, err error) {
	t.Helper()
	refusal, refused := commands.Refused(err)
	switch {
	case err != nil && !refused:
		t.Fatalf("%#v broke: %v", c.When, err)
	case c.Refused != "" && !refused:
		t.Fatalf("%#v was granted:\n%+v\nwant it refused as %q", c.When, decided, c.Refused)
	case c.Refused != "" && refusal.Kind != c.Refused:
		t.Fatalf("%#v was refused as %q (%s), want %q", c.When, refusal.Kind, refusal.Message, c.Refused)
	case c.Refused == "" && refused:
		t.Fatalf("%#v was refused as %q (%s), want\n%+v", c.When, refusal.Kind, refusal.Message, c.Then)
	case c.Refused != "":
		return
	}
	if diff := cmp.Diff([]events.Event(c.Then), decided, cmpopts.EquateEmpty(), addresses); diff != "" {
		t.Fatalf("%#v: want (-) and got (+) differ:\n%s", c.When, diff)
	}
	for _, e := range decided {
		if diff := cmp.Diff(e, again(t, e), cmpopts.EquateEmpty(), addresses); diff != "" {
			t.Fatalf("%s changes on the wire:\n%s", e.EventType(), diff)
		}
	}
}

// again is the event as it comes back from the wire.
func again(t testing.TB, e events.Event) events.Event {
	t.Helper()
	record, err := projections.Codec.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := projections.Codec.Decode(record)
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}
