package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api/policy"
	"skylog/commands"
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

// PublicEvent is one event as tenants see it: a CloudEvent. Its id tells nothing
// of what others do.
type PublicEvent struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"` // opaque; a stream can be resumed behind it
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject,omitempty"`
	Time            time.Time       `json:"time" layout:"2006-01-02T15:04:05.000000Z"`
	DataContentType string          `json:"datacontenttype"`
	Data            json.RawMessage `json:"data"`
}

// HistoryEntry is one step in the story of a resource.
type HistoryEntry struct {
	PublicEvent
	Command string `json:"command"`
	Cause   string `json:"cause,omitempty"`
	Request string `json:"request,omitempty"`
}

// ErrNoSuch is what a source returns for what it doesn't know, or what isn't the
// project's to see.
var ErrNoSuch = errors.New("no such thing")

// Sources are where Skylog's own calls have their answers from. A call whose
// source is nil is not mounted.
type Sources struct {
	// Command tells what became of a command, or ErrNoSuch.
	Command func(ctx context.Context, id string) (CommandOutcome, error)
	// Follow sends the events that project may see behind the event since (empty:
	// from now on), and those to come until ctx ends; project "" sees all.
	Follow func(ctx context.Context, project, since string, send func(PublicEvent) error) error
	// History is the story of one resource, at most limit entries behind the event after.
	History func(ctx context.Context, project, service, resource, id, after string, limit int) ([]HistoryEntry, error)
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
				Handle(a, "GET /commands/{id}", "skylog:commands:show", http.StatusOK, s.showCommand)
			}
			if s.Follow != nil {
				Handle(a, "GET /events", "skylog:events:follow", http.StatusOK, s.followEvents, Stream)
			}
			if s.History != nil {
				Handle(a, "GET /history/{service}/{resource}/{id}", "skylog:history:show", http.StatusOK, s.showHistory)
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

type followIn struct {
	Since       string `query:"since" maxLength:"255" doc:"the id of the last event seen"`
	LastEventID string `header:"Last-Event-ID" maxLength:"255"`
	AllProjects bool   `query:"all_projects"`
}

// followEvents streams events until the client goes away.
func (s Sources) followEvents(ctx context.Context, in *followIn) (*huma.StreamResponse, error) {
	project := From(ctx).ProjectID
	if in.AllProjects {
		if err := AllowRule(ctx, "skylog:events:all", Target{}); err != nil {
			return nil, err
		}
		project = ""
	} else if project == "" {
		return nil, commands.Refuse(commands.Invalid, "Events are followed with a token of a project.")
	}
	since := in.LastEventID
	if since == "" {
		since = in.Since
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) { s.stream(hc, project, since) }}, nil
}

// stillHere is how often an idle stream says so, that proxies don't end it.
const stillHere = 15 * time.Second

func (s Sources) stream(hc huma.Context, project, since string) {
	hc.SetHeader("Content-Type", "text/event-stream")
	hc.SetHeader("Cache-Control", "no-store")
	hc.SetStatus(http.StatusOK)
	w := hc.BodyWriter()
	flush := func() {
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
	}
	flush()
	ctx, cancel := context.WithCancel(hc.Context())
	defer cancel()
	lines := make(chan []byte)
	go func() {
		defer close(lines)
		s.Follow(ctx, project, since, func(e PublicEvent) error {
			data, err := encode(nil, e, Version{})
			if err != nil {
				return err
			}
			select {
			case lines <- fmt.Appendf(nil, "id: %s\nevent: %s\ndata: %s\n\n", e.ID, e.Type, data):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	tick := time.NewTicker(stillHere)
	defer tick.Stop()
	for {
		line := []byte(": still here\n\n")
		var open bool
		select {
		case line, open = <-lines:
			if !open {
				return
			}
		case <-tick.C:
		}
		if _, err := w.Write(line); err != nil {
			return
		}
		flush()
	}
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
	project := From(ctx).ProjectID
	if Can(ctx, "skylog:events:all", Target{}) {
		project = ""
	}
	limit := in.Limit
	if limit == 0 {
		limit = MaxPage
	}
	entries, err := s.History(ctx, project, in.Service, in.Resource, in.ID, in.After, limit)
	if errors.Is(err, ErrNoSuch) {
		return nil, commands.Refuse(commands.NotFound, "No %s %s is known.", in.Resource, in.ID)
	}
	if err != nil {
		return nil, err
	}
	out := &historyOut{}
	out.Body.History = entries
	if len(entries) == limit {
		last := entries[len(entries)-1].ID
		out.Body.Next = With(ctx, map[string]string{"after": last, "limit": strconv.Itoa(limit)})
	}
	return out, nil
}
