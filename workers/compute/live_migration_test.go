package compute

import (
	"testing"
	"time"

	"github.com/goccy/go-json"

	"skylog/events"
	evt "skylog/events/compute"
	netevt "skylog/events/network"
	"skylog/projections"
)

// onItsWay is a world with a server that shall go from host a to host b, and how
// the wants of it are by host.
func onItsWay(t *testing.T, more ...events.Event) map[string]ServerWant {
	t.Helper()
	w := projections.New()
	number := uint64(0)
	for _, e := range append([]events.Event{evt.HostJoined{Name: "a"}, evt.HostJoined{Name: "b"},
		netevt.NetworkCreated{ID: "n", ProjectID: "p"},
		netevt.PortCreated{ID: "port", ProjectID: "p", NetworkID: "n", Settings: netevt.PortSettings{DeviceID: "s", DeviceOwner: "compute:nova"}},
		evt.ServerCreated{ID: "s", ProjectID: "p", PortIDs: []string{"port"}}, evt.ServerPlaced{ID: "s", Host: "a"}, netevt.PortBound{ID: "port", Host: "a"}, evt.ServerBooted{ID: "s"},
		evt.ServerLiveMigrationRequested{ID: "s", Host: "b", Migration: "m"}}, more...) {
		number++
		w.Facts([]events.Event{e}, events.Meta{Seq: number, Time: time.Unix(int64(number), 0)})
	}
	wants := Wants{ImageURL: func(id string) string { return id }, Open: func(_ string, sealed []byte) ([]byte, error) { return sealed, nil }}
	made, err := wants.of(w, "s")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]ServerWant{}
	for _, m := range made {
		var one ServerWant
		if err := json.Unmarshal(m.Data, &one); err != nil {
			t.Fatal(err)
		}
		if _, twice := all[m.Host]; twice || one.Host != m.Host {
			t.Errorf("host %s is wanted two things at once, or another's", m.Host)
		}
		all[m.Host] = one
	}
	return all
}

func TestBothHostsAreToldOfAServerOnItsWay(t *testing.T) {
	ready := evt.ServerLiveMigrationPrepared{ID: "s", Endpoint: "there"}
	for name, c := range map[string]struct {
		more                 []events.Event
		arrival              bool
		departure            *Departure
		goneHere, goneThere  bool
		portsHere, portThere int
	}{
		"while the next host gets ready": {nil, true, nil, false, false, 1, 1},
		"while it is sent":               {[]events.Event{ready}, true, &Departure{Migration: "m", Endpoint: "there"}, false, false, 1, 1},
		"when it may stand still":        {[]events.Event{ready, evt.ServerLiveMigrationForced{ID: "s"}}, true, &Departure{Migration: "m", Endpoint: "there", Hurry: true}, false, false, 1, 1},
		"when it shall stay":             {[]events.Event{ready, evt.ServerLiveMigrationAbortRequested{ID: "s"}}, true, &Departure{Migration: "m", Endpoint: "there", Abort: true}, false, false, 1, 1},
		"when nobody says where it is":   {[]events.Event{ready, evt.ServerActionFailed{ID: "s", Error: true}}, true, &Departure{Migration: "m", Endpoint: "there", Abort: true}, false, false, 1, 1},
		"when it stays":                  {[]events.Event{ready, evt.ServerLiveMigrationFailed{ID: "s"}, evt.ServerLeft{ID: "s", Host: "b"}}, false, nil, false, true, 1, 0},
		"when it is there":               {[]events.Event{ready, evt.ServerLiveMigrated{ID: "s"}, evt.ServerLeft{ID: "s", Host: "a"}, netevt.PortBound{ID: "port", Host: "b"}}, false, nil, true, false, 0, 1},
		"when it is deleted":             {[]events.Event{ready, evt.ServerDeletionRequested{ID: "s"}}, false, nil, true, true, 0, 0},
	} {
		wants := onItsWay(t, c.more...)
		here, there := wants["a"], wants["b"]
		if len(wants) != 2 || here.Gone != c.goneHere || there.Gone != c.goneThere {
			t.Errorf("%s: wanted is %+v", name, wants)
		}
		if (there.Arrival == "m") != c.arrival || here.Arrival != "" || there.Departure != nil {
			t.Errorf("%s: arrivals are %q here and %q there", name, here.Arrival, there.Arrival)
		}
		if (here.Departure == nil) != (c.departure == nil) || here.Departure != nil && *here.Departure != *c.departure {
			t.Errorf("%s: the departure is %+v, want %+v", name, here.Departure, c.departure)
		}
		if len(here.Ports) != c.portsHere || len(there.Ports) != c.portThere {
			t.Errorf("%s: ports here are %+v, there %+v", name, here.Ports, there.Ports)
		}
	}
}
