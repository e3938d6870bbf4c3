// Package image is what is known in the image service: a fold of its events.
package image

import (
	"skylog/projections/table"
	"time"

	"skylog/events"
)

// Tables are the tables of the image service.
type Tables struct {
	Images  Images
	Members Members
	Tasks   Tasks

	Namespaces    Namespaces
	ResourceTypes ResourceTypes
	Editions      Editions
}

// New makes the service's tables, empty.
func New() Tables {
	return Tables{Images: newImages(), Members: newMembers(), Tasks: newTasks(),
		Namespaces: newNamespaces(), ResourceTypes: newResourceTypes(), Editions: newEditions()}
}

// Apply folds one event into every table that it concerns.
func (t *Tables) Apply(e events.Event, m events.Meta) {
	t.Images.Apply(e, m)
	t.Members.Apply(e, m)
	t.Tasks.Apply(e, m)
	t.Namespaces.Apply(e, m)
	t.ResourceTypes.Apply(e, m)
	t.Editions.Apply(e, m)
}

// VisibleTo returns the image if the project may know of it: an administrator
// knows of all, everybody of public and community images, a project of its own
// and of those shared with it, whether it accepted them or not.
func (t *Tables) VisibleTo(imageID, projectID string, admin bool) (Image, bool) {
	i, ok := t.Images.Get(imageID)
	if !ok || !admin && !t.maySee(&i, projectID) {
		return Image{}, false
	}
	return i, true
}

func (t *Tables) maySee(i *Image, projectID string) bool {
	switch {
	case i.Visibility == Public || i.Visibility == Community:
		return true
	case projectID == "":
		return false
	case i.OwnerID == projectID:
		return true
	}
	return i.Visibility == Shared && t.Members.Has(MemberID{i.ID, projectID})
}

// Deadline is something that waits until Due at the latest.
type Deadline struct {
	Kind, ID string
	Due      time.Time
}

// The kinds of deadlines: of an upload or staged bytes, and of a task, whose
// import isn't heard of or of which nobody need know any more.
const (
	UploadDeadline = "upload"
	TaskDeadline   = "task"
)

// Due lists the deadlines that are passed by now, the oldest of each kind first.
func (t *Tables) Due(now time.Time, limit int) []Deadline {
	var found []Deadline
	for place, i := range table.From(t.Images.due, &t.Images.Of, dueAt{}) {
		if len(found) == limit || place.Value.nanos > now.UnixNano() {
			break
		}
		found = append(found, Deadline{UploadDeadline, i.ID, i.Due})
	}
	for place, task := range table.From(t.Tasks.due, &t.Tasks.Of, dueAt{}) {
		if len(found) == limit || place.Value.nanos > now.UnixNano() {
			break
		}
		found = append(found, Deadline{TaskDeadline, task.ID, task.Due})
	}
	return found
}
