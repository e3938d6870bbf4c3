package api

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/commands"
	"skylog/projections/public"
)

const (
	// stillHere is how often an idle stream says so, that proxies don't end it.
	stillHere = 15 * time.Second
	// askAgain is how often an idle stream asks whether its caller may still
	// read; one that isn't idle asks before each event.
	askAgain = time.Second
	// stalled is how long a write to a reader who takes nothing may hang. The
	// reader is cut off then and goes on behind the last event that came.
	stalled = 30 * time.Second
	// maxStreams and maxStreamsOfOne bound how many streams are open, of all and of one user.
	maxStreams      = 4096
	maxStreamsOfOne = 64
)

// followers are the open streams of events.
type followers struct {
	source func(context.Context, public.Reader, string, bool) (iter.Seq2[PublicEvent, error], error)
	mu     sync.Mutex
	all    int
	of     map[string]int // by user
}

func newFollowers(source func(context.Context, public.Reader, string, bool) (iter.Seq2[PublicEvent, error], error)) *followers {
	return &followers{source: source, of: map[string]int{}}
}

type followIn struct {
	Since       string   `query:"since" maxLength:"255" doc:"the id of the last event seen, an RFC 3339 time, or beginning; left out: now"`
	LastEventID string   `header:"Last-Event-ID" maxLength:"255"`
	Types       []string `query:"type,explode" maxItems:"32" doc:"types of events, or what they begin with"`
	Subject     string   `query:"subject" maxLength:"512" doc:"service/resource/id"`
	AllProjects bool     `query:"all_projects"`
	Follow      bool     `query:"follow" default:"true" doc:"false: end behind the last event that there is"`
}

// wants says whether an event passes the caller's filters.
func (in *followIn) wants(e *PublicEvent) bool {
	if in.Subject != "" && in.Subject != e.Subject {
		return false
	}
	for _, t := range in.Types {
		if rest, ok := strings.CutPrefix(e.Type, t); ok && (rest == "" || rest[0] == '.' || strings.HasSuffix(t, ".")) {
			return true
		}
	}
	return len(in.Types) == 0
}

// follow streams events as server-sent events until the client goes away or may
// no longer read them.
func (f *followers) follow(ctx context.Context, in *followIn) (*huma.StreamResponse, error) {
	who, rule := From(ctx), "skylog:events:follow"
	r := public.Reader{ProjectID: who.ProjectID, UserID: who.UserID, All: in.AllProjects}
	target := Target{ProjectID: who.ProjectID}
	switch {
	case in.AllProjects:
		rule, target = "skylog:events:all", Target{}
	case who.ProjectID == "":
		return nil, commands.Refuse(commands.Invalid, "Events are followed with a token of a project.")
	}
	if err := AllowRule(ctx, rule, target); err != nil {
		return nil, err
	}
	since := in.Since
	if in.LastEventID != "" {
		since = in.LastEventID
	}
	req := of(ctx)
	following, stop := context.WithCancel(req.http.Context())
	events, err := f.source(following, r, since, in.Follow)
	if err != nil {
		stop()
		return nil, logFault(err, "")
	}
	if !f.enter(who.UserID) {
		stop()
		return nil, Fail(http.StatusTooManyRequests, "Too many streams of events are open.").with("Retry-After", "30")
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer f.leave(who.UserID)
		defer stop()
		s := &eventStream{w: hc.BodyWriter(), may: func() bool { return req.still(rule, target) }}
		hc.SetHeader("Content-Type", "text/event-stream")
		hc.SetHeader("Cache-Control", "no-store")
		hc.SetHeader("X-Accel-Buffering", "no")
		hc.SetStatus(http.StatusOK)
		s.run(following, stop, events, in.wants)
	}}, nil
}

func (f *followers) enter(user string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all >= maxStreams || f.of[user] >= maxStreamsOfOne {
		return false
	}
	f.all++
	f.of[user]++
	return true
}

func (f *followers) leave(user string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all--
	if f.of[user]--; f.of[user] == 0 {
		delete(f.of, user)
	}
}

// still says whether the caller may do now what they could when the request began.
func (r *request) still(rule string, t Target) bool {
	who, err := r.gateway.identify(r.gateway.now(), r.http.Header.Get("X-Auth-Token"))
	if err != nil || who.UserID != r.who.UserID || who.ProjectID != r.who.ProjectID {
		return false
	}
	return r.gateway.policy.Allows(rule, credentials(&who), t.lookup)
}

// eventStream writes one stream. Nothing is held back for a slow reader: what it
// doesn't take stays in the log.
type eventStream struct {
	w      interface{ Write([]byte) (int, error) }
	may    func() bool
	failed error // why there are no more events; read once they have ended
}

// run writes events until ctx ends, and stops their source by then.
func (s *eventStream) run(ctx context.Context, stop context.CancelFunc, events iter.Seq2[PublicEvent, error], wants func(*PublicEvent) bool) {
	lines := make(chan []byte)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(lines)
		s.failed = pump(ctx, events, wants, lines)
	})
	defer reading.Wait()
	defer stop()
	check, beat := time.NewTicker(askAgain), time.NewTicker(stillHere)
	defer check.Stop()
	defer beat.Stop()
	line, open := []byte(": following\n\n"), true
	for {
		switch {
		case !s.may():
			s.end("the token no longer allows this")
			return
		case !open && s.failed != nil:
			s.end("the log can't be read now; resume behind the last event")
			return
		case !open:
			s.end("complete")
			return
		case line != nil && s.write(line) != nil:
			return
		}
		line, open = nil, true
		select {
		case line, open = <-lines:
		case <-check.C:
		case <-beat.C:
			line = []byte(": still here\n\n")
		case <-ctx.Done(): // the reader has gone, or the server stops
			s.end("the server stops; resume behind the last event")
			return
		}
	}
}

// pump turns events into lines until there are no more of them.
func pump(ctx context.Context, events iter.Seq2[PublicEvent, error], wants func(*PublicEvent) bool, lines chan<- []byte) error {
	for e, err := range events {
		if err != nil {
			return err
		}
		if !wants(&e) {
			continue
		}
		data, err := encode(nil, e, Version{})
		if err != nil {
			return err
		}
		select {
		case lines <- fmt.Appendf(nil, "id: %s\nevent: %s\ndata: %s\n\n", e.ID, e.Type, data):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// end is the last event of a stream: it says why there are no more.
func (s *eventStream) end(reason string) {
	_ = s.write(fmt.Appendf(nil, "event: end\ndata: {\"reason\":%q}\n\n", reason)) // it ends either way
}

func (s *eventStream) write(line []byte) error {
	if w, ok := s.w.(http.ResponseWriter); ok {
		control := http.NewResponseController(w)
		_ = control.SetWriteDeadline(time.Now().Add(stalled)) // where there is no connection there is none to stall
		if _, err := w.Write(line); err != nil {
			return err
		}
		return control.Flush()
	}
	_, err := s.w.Write(line)
	return err
}
