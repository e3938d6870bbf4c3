package image

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"skylog/events"
	evt "skylog/events/image"
	"skylog/projections/table"
)

// How a project took the offer of an image.
const (
	Pending  = "pending"
	Accepted = "accepted"
	Rejected = "rejected"
)

// MemberID is the key of a membership.
type MemberID struct{ ImageID, MemberID string }

// Member is a project with which an image is shared.
type Member struct {
	MemberID
	Status               string
	CreatedAt, UpdatedAt time.Time
}

// Members is the table of memberships, in the order of image and project.
type Members struct {
	table.Of[MemberID, Member]
	byStatus  table.Index[offer, MemberID, Member]
	perImage  table.Tally[string, int, MemberID, Member]
	perMember table.Tally[string, int, MemberID, Member]
}

type offer struct{ memberID, status string }

func newMembers() Members {
	t := Members{Of: table.New[MemberID, Member](func(a, b MemberID) int {
		return cmp.Or(strings.Compare(a.ImageID, b.ImageID), strings.Compare(a.MemberID, b.MemberID))
	})}
	t.byStatus = table.By(&t.Of, func(a, b offer) int {
		return cmp.Or(strings.Compare(a.memberID, b.memberID), strings.Compare(a.status, b.status))
	}, func(m *Member, emit func(offer)) { emit(offer{m.MemberID.MemberID, m.Status}) })
	t.perImage = table.Count(&t.Of, strings.Compare, func(m *Member) (string, bool) { return m.ImageID, true })
	t.perMember = table.Count(&t.Of, strings.Compare, func(m *Member) (string, bool) { return m.MemberID.MemberID, true })
	return t
}

// CountOf is how many members an image has.
func (t *Members) CountOf(imageID string) int { return table.Total(t.perImage, &t.Of, imageID) }

// OffersTo is how many images are shared with a project, in whatever status.
func (t *Members) OffersTo(projectID string) int { return table.Total(t.perMember, &t.Of, projectID) }

// OfImage goes through an image's members in the order of their ids.
func (t *Members) OfImage(imageID string) iter.Seq[Member] {
	return func(yield func(Member) bool) {
		for id, m := range t.From(MemberID{ImageID: imageID}) {
			if id.ImageID != imageID || !yield(m) {
				return
			}
		}
	}
}

// OfProject goes through the images shared with a project, in one status.
func (t *Members) OfProject(projectID, status string) iter.Seq[Member] {
	return func(yield func(Member) bool) {
		for _, m := range table.Each(t.byStatus, &t.Of, offer{projectID, status}) {
			if !yield(m) {
				return
			}
		}
	}
}

// Apply folds one event into the table.
func (t *Members) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ImageMemberAdded:
		id := MemberID{e.ImageID, e.MemberID}
		t.Put(id, Member{MemberID: id, Status: Pending, CreatedAt: m.Time, UpdatedAt: m.Time})
	case evt.ImageMemberAnswered:
		t.Update(MemberID{e.ImageID, e.MemberID}, func(row *Member) { row.Status, row.UpdatedAt = e.Status, m.Time })
	case evt.ImageMemberRemoved:
		t.Delete(MemberID{e.ImageID, e.MemberID})
	case evt.ImageDeleted:
		for _, member := range slices.Collect(t.OfImage(e.ID)) {
			t.Delete(member.MemberID)
		}
	}
}
