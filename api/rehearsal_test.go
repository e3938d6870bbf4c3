package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"skylog/commands"
	"skylog/projections"
	"skylog/projections/public"
)

type wish struct{}

func (wish) CommandType() string { return "test.wish.make" }

type fact struct{}

func (fact) EventType() string { return "test.wish.made" }

// rehearsing mounts an operation that asks for a command with some words in its event.
func rehearsing(t *testing.T, words string) (g *Gateway, done *int) {
	t.Helper()
	done = new(int)
	do := Ask(func(ctx context.Context, _ ...commands.Command) (*projections.World, error) {
		if r := commands.From(ctx).Rehearsal; r != nil {
			r.Facts = append(r.Facts, fact{})
		} else {
			*done++
		}
		return projections.New(), nil
	})
	data, err := json.Marshal(map[string]string{"words": words})
	if err != nil {
		t.Fatal(err)
	}
	s := Sources{Rehearsed: func(_ context.Context, _ public.Reader, at time.Time, facts []commands.Fact) (all []PublicEvent, err error) {
		for _, f := range facts {
			all = append(all, PublicEvent{Type: f.EventType(), Time: at, Data: data})
		}
		return all, nil
	}}
	return gatewayOf(t, Options{Sources: s}, ComputeDialect, func(ctx context.Context) error {
		_, err := do(ctx, wish{})
		return err
	}), done
}

func post(g *Gateway, dry string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "http://cloud/test/x", nil)
	r.Header.Set("X-Auth-Token", "good")
	r.Header.Set(DryRunHeader, dry)
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

func TestADryRunIsAnsweredAsTheCallAndTellsItsEvents(t *testing.T) {
	g, done := rehearsing(t, "größer 😀\x7f")
	w := post(g, "true")
	if w.Code != 200 || w.Body.String() != `"fine"` || w.Header().Get(DryRunHeader) != "true" || w.Header().Get(EventCountHeader) != "1" || w.Header().Get(CommandHeader) != "" {
		t.Fatalf("%d %s %v", w.Code, w.Body, w.Header())
	}
	line := w.Header().Get(EventsHeader)
	var events []PublicEvent
	if err := json.Unmarshal([]byte(line), &events); err != nil || len(events) != 1 || events[0].Type != "test.wish.made" {
		t.Fatalf("%s (%v)", line, err)
	}
	for _, c := range []byte(line) {
		if c < ' ' || c >= 0x7f {
			t.Fatalf("%q can't be a header", line)
		}
	}
	if !strings.Contains(line, `gr\u00f6\u00dfer \ud83d\ude00`) {
		t.Errorf("the words are gone from %s", line)
	}
	w = post(g, "events")
	var told rehearsed
	if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil || told.Status != 200 || len(told.Events) != 1 || string(told.Body) != `"fine"` {
		t.Errorf("%s (%v)", w.Body, err)
	}
	if *done != 0 {
		t.Error("a dry run was done")
	}
	if w := post(g, "false"); w.Code != 200 || *done != 1 || w.Header().Get(DryRunHeader) != "" {
		t.Errorf("the call itself: %d, done %d times", w.Code, *done)
	}
	if w := post(g, "maybe"); w.Code != 400 || *done != 1 {
		t.Errorf("what is neither: %d, done %d times", w.Code, *done)
	}
}

func TestEventsThatAreTooLongForAHeaderAreCountedOnly(t *testing.T) {
	g, _ := rehearsing(t, strings.Repeat("long ", 2000))
	if w := post(g, "true"); w.Header().Get(EventsHeader) != "" || w.Header().Get(EventCountHeader) != "1" {
		t.Errorf("%v", w.Header())
	}
	if w := post(g, "events"); !strings.Contains(w.Body.String(), "long long") {
		t.Errorf("%.200s", w.Body)
	}
}

func TestWithoutRehearsalsADryRunIsRefusedAndNotDone(t *testing.T) {
	done := false
	g := gatewayOf(t, Options{}, NetworkDialect, func(context.Context) error { done = true; return nil })
	if w := post(g, "true"); w.Code != 501 || done || !strings.Contains(w.Body.String(), "NeutronError") {
		t.Errorf("%d %s, done: %v", w.Code, w.Body, done)
	}
}

func TestWhatAClientHasIsNotSentAgain(t *testing.T) {
	broken := false
	g := gatewayOf(t, Options{}, ComputeDialect, func(context.Context) error {
		if broken {
			return commands.Refuse(commands.NotFound, "Gone.")
		}
		return nil
	})
	w := get(g, "/test/x")
	tag := w.Header().Get("ETag")
	vary := strings.Join(w.Header().Values("Vary"), ", ")
	if w.Code != 200 || len(tag) < 10 || w.Header().Get("Cache-Control") != "private, no-cache" || !strings.Contains(vary, "X-Auth-Token") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	for _, known := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		if w := get(g, "/test/x", "If-None-Match", known); w.Code != 304 || w.Body.Len() != 0 || w.Header().Get("ETag") != tag || w.Header().Get("Content-Type") != "" {
			t.Errorf("who has %s: %d %s %v", known, w.Code, w.Body, w.Header())
		}
	}
	if w := get(g, "/test/x", "If-None-Match", `"other"`); w.Code != 200 || w.Body.Len() == 0 {
		t.Errorf("who has another: %d", w.Code)
	}
	if w := get(g, "/test/x", "If-None-Match", tag, "X-Auth-Token", "bad"); w.Code != 401 {
		t.Errorf("who may not: %d", w.Code)
	}
	broken = true
	if w := get(g, "/test/x", "If-None-Match", tag); w.Code != 404 || w.Header().Get("ETag") != "" || w.Header().Get("Cache-Control") != "private, no-cache" {
		t.Errorf("a fault: %d %v", w.Code, w.Header())
	}
}

func TestThePastIsReadWithTheRightsOfToday(t *testing.T) {
	then := projections.New()
	var asked public.Reader
	s := Sources{Past: func(_ context.Context, r public.Reader, place string) (*projections.World, string, error) {
		asked = r
		switch place {
		case "then":
			return then, "7", nil
		case "never":
			return nil, "", public.ErrFuture
		case "ever":
			return nil, "", public.ErrTooOld
		case "slow":
			return nil, "", errors.Join(commands.ErrBusy, context.DeadlineExceeded)
		}
		return nil, "", public.ErrNoPlace
	}}
	var seen *projections.World
	g := gatewayOf(t, Options{Sources: s}, ComputeDialect, func(ctx context.Context) error { seen = World(ctx); return nil })
	w := get(g, "/test/x", AsOfHeader, "then")
	if w.Code != 200 || w.Header().Get(AsOfHeader) != "7" || seen != then || asked != (public.Reader{ProjectID: "p", UserID: "ada"}) {
		t.Errorf("%d %v, asked by %v", w.Code, w.Header(), asked)
	}
	for place, status := range map[string]int{"never": 400, "ever": 410, "slow": 503, "nonsense": 400} {
		if w := get(g, "/test/x", AsOfHeader, place); w.Code != status {
			t.Errorf("%s: %d %s, want %d", place, w.Code, w.Body, status)
		}
	}
	if w := get(g, "/test/x", AsOfHeader, "then", "X-Auth-Token", "bad"); w.Code != 401 {
		t.Errorf("who may not: %d", w.Code)
	}
	r := httptest.NewRequest("POST", "http://cloud/test/x", nil)
	r.Header.Set("X-Auth-Token", "good")
	r.Header.Set(AsOfHeader, "then")
	w = httptest.NewRecorder()
	if g.ServeHTTP(w, r); w.Code != 400 {
		t.Errorf("a change of the past: %d", w.Code)
	}
}

func TestTheDocumentSaysWhichCallsCanBeRehearsedOrAskedOfThePast(t *testing.T) {
	g, _ := rehearsing(t, "x")
	var doc struct {
		Paths      map[string]map[string]struct{ Parameters []map[string]any }
		Components struct{ Parameters map[string]map[string]any }
	}
	if err := json.Unmarshal(g.document(), &doc); err != nil {
		t.Fatal(err)
	}
	refs := func(method string) (all string) {
		for _, p := range doc.Paths["/test/x"][method].Parameters {
			name, _ := p["$ref"].(string)
			name = name[strings.LastIndexByte(name, '/')+1:]
			if all += name + " "; doc.Components.Parameters[name]["in"] != "header" {
				t.Errorf("%s is explained nowhere", name)
			}
		}
		return all
	}
	if read, write := refs("get"), refs("post"); read != "IfNoneMatch AsOf " || write != "DryRun " {
		t.Errorf("a read takes %q, a change %q", read, write)
	}
}
