package cell

import (
	"testing"

	"skylog/events"
	computeevt "skylog/events/compute"
	imageevt "skylog/events/image"
	networkevt "skylog/events/network"
	"skylog/infra/memlog"
	"skylog/projections/public"
)

// indexed makes an index of frames with the events given, one frame each.
func indexed(t *testing.T, all ...events.Event) *History {
	t.Helper()
	h, err := OpenHistory(t.Context(), t.TempDir(), memlog.New(), testIDs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	for i, e := range all {
		f := events.Decoded{Seq: uint64(i) + 2, Commits: make([]events.Commit, 1), Facts: [][]events.Event{{e}}}
		if err := h.fold(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// seen lists the numbers of the events, from 0, of a story that a reader sees.
func (h *History) seen(t *testing.T, r public.Reader, s public.Subject) []int {
	t.Helper()
	positions, _, err := h.positions(r, s, public.Position{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for _, p := range positions {
		all = append(all, int(p.Seq)-2)
	}
	return all
}

func same(t *testing.T, what string, got []int, want ...int) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: events %v, want %v", what, got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: events %v, want %v", what, got, want)
		}
	}
}

func TestAServersStoryHasItsPortsAsLongAsTheyAreItsOwn(t *testing.T) {
	used := networkevt.PortSettings{DeviceID: "web", DeviceOwner: "compute:nova"}
	h := indexed(t,
		networkevt.PortCreated{ID: "port", ProjectID: "p", Settings: used},
		computeevt.ServerCreated{ID: "web", ProjectID: "p"},
		networkevt.PortBound{ID: "port", Host: "h"},
		networkevt.PortReconfigured{ID: "port"}, // taken from the server
		networkevt.PortDeleted{ID: "port"},
		computeevt.ServerDeleted{ID: "web"},
		computeevt.ServerRemainsRemoved{ID: "web", Host: "h"},
	)
	web := public.Subject{Service: "compute", Resource: "server", ID: "web"}
	same(t, "its owner", h.seen(t, public.Reader{ProjectID: "p"}, web), 0, 1, 2, 3, 5)
	same(t, "an administrator", h.seen(t, public.Reader{All: true}, web), 0, 1, 2, 3, 5, 6)
	same(t, "a stranger", h.seen(t, public.Reader{ProjectID: "q", UserID: "u"}, web))
	same(t, "nobody", h.seen(t, public.Reader{}, web))
}

func TestWhoGetsAThingDoesNotGetItsPast(t *testing.T) {
	h := indexed(t,
		imageevt.ImageCreated{ID: "i", OwnerID: "old"},
		imageevt.ImageMemberAdded{ImageID: "i", MemberID: "friend"},
		imageevt.ImageRenamed{ID: "i", Name: "mine"},
		imageevt.ImageOwnerChanged{ID: "i", OwnerID: "new"},
		imageevt.ImageRenamed{ID: "i", Name: "ours"},
	)
	image := public.Subject{Service: "image", Resource: "image", ID: "i"}
	same(t, "the old owner", h.seen(t, public.Reader{ProjectID: "old"}, image), 0, 1, 2, 3)
	same(t, "the new owner", h.seen(t, public.Reader{ProjectID: "new"}, image), 3, 4)
	same(t, "who it was shared with", h.seen(t, public.Reader{ProjectID: "friend"}, image), 1)
}

func TestWhatBelongsToNobodyIsForAdministrators(t *testing.T) {
	h := indexed(t,
		computeevt.ServerBooted{ID: "unheard-of"},
		computeevt.HostJoined{Name: "h"},
	)
	everyone := public.Reader{ProjectID: "p", UserID: "u"}
	if all, err := h.behind(everyone, public.Position{}, 100); err != nil || len(all) != 0 {
		t.Errorf("a tenant sees %v, %v", all, err)
	}
	if all, err := h.behind(public.Reader{All: true}, public.Position{}, 100); err != nil || len(all) != 2 {
		t.Errorf("an administrator sees %v, %v", all, err)
	}
}

func TestAStoryIsToldAsFarAsItHadCome(t *testing.T) {
	h := indexed(t,
		computeevt.ServerCreated{ID: "web", ProjectID: "p", Name: "web"},
		computeevt.ServerBooted{ID: "web"},
		computeevt.ServerDeleted{ID: "web"},
		computeevt.ServerCreated{ID: "late", ProjectID: "p", Name: "late"},
	)
	web, late := public.Subject{Service: "compute", Resource: "server", ID: "web"}, public.Subject{Service: "compute", Resource: "server", ID: "late"}
	then := public.Reader{ProjectID: "p", Until: 3} // frames begin at 2
	same(t, "its owner", h.seen(t, then, web), 0, 1)
	same(t, "its owner, of what wasn't there", h.seen(t, then, late))
	for name, want := range map[string]int{"web": 1, "late": 0} {
		if found, err := h.Find(t.Context(), then, name); err != nil || len(found) != want {
			t.Errorf("by then %v were called %s (%v), want %d", found, name, err, want)
		}
	}
	if _, visible, err := h.positions(then, late, public.Position{Seq: 1}, 10); err != nil || visible {
		t.Errorf("behind a place, what wasn't there is visible: %v (%v)", visible, err)
	}
}
