package image_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"skylog/events"
	evt "skylog/events/image"
	"skylog/projections"
	view "skylog/projections/image"
)

// cloud makes a world of images of three projects, of all visibilities, some
// shared, several of one name and time.
func cloud(t *rapid.T) *projections.World {
	w := projections.New()
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	for n := range rapid.IntRange(0, 25).Draw(t, "images") {
		id := fmt.Sprintf("i%02d", n)
		facts := events.List(evt.ImageCreated{
			ID: id, OwnerID: pick("owner", "p", "q", "r"), Name: pick("name", "", "a", "b"), DiskFormat: pick("format", "raw", "qcow2"),
			Visibility: pick("visibility", "public", "community", "shared", "private"),
		})
		if rapid.Bool().Draw(t, "has bytes") {
			facts = append(facts, evt.ImageUploaded{ID: id, Upload: "u" + id, SizeBytes: int64(rapid.IntRange(1, 3).Draw(t, "size"))})
		}
		if rapid.Bool().Draw(t, "has member") {
			facts = append(facts, evt.ImageMemberAdded{ImageID: id, MemberID: "p"},
				evt.ImageMemberAnswered{ImageID: id, MemberID: "p", Status: pick("answer", "pending", "accepted", "rejected")})
		}
		at := time.Unix(int64(rapid.IntRange(1, 4).Draw(t, "time")), 0).UTC()
		w.Facts(facts, events.Meta{Time: at})
	}
	return w
}

// A list read page by page is what a scan of everything, sorted, would give.
func TestPagesHaveEachVisibleImageOnceInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := cloud(t)
		order := func(label string) view.Order {
			return view.Order{By: view.SortKey(rapid.IntRange(0, int(view.ByID)).Draw(t, label)), Descending: rapid.Bool().Draw(t, label+" down")}
		}
		q := view.Query{
			ProjectID: "p", Admin: rapid.Bool().Draw(t, "admin"), MemberStatus: rapid.SampledFrom([]string{"accepted", "pending", "all"}).Draw(t, "member"),
			Visibility: rapid.SampledFrom([]string{"", "all", "public", "community", "shared", "private"}).Draw(t, "asked visibility"),
			OwnerID:    rapid.SampledFrom([]string{"", "p", "q"}).Draw(t, "asked owner"), Name: rapid.SampledFrom([]string{"", "a"}).Draw(t, "asked name"),
			Order: order("order"),
		}
		for range rapid.IntRange(0, 2).Draw(t, "further orders") {
			q.Then = append(q.Then, order("then"))
		}
		var want, got []string
		for id, i := range w.Image.Images.All() {
			if expected(w, i, q) {
				want = append(want, id)
			}
		}
		page := rapid.IntRange(1, 4).Draw(t, "page")
		var last *view.Image
		for more := true; more; {
			more = false
			n, next := 0, q
			next.After = last
			for i, wanted := range w.Image.List(next) {
				last = &i
				if wanted {
					got = append(got, i.ID)
				}
				if n++; n == page {
					more = true
					break
				}
			}
		}
		if !slices.IsSortedFunc(got, func(a, b string) int { return compare(w, q, a, b) }) {
			t.Fatalf("%+v gave %v, which is out of order", q, got)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%+v gave %v, want %v", q, got, want)
		}
	})
}

func expected(w *projections.World, i view.Image, q view.Query) bool {
	member, isMember := w.Image.Members.Get(view.MemberID{ImageID: i.ID, MemberID: q.ProjectID})
	shared := i.Visibility == "shared" && isMember && (q.MemberStatus == "all" || q.MemberStatus == member.Status)
	mine := i.OwnerID == q.ProjectID
	switch {
	case !q.Admin && !mine && !shared && i.Visibility != "public" && i.Visibility != "community":
		return false
	case q.OwnerID != "" && i.OwnerID != q.OwnerID, q.Name != "" && i.Name != q.Name:
		return false
	case q.Visibility == "":
		return i.Visibility != "community" || mine
	}
	return q.Visibility == "all" || q.Visibility == i.Visibility
}

func compare(w *projections.World, q view.Query, a, b string) int {
	x, _ := w.Image.Images.Get(a)
	y, _ := w.Image.Images.Get(b)
	for _, o := range append([]view.Order{q.Order}, q.Then...) {
		c := map[view.SortKey]func() int{
			view.ByCreatedAt:       func() int { return x.CreatedAt.Compare(y.CreatedAt) },
			view.ByUpdatedAt:       func() int { return x.UpdatedAt.Compare(y.UpdatedAt) },
			view.ByName:            func() int { return less(x.Name, y.Name) },
			view.BySize:            func() int { return int(x.SizeBytes - y.SizeBytes) },
			view.ByStatus:          func() int { return less(x.Status, y.Status) },
			view.ByDiskFormat:      func() int { return less(x.DiskFormat, y.DiskFormat) },
			view.ByContainerFormat: func() int { return less(x.ContainerFormat, y.ContainerFormat) },
			view.ByID:              func() int { return less(x.ID, y.ID) },
		}[o.By]()
		if o.Descending {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

func less(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func TestOneImageIsSeenByWhoMay(t *testing.T) {
	w := projections.New()
	w.Facts(events.List(
		evt.ImageCreated{ID: "private", OwnerID: "p", Visibility: "private"},
		evt.ImageCreated{ID: "shared", OwnerID: "p", Visibility: "shared"},
		evt.ImageMemberAdded{ImageID: "shared", MemberID: "q"},
		evt.ImageCreated{ID: "community", OwnerID: "p", Visibility: "community"},
	), events.Meta{Time: time.Unix(1, 0)})
	for _, c := range []struct {
		image, project string
		admin, seen    bool
	}{
		{"private", "p", false, true}, {"private", "q", false, false}, {"private", "q", true, true}, {"private", "", false, false},
		{"shared", "q", false, true}, {"shared", "r", false, false}, {"community", "r", false, true}, {"nothing", "p", true, false},
	} {
		if _, seen := w.Image.VisibleTo(c.image, c.project, c.admin); seen != c.seen {
			t.Errorf("image %s, project %q, admin %v: seen %v, want %v", c.image, c.project, c.admin, seen, c.seen)
		}
	}
}
