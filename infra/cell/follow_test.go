package cell

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/infra/memlog"
	"skylog/projections"
	"skylog/projections/public"
)

// told is a running cell with an index and a gateway before it. A token is
// "<project>/<user>", of an administrator if that is "root".
type told struct {
	*Cell
	*History
	URL     string
	revoked atomic.Pointer[string]
}

var testIDs = public.IDs{Key: [32]byte{42}}

func tell(t *testing.T, store Store, dir string) (w *told, stop func()) {
	t.Helper()
	c, stopCell := run(t, store, "")
	w = &told{Cell: c}
	var err error
	if w.History, err = OpenHistory(t.Context(), dir, store, testIDs); err != nil {
		t.Fatal(err)
	}
	w.History.Attach(c)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.History.Run(ctx, c) }()
	g, err := api.New(api.Options{Now: c.Now, Log: quiet, Authenticate: w.authenticate,
		Sources: api.Sources{Follow: w.Follow, History: w.Of, Find: w.Find}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g)
	w.URL = server.URL
	stop = func() {
		if ctx.Err() != nil {
			return
		}
		server.CloseClientConnections()
		server.Close()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := w.History.Close(); err != nil {
			t.Error(err)
		}
		stopCell()
	}
	t.Cleanup(stop)
	return w, stop
}

func (w *told) authenticate(_ *projections.World, token string) (api.Who, error) {
	project, user, ok := strings.Cut(token, "/")
	if gone := w.revoked.Load(); !ok || gone != nil && *gone == token {
		return api.Who{}, errors.New("no such token")
	}
	who := api.Who{UserID: user, ProjectID: project, Roles: []string{"reader"}}
	if user == "root" {
		who.Roles = []string{"admin", "member", "reader"}
	}
	return who, nil
}

// quota sets a project's quota, which is an event that its readers see.
func (w *told) quota(t *testing.T, project string, cores int) {
	t.Helper()
	ctx := commands.With(t.Context(), commands.Caller{UserID: "root", ProjectID: "ops", RequestID: "req-1"})
	if _, err := w.Do(ctx, cmd.SetQuota{ProjectID: project, Limits: map[string]int{"cores": cores}}); err != nil {
		t.Fatal(err)
	}
}

type stream struct {
	*bufio.Scanner
	close func() error
}

func (w *told) stream(t *testing.T, token, query, lastID string) *stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	r, _ := http.NewRequestWithContext(ctx, "GET", w.URL+"/v1/events"+query, nil)
	r.Header.Set("X-Auth-Token", token)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reply.Body.Close() })
	if reply.StatusCode != 200 || reply.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("status %d, %s", reply.StatusCode, reply.Header.Get("Content-Type"))
	}
	s := &stream{bufio.NewScanner(reply.Body), reply.Body.Close}
	s.Scan() // the comment with which a stream begins: it is open
	return s
}

// next reads one event: its name and its data.
func (s *stream) next(t *testing.T) (name string, e public.Event) {
	t.Helper()
	for s.Scan() {
		if rest, ok := strings.CutPrefix(s.Text(), "event: "); ok {
			name = rest
		}
		if data, ok := strings.CutPrefix(s.Text(), "data: "); ok {
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				t.Fatalf("%s: %v", data, err)
			}
			return name, e
		}
	}
	t.Fatalf("the stream ended: %v", s.Err())
	return "", e
}

// cores is the quota that an event tells of.
func cores(t *testing.T, e public.Event) (project string, cores int) {
	t.Helper()
	var data struct {
		ProjectID string         `json:"project_id"`
		Limits    map[string]int `json:"limits"`
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		t.Fatal(err)
	}
	return data.ProjectID, data.Limits["cores"]
}

func TestAStreamHasTheProjectsEventsOnlyAndGoesOnWhereItEnded(t *testing.T) {
	w, _ := tell(t, memlog.New(), t.TempDir())
	for n := range 3 {
		w.quota(t, "theirs", n+1)
		w.quota(t, "ours", n+1)
	}
	s := w.stream(t, "ours/ada", "?since=beginning", "")
	var ids []string
	for n := range 3 {
		_, e := s.next(t)
		if project, c := cores(t, e); project != "ours" || c != n+1 {
			t.Fatalf("event %d tells of %s with %d cores", n, project, c)
		}
		ids = append(ids, e.ID)
	}
	w.quota(t, "theirs", 4)
	w.quota(t, "ours", 4)
	if _, e := s.next(t); e.Type != "compute.quota.set" || e.Subject != "compute/quota/ours" {
		t.Fatalf("what came live is %+v", e)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	again := w.stream(t, "ours/ada", "", ids[0])
	for n := 2; n <= 4; n++ {
		if _, e := again.next(t); n == 2 && e.ID != ids[1] {
			t.Fatalf("the event behind the first is %s, was %s", e.ID, ids[1])
		} else if _, c := cores(t, e); c != n {
			t.Fatalf("%d cores, want %d", c, n)
		}
	}
	all := w.stream(t, "ops/root", "?since=0&all_projects=true&type=compute.quota&follow=false", "")
	for n := range 8 {
		if _, e := all.next(t); e.ID == ids[0] {
			t.Fatalf("event %d has the same id for two readers", n)
		}
	}
	if name, _ := all.next(t); name != "end" {
		t.Fatalf("behind the last event of what there is comes %s", name)
	}
}

func TestAStreamEndsWhenItsTokenIsRevoked(t *testing.T) {
	w, _ := tell(t, memlog.New(), t.TempDir())
	s := w.stream(t, "ours/ada", "", "")
	token := "ours/ada"
	w.revoked.Store(&token)
	w.quota(t, "ours", 1)
	if name, _ := s.next(t); name != "end" {
		t.Fatalf("a revoked token still got %s", name)
	}
	for s.Scan() {
		if s.Text() != "" {
			t.Fatalf("behind the end comes %q", s.Text())
		}
	}
	if err := s.Err(); err != nil {
		t.Fatalf("the stream was not ended but broken: %v", err)
	}
}

func TestWhoMayNotFollowIsTold(t *testing.T) {
	w, _ := tell(t, memlog.New(), t.TempDir())
	for path, status := range map[string]int{
		"/v1/events?all_projects=true":        403,
		"/v1/events?since=yesterday":          400,
		"/v1/history/compute/quota/theirs":    404,
		"/v1/history/compute/server/none":     404,
		"/v1/history?name=theirs":             200,
		"/v1/history/compute/quota/x?after=1": 400,
	} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", w.URL+path, nil)
		r.Header.Set("X-Auth-Token", "ours/ada")
		reply, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		reply.Body.Close()
		if reply.StatusCode != status {
			t.Errorf("%s: status %d, want %d", path, reply.StatusCode, status)
		}
	}
}

func TestTheStoryOfAThingOutlivesItAndIsItsOwners(t *testing.T) {
	store, dir := memlog.New(), filepath.Join(t.TempDir(), "history")
	w, stop := tell(t, store, dir)
	ada := public.Reader{ProjectID: "ours", UserID: "ada"}
	laptop := public.Subject{Service: "compute", Resource: "keypair", ID: "ada:laptop"}
	ctx := commands.With(t.Context(), commands.Caller{UserID: "ada", ProjectID: "ours", RequestID: "req-7"})
	if _, err := w.Do(ctx, cmd.ImportKeypair{UserID: "ada", Name: "laptop", Type: "ssh", PublicKey: "k"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Do(ctx, cmd.DeleteKeypair{UserID: "ada", Name: "laptop"}); err != nil {
		t.Fatal(err)
	}
	check := func(w *told) {
		t.Helper()
		first, err := w.Of(t.Context(), ada, laptop, "", 1)
		if err != nil || len(first) != 1 {
			t.Fatalf("%v, %v", first, err)
		}
		if e := first[0]; e.Type != "compute.keypair.imported" || e.Request != "req-7" || e.UserID != "ada" || e.Origin != "" || e.Commands[0] != "compute.keypair.import" {
			t.Errorf("the story begins with %+v", e)
		}
		rest, err := w.Of(t.Context(), ada, laptop, first[0].ID, 10)
		if err != nil || len(rest) != 1 || rest[0].Type != "compute.keypair.deleted" {
			t.Errorf("it goes on with %+v, %v", rest, err)
		}
		if none, err := w.Of(t.Context(), ada, laptop, rest[0].ID, 10); err != nil || len(none) != 0 {
			t.Errorf("behind its end: %v, %v", none, err)
		}
		if _, err := w.Of(t.Context(), public.Reader{ProjectID: "ours", UserID: "bob"}, laptop, "", 10); !errors.Is(err, public.ErrNoStory) {
			t.Errorf("another user of the project got %v", err)
		}
		found, err := w.Find(t.Context(), ada, "laptop")
		if err != nil || len(found) != 1 || found[0].ID != laptop.ID {
			t.Errorf("found by name: %v, %v", found, err)
		}
		if found, err := w.Find(t.Context(), public.Reader{ProjectID: "ours", UserID: "bob"}, "laptop"); err != nil || len(found) != 0 {
			t.Errorf("another user found %v, %v", found, err)
		}
	}
	check(w)
	stop()
	w, stop = tell(t, store, dir) // on the index that is there
	check(w)
	stop()
	w, stop = tell(t, store, filepath.Join(t.TempDir(), "other")) // on one made anew
	check(w)
	stop()
	other := memlog.New() // and none is taken for another log's
	w, _ = tell(t, other, dir)
	if _, err := w.Of(t.Context(), ada, laptop, "", 10); !errors.Is(err, public.ErrNoStory) {
		t.Errorf("the index of another log answered: %v", err)
	}
}

func TestAPlaceInTimeIsFound(t *testing.T) {
	w, _ := tell(t, memlog.New(), t.TempDir())
	var at []time.Time
	for n := range 4 {
		w.quota(t, "ours", n)
		at = append(at, w.Now().Time)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	following, err := w.Follow(ctx, public.Reader{ProjectID: "ours"}, at[2].Format(time.RFC3339Nano), true)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range following {
		if err != nil {
			t.Fatal(err)
		}
		if e.Time.Before(at[2].Truncate(time.Microsecond)) {
			t.Errorf("an event of %s came, of before %s", e.Time, at[2])
		}
		if _, n := cores(t, e); n == 3 {
			return
		}
	}
	t.Fatal("the last event didn't come")
}

func BenchmarkHistoryFold(b *testing.B) {
	w, _ := run(b, memlog.New(), "")
	h, err := OpenHistory(b.Context(), b.TempDir(), w.Store, testIDs)
	if err != nil {
		b.Fatal(err)
	}
	for n := range 1000 {
		if _, err := w.Do(b.Context(), key(n)); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for n := range b.N {
		f, ok, _, _ := w.recent.get(w.Now().Seq - uint64(n%500))
		if !ok {
			b.Fatal("no frame")
		}
		f.Seq = uint64(n) + 2
		if f.Seq%markEvery == 1 {
			continue
		}
		if err := h.fold(b.Context(), f); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(h.db.Metrics().DiskSpaceUsage())/float64(b.N), "B/event")
	if err := h.Close(); err != nil {
		b.Fatal(err)
	}
}
