package api

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api/policy"
	"skylog/commands"
	"skylog/projections"
	"skylog/projections/public"
)

// CommandOutcome is what became of a command.
type CommandOutcome struct {
	ID      string    `json:"id"`
	State   string    `json:"state"` // pending, granted, refused, broken
	Kind    string    `json:"kind,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Message string    `json:"message,omitempty"`
	At      time.Time `json:"at"`

	ProjectID string `json:"-"`
	UserID    string `json:"-"`
}

// PublicEvent is one event as its readers see it.
type PublicEvent = public.Event

// HistoryEntry is one step in the story of a resource.
type HistoryEntry = public.Entry

// ErrNoSuch is what a source returns for what it doesn't know, or what isn't the
// project's to see.
var ErrNoSuch = errors.New("no such thing")

// Sources are where Skylog's own calls have their answers from. A call whose
// source is nil is not mounted.
type Sources struct {
	// Command tells what became of a command, or ErrNoSuch.
	Command func(ctx context.Context, id string) (CommandOutcome, error)
	// Follow returns the events that the reader may see behind a place in the log
	// (empty: from now on) and, if on is set, those to come until ctx ends.
	// public.ErrNoPlace where there is no such place.
	Follow func(ctx context.Context, r public.Reader, since string, on bool) (iter.Seq2[PublicEvent, error], error)
	// History is the story of one thing, at most limit entries behind the event
	// after; public.ErrNoStory for what isn't there or not the reader's.
	History func(ctx context.Context, r public.Reader, s public.Subject, after string, limit int) ([]HistoryEntry, error)
	// Find lists the things of an id or a name that the reader may read the story of.
	Find func(ctx context.Context, r public.Reader, name string) ([]public.Found, error)
	// Past is the world at a place in the log, and what the reader may call that
	// place; nil: none but the present one is served. public.ErrNoPlace, ErrFuture
	// and ErrTooOld say why there is none.
	Past func(ctx context.Context, r public.Reader, place string) (*projections.World, string, error)
	// Rehearsed shows what a rehearsal would have caused, as far as the reader would
	// see it; nil: there are no rehearsals.
	Rehearsed func(ctx context.Context, r public.Reader, at time.Time, facts []commands.Fact) ([]PublicEvent, error)
}

// skylogService has Skylog's own calls.
func skylogService(s Sources) *Service {
	return &Service{
		Name: "skylog", Root: "/v1", Dialect: SkylogDialect,
		Policy: policy.Rules{
			"skylog:commands:show": "rule:project_reader_or_admin",
			"skylog:events:follow": "rule:project_reader_or_admin",
			"skylog:events:all":    "rule:context_is_admin",
			"skylog:history:show":  "rule:project_reader_or_admin",
		},
		Mount: func(a huma.API) {
			if s.Command != nil {
				Handle(a, "GET /commands/{id}", "skylog:commands:show", http.StatusOK, s.showCommand, PresentOnly)
			}
			if s.Follow != nil {
				Handle(a, "GET /events", "skylog:events:follow", http.StatusOK, newFollowers(s.Follow).follow, Stream)
			}
			if s.History != nil {
				Handle(a, "GET /history/{service}/{resource}/{id}", "skylog:history:show", http.StatusOK, s.showHistory)
			}
			if s.Find != nil {
				Handle(a, "GET /history", "skylog:history:show", http.StatusOK, s.findHistory)
			}
		},
	}
}

type commandID struct {
	ID string `path:"id" format:"uuid"`
}

type commandOut struct{ Body CommandOutcome }

func (s Sources) showCommand(ctx context.Context, in *commandID) (*commandOut, error) {
	c, err := s.Command(ctx, in.ID)
	missing := commands.Refuse(commands.NotFound, "No command %s is known.", in.ID)
	if errors.Is(err, ErrNoSuch) {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	if err := Allow(ctx, Target{ProjectID: c.ProjectID, UserID: c.UserID, Missing: missing}); err != nil {
		return nil, missing
	}
	return &commandOut{c}, nil
}

type historyIn struct {
	Service  string `path:"service" maxLength:"64"`
	Resource string `path:"resource" maxLength:"64"`
	ID       string `path:"id" maxLength:"255"`
	After    string `query:"after" maxLength:"255"`
	Limit    int    `query:"limit" minimum:"1" maximum:"1000"`
}

type historyOut struct {
	Body struct {
		History []HistoryEntry `json:"history"`
		Next    string         `json:"next,omitempty"`
	}
}

func (s Sources) showHistory(ctx context.Context, in *historyIn) (*historyOut, error) {
	limit := in.Limit
	if limit == 0 {
		limit = defaultStory
	}
	thing := public.Subject{Service: in.Service, Resource: in.Resource, ID: in.ID}
	entries, err := s.History(ctx, of(ctx).reader(), thing, in.After, limit)
	if err != nil {
		return nil, logFault(err, "No "+in.Resource+" "+in.ID+" is known.")
	}
	out := &historyOut{}
	out.Body.History = entries
	if len(entries) == limit {
		last := entries[len(entries)-1].ID
		out.Body.Next = With(ctx, map[string]string{"after": last, "limit": strconv.Itoa(limit)})
	}
	return out, nil
}

// defaultStory is how many entries of a story are shown where nobody says how many.
const defaultStory = 200

// logFault says in the API's words why the log gives no answer.
func logFault(err error, missing string) error {
	switch {
	case errors.Is(err, public.ErrNoStory):
		return commands.Refuse(commands.NotFound, "%s", missing)
	case errors.Is(err, public.ErrNoPlace):
		return commands.Refuse(commands.Invalid, "This is neither the id of an event nor a time nor \"beginning\".")
	case errors.Is(err, public.ErrBehind):
		return Fail(http.StatusServiceUnavailable, "The index of the log is being made. Try again later.").with("Retry-After", "5")
	}
	return err
}

type findIn struct {
	Name string `query:"name" required:"true" minLength:"1" maxLength:"255" doc:"the id of a thing, or a name that it has or had"`
}

type findOut struct {
	Body struct {
		Things []public.Found `json:"things"`
	}
}

func (s Sources) findHistory(ctx context.Context, in *findIn) (*findOut, error) {
	out := &findOut{}
	var err error
	if out.Body.Things, err = s.Find(ctx, of(ctx).reader(), in.Name); err != nil {
		return nil, logFault(err, "")
	}
	return out, nil
}
