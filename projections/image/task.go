package image

import (
	"cmp"
	"iter"
	"strings"
	"time"

	"skylog/events"
	evt "skylog/events/image"
	"skylog/projections/table"
)

// The states of a task.
const (
	TaskPending    = "pending"
	TaskProcessing = "processing"
	TaskSuccess    = "success"
	TaskFailure    = "failure"
)

// taskLife is how long after its end a task is still told of: Glance's default.
const taskLife = 48 * time.Hour

// Task is an import that was asked for.
type Task struct {
	ID, ImageID                string
	OwnerID, UserID, RequestID string // who asked
	Method, Status, Message    string
	URI                        string // for people
	Sealed                     []byte // the whole of it, under the key of Project
	Project                    string
	Stores                     []string
	AllMustSucceed             bool
	CreatedAt, UpdatedAt       time.Time
	// Due is until when the import must be heard of; once it has ended, when it is
	// forgotten.
	Due time.Time
}

// Open says whether the import is still to be done.
func (t *Task) Open() bool { return t.Status == TaskPending || t.Status == TaskProcessing }

// Tasks is the table of tasks, in the order of their ids.
type Tasks struct {
	table.Of[string, Task]
	sorted   table.Index[taskAt, string, Task]
	open     table.Index[dueAt, string, Task]
	due      table.Index[dueAt, string, Task]
	perOwner table.Tally[string, int, string, Task]
}

// TaskOrder is by what a list of tasks is sorted.
type TaskOrder uint8

// The orders of tasks. Tasks of equal value stand in the order of their creation.
const (
	TasksByCreation TaskOrder = iota
	TasksByUpdate
	TasksByStatus
	TasksByID
)

// taskAt is where a task stands in a list: of all, of an owner's or of an image's.
type taskAt struct {
	scope   string
	by      TaskOrder
	text    string
	nanos   int64
	created int64
}

func compareTasks(a, b taskAt) int {
	return cmp.Or(strings.Compare(a.scope, b.scope), cmp.Compare(a.by, b.by), strings.Compare(a.text, b.text), cmp.Compare(a.nanos, b.nanos), cmp.Compare(a.created, b.created))
}

func (t *Task) at(scope string, by TaskOrder) taskAt {
	p := taskAt{scope: scope, by: by, created: t.CreatedAt.UnixNano()}
	switch by {
	case TasksByUpdate:
		p.nanos = t.UpdatedAt.UnixNano()
	case TasksByStatus:
		p.text = t.Status
	case TasksByID:
		p.text = t.ID
	}
	return p
}

func newTasks() Tasks {
	t := Tasks{Of: table.New[string, Task](strings.Compare)}
	t.sorted = table.By(&t.Of, compareTasks, func(t *Task, emit func(taskAt)) {
		emit(t.at("image:"+t.ImageID, TasksByCreation))
		for by := TasksByCreation; by <= TasksByID; by++ {
			emit(t.at(everything, by))
		}
	})
	byDue := func(a, b dueAt) int { return cmp.Compare(a.nanos, b.nanos) }
	t.open = table.By(&t.Of, byDue, func(t *Task, emit func(dueAt)) {
		if t.Open() {
			emit(dueAt{t.CreatedAt.UnixNano()})
		}
	})
	t.due = table.By(&t.Of, byDue, func(t *Task, emit func(dueAt)) { emit(dueAt{t.Due.UnixNano()}) })
	t.perOwner = table.Count(&t.Of, strings.Compare, func(t *Task) (string, bool) { return t.OwnerID, true })
	return t
}

// CountOf is how many tasks of a project are told of.
func (t *Tasks) CountOf(projectID string) int { return table.Total(t.perOwner, &t.Of, projectID) }

// Waiting goes through the imports that are still to be done, the oldest first.
func (t *Tasks) Waiting() iter.Seq[Task] {
	return func(yield func(Task) bool) {
		for _, task := range table.From(t.open, &t.Of, dueAt{}) {
			if !yield(task) {
				return
			}
		}
	}
}

// OfImage goes through an image's tasks, the oldest first.
func (t *Tasks) OfImage(imageID string) iter.Seq[Task] {
	return t.list("image:"+imageID, TasksByCreation, false, nil)
}

// List goes through all tasks in an order, from behind one on.
func (t *Tasks) List(by TaskOrder, descending bool, after *Task) iter.Seq[Task] {
	return t.list(everything, by, descending, after)
}

func (t *Tasks) list(scope string, by TaskOrder, descending bool, after *Task) iter.Seq[Task] {
	from, key := taskAt{scope: scope, by: by, nanos: -1 << 63}, ""
	if descending {
		from.by++ // before the first of the next order
	}
	if after != nil {
		from, key = after.at(scope, by), after.ID
	}
	walk := table.Behind(t.sorted, &t.Of, from, key)
	if descending {
		walk = table.Before(t.sorted, &t.Of, from, key)
	}
	return func(yield func(Task) bool) {
		for at, task := range walk {
			if at.Value.scope != scope || at.Value.by != by {
				return
			}
			if (after == nil || task.ID != after.ID) && !yield(task) {
				return
			}
		}
	}
}

// Apply folds one event into the table.
func (t *Tasks) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ImportRequested:
		t.Put(e.TaskID, Task{ID: e.TaskID, ImageID: e.ImageID, OwnerID: m.Caller.ProjectID, UserID: m.Caller.UserID, RequestID: m.Caller.RequestID,
			Method: e.Method, Status: TaskPending, URI: e.URI, Sealed: e.Sealed, Project: e.Project, Stores: e.Stores,
			AllMustSucceed: e.AllMustSucceed, CreatedAt: m.Time, UpdatedAt: m.Time, Due: e.Due})
	case evt.ImportContinued:
		t.Update(e.TaskID, func(t *Task) { t.Status, t.Message, t.Due, t.UpdatedAt = TaskProcessing, e.Note, e.Due, m.Time })
	case evt.ImageImported:
		t.end(e.TaskID, TaskSuccess, told(e.Failed), m)
	case evt.ImageCopied:
		t.end(e.TaskID, TaskSuccess, told(e.Failed), m)
	case evt.ImportFailed:
		t.end(e.TaskID, TaskFailure, e.Reason, m)
	case evt.ImageDeleted:
		for _, id := range t.openOf(e.ID) {
			t.end(id, TaskFailure, "The image was deleted.", m)
		}
	case evt.TaskExpired:
		t.Delete(e.TaskID)
	}
}

func told(failed []string) string {
	if len(failed) == 0 {
		return ""
	}
	return "These stores could not be reached: " + strings.Join(failed, ",")
}

// openOf are an image's tasks that haven't ended.
func (t *Tasks) openOf(imageID string) (ids []string) {
	for task := range t.OfImage(imageID) {
		if task.Open() {
			ids = append(ids, task.ID)
		}
	}
	return ids
}

func (t *Tasks) end(id, status, message string, m events.Meta) {
	t.Update(id, func(t *Task) {
		t.Status, t.Message, t.UpdatedAt, t.Due, t.Sealed = status, message, m.Time, m.Time.Add(taskLife), nil
	})
}
