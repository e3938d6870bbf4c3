// Package public is what the log tells its users: for each type of event whose
// it is, in the story of which things it belongs, and what of it may be shown.
//
// A type has an entry in its service's file. What has none, or what an entry
// says nothing of, only administrators see. Secrets nobody sees.
package public

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"time"

	"skylog/events"
)

// Subject names a thing that has a story.
type Subject struct{ Service, Resource, ID string }

func (s Subject) String() string { return s.Service + "/" + s.Resource + "/" + s.ID }

// ParseSubject reads what String wrote.
func ParseSubject(text string) Subject {
	service, rest, _ := strings.Cut(text, "/")
	resource, id, _ := strings.Cut(rest, "/")
	return Subject{service, resource, id}
}

var (
	// ErrNoStory says that there is no such thing, or not for this reader.
	ErrNoStory = errors.New("no such thing is known")
	// ErrNoPlace says that something names no place in the log.
	ErrNoPlace = errors.New("this is neither the id of an event nor a time nor \"beginning\"")
	// ErrFuture says that a place lies behind all that has happened.
	ErrFuture = errors.New("this has not happened yet")
	// ErrTooOld says that the log doesn't reach back to a place.
	ErrTooOld = errors.New("the log doesn't reach back so far")
	// ErrBehind says that the log has more than can be told of it yet.
	ErrBehind = errors.New("the index of the log is not up to date yet")
)

// About is what an entry says of one event.
type About struct {
	// Subject is what it happened to. The service and the resource are those of
	// the type's wire name where they are left empty.
	Subject
	// Project and User are whose the thing is from now on; both empty: as it was.
	Project, User string
	// PartOf is the thing in whose story this one's events belong too, from now
	// on; nil: as it was, the zero Subject: none.
	PartOf *Subject
	// Also are further things in whose story this one event belongs.
	Also []Subject
	// For are those who see this one event beside the owner of the thing.
	For []Audience
	// Name is what the thing is called from now on; empty: as it was.
	Name string
}

// entry is what is said of the events of one type.
type entry func(events.Event) About

var entries = map[string]entry{}

// on files the entry of events of type E.
func on[E events.Event](about func(E) About) {
	var zero E
	if _, taken := entries[zero.EventType()]; taken {
		panic("public: two entries of " + zero.EventType())
	}
	entries[zero.EventType()] = func(e events.Event) About { return about(e.(E)) }
}

// internal files the entry of events that are the operators' business only.
func internal[E events.Event](id func(E) string) {
	on(func(e E) About { return About{Subject: Subject{ID: id(e)}} })
}

// its files the entry of events that only name a thing which is known already.
func its[E events.Event](id func(E) string) { internal(id) }

// Known says whether a type of events has an entry.
func Known(name string) bool { return entries[name] != nil }

// Of tells about an event. One without an entry is about nothing in particular, and nobody's.
func Of(e events.Event) About {
	var about About
	if tell := entries[e.EventType()]; tell != nil {
		about = tell(e)
	}
	service, rest, _ := strings.Cut(e.EventType(), ".")
	resource, _, _ := strings.Cut(rest, ".")
	if about.Service == "" {
		about.Service = service
	}
	if about.Resource == "" {
		about.Resource = resource
	}
	if about.Name == "" {
		about.Name = nameOf(e)
	}
	return about
}

// nameOf finds the name that an event gives its thing.
func nameOf(e events.Event) string {
	v := reflect.ValueOf(e)
	if v.Kind() != reflect.Struct {
		return ""
	}
	if settings := v.FieldByName("Settings"); settings.IsValid() && settings.Kind() == reflect.Struct {
		v = settings
	}
	if name := v.FieldByName("Name"); name.IsValid() && name.Kind() == reflect.String {
		return name.String()
	}
	return ""
}

// Audience is a group of readers, as the index of the log keeps them.
type Audience string

// Everything is the audience of administrators: all events are for them.
const Everything Audience = "*"

// Project is the audience of those who may read in a project.
func Project(id string) Audience { return Audience("p/" + id) }

// User is the audience of one user.
func User(id string) Audience { return Audience("u/" + id) }

// Reader is on whose behalf the log is read. The zero Reader sees nothing.
type Reader struct {
	ProjectID, UserID string
	All               bool // an administrator who wants to see everything
	// Until is the frame behind which nothing of a story is told; zero: all there is.
	Until uint64
}

// Audiences are those that the reader belongs to.
func (r Reader) Audiences() []Audience {
	var all []Audience
	switch {
	case r.All:
		return []Audience{Everything}
	case r.ProjectID != "":
		all = append(all, Project(r.ProjectID))
	}
	if r.UserID != "" {
		all = append(all, User(r.UserID))
	}
	return all
}

// Event is one event as its readers see it: a CloudEvent. Its id tells nothing
// of what others do.
type Event struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id,omitempty"` // opaque; a stream can be resumed behind it; none where it didn't happen
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject,omitempty"`
	Time            time.Time       `json:"time" layout:"2006-01-02T15:04:05.000000Z"`
	DataContentType string          `json:"datacontenttype"`
	Data            json.RawMessage `json:"data"`
}

// Entry is one step in the story of a thing: what happened, and because of what.
type Entry struct {
	Event
	Command  string    `json:"command"`  // the id of the command that it came of
	Commands []string  `json:"commands"` // what was asked
	Asked    time.Time `json:"asked" layout:"2006-01-02T15:04:05.000000Z"`
	UserID   string    `json:"user_id,omitempty"`
	Project  string    `json:"project_id,omitempty"`
	Request  string    `json:"request_id,omitempty"`
	Cause    string    `json:"cause,omitempty"`  // the id of the command whose effects led to it
	Origin   string    `json:"origin,omitempty"` // the node or host that asked; administrators only
}

// Found is a thing whose story can be read.
type Found struct {
	Service  string `json:"service"`
	Resource string `json:"resource"`
	ID       string `json:"id"`
	Name     string `json:"name,omitempty"` // the last it had
	Project  string `json:"project_id,omitempty"`
}

// Show makes what a reader sees of an event.
func Show(e events.Event, about About, at time.Time, r Reader) Event {
	source := "/v1/events"
	if !r.All {
		source = "/v1/projects/" + r.ProjectID + "/events"
	}
	return Event{SpecVersion: "1.0", Source: source, Type: e.EventType(), Subject: about.String(), Time: at.Truncate(time.Microsecond),
		DataContentType: "application/json", Data: render(e, r.All)}
}
