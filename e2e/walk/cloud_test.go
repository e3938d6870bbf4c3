// Package walk tries every operation that the gateway of all services has, as
// nobody, as a stranger, as a reader and by its rightful caller. An operation
// that no table here tells how to call fails the walk, so that a new one is
// covered the moment it is mounted. What answers look like is for other tests.
package walk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"skylog/api"
	"skylog/api/compute"
	"skylog/api/identity"
	"skylog/api/image"
	"skylog/api/network"
	"skylog/api/placement"
	"skylog/commands"
	cmd "skylog/commands/compute"
	imagecmd "skylog/commands/image"
	"skylog/handlers"
	decidecompute "skylog/handlers/compute"
	decideidentity "skylog/handlers/identity"
	decideimage "skylog/handlers/image"
	decidenetwork "skylog/handlers/network"
	decideplacement "skylog/handlers/placement"
	"skylog/infra/cell"
	"skylog/infra/keystore"
	"skylog/infra/memlog"
	view "skylog/projections/compute"
	imageview "skylog/projections/image"
	"skylog/projections/public"
)

// Hosts; the second is where servers may move to, and the third has room for many.
const (
	host   = "host-one"
	second = "host-two"
	third  = "host-three"
)

// cloud is the whole gateway on a cell in memory, with one host.
type cloud struct {
	testing.TB
	cell    *cell.Cell
	gateway *api.Gateway
	sign    image.Signer
	tokens  map[string]string // by persona
	named   map[string]string // what the tables may name: $project and the like
	made    *int              // how many things have been made, for their names
	rest    *atomic.Bool      // nothing is wanted of the hosts for now
	history *cell.History
	kept    []string // the folders that services keep things in
}

// newCloud assembles the gateway as serve does.
func newCloud(t testing.TB) *cloud {
	t.Helper()
	c := &cloud{TB: t, tokens: map[string]string{}, named: map[string]string{}, made: new(int), rest: new(atomic.Bool), sign: image.Signer{Key: []byte("known to this process and no other")}}
	ctx := c.start()
	c.kept = append(c.kept, filepath.Join(t.TempDir(), "keys"))
	keys, err := keystore.Open(c.kept[0])
	c.must(err)
	keystone := &identity.Service{Do: c.cell.Do, Now: c.cell.Now, Tokens: keys.Tokens(), Vault: keys, Clock: time.Now, HashCost: bcrypt.MinCost}
	identityAPI, err := keystone.API()
	c.must(err)
	glance := c.glance(keys)
	nova := compute.New(c.cell.Do, func(s *compute.Service) {
		s.Seal, s.Consoles = keys.Seal, true
		s.Console = func(context.Context, view.Server, int) (string, error) { return "booted\n", nil }
		s.Bring = func(string, imageview.Image) {}
		s.Inside = func(string) compute.Inside { return inside{} }
	})
	c.gateway, err = api.New(api.Options{Now: c.cell.Now, Authenticate: keystone.Authenticate, PublicURL: "http://cloud",
		Log: slog.New(slog.DiscardHandler), Rate: 1e9, Sources: c.sources(ctx, keys)},
		identityAPI, nova, compute.Hosts(c.cell.Do), glance.API(), glance.Bytes(), network.New(c.cell.Do), placement.New(c.cell.Do))
	c.must(err)
	c.bootstrap()
	return c
}

func (c *cloud) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// start runs the cell, and a host that does at once what is wanted of it.
func (c *cloud) start() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	var err error
	c.cell, err = cell.Open(ctx, cell.Config{Node: "walk", Store: memlog.New(), Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
		Rules: handlers.NewRegistry(decideidentity.Register, decideimage.Register, decidenetwork.Register, decidecompute.Register, decideplacement.Register)})
	c.must(err)
	cellDone, hostDone := make(chan error, 1), make(chan struct{})
	go func() { cellDone <- c.cell.Run(ctx) }()
	go func() {
		defer close(hostDone)
		c.playHosts(ctx)
	}()
	c.Cleanup(func() {
		cancel()
		<-hostDone
		if err := <-cellDone; err != nil {
			c.Error(err)
		}
	})
	return ctx
}

// sources are Skylog's own calls' answers.
func (c *cloud) sources(ctx context.Context, keys *keystore.Store) api.Sources {
	secret, err := keys.Named("events")
	c.must(err)
	history, err := cell.OpenHistory(ctx, filepath.Join(c.TempDir(), "history"), c.cell.Store, public.IDs{Key: secret})
	c.must(err)
	history.Attach(c.cell)
	c.history = history
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- history.Run(ctx, c.cell) }()
	c.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			c.Error(err)
		}
		c.must(history.Close())
	})
	pasts := &cell.Pasts{Cell: c.cell, IDs: history.IDs}
	return api.Sources{Command: c.outcome, Follow: history.Follow, History: history.Of, Find: history.Find,
		Past: pasts.At, Rehearsed: history.Rehearsed}
}

func (c *cloud) outcome(ctx context.Context, id string) (api.CommandOutcome, error) {
	o, err := c.cell.Outcome(ctx, id)
	if errors.Is(err, cell.ErrForgotten) {
		return api.CommandOutcome{}, api.ErrNoSuch
	}
	if err != nil {
		return api.CommandOutcome{}, err
	}
	return api.CommandOutcome{ID: id, State: "granted", At: o.At, ProjectID: o.Caller.ProjectID, UserID: o.Caller.UserID}, nil
}

// bootstrap makes the people: admin of the cloud, ada and rita who are member
// and reader of project lab, eve who is a member of another, and una who has no
// role anywhere and thus a token of no project.
func (c *cloud) bootstrap() {
	c.Helper()
	const url = "{public}/identity"
	boot, err := identity.BootstrapCommand("s3cret", identity.Offer{Type: "identity", Name: "keystone", URL: url})
	c.must(err)
	boot.PasswordHash, err = identity.HashPassword("s3cret", bcrypt.MinCost)
	c.must(err)
	_, err = c.cell.Do(c.Context(), boot)
	c.must(err)
	for i, name := range []string{host, second} {
		c.joinHost(name, i+1, cmd.Facts{VCPUs: 64, RAMMiB: 1 << (20 - i), DiskGiB: 4000})
	}
	c.tokens["admin"] = c.login("admin", "admin")
	for _, p := range []struct{ name, project, role string }{{"ada", "lab", "member"}, {"rita", "lab", "reader"}, {"eve", "elsewhere", "member"}, {"una", "", ""}} {
		c.named[p.name] = c.make("admin", "POST /identity/v3/users", `{"user":{"name":"`+p.name+`","password":"s3cret"}}`, "user.id")
		if p.project != "" && c.named[p.project] == "" {
			c.named[p.project] = c.make("admin", "POST /identity/v3/projects", `{"project":{"name":"`+p.project+`"}}`, "project.id")
		}
		if p.role != "" {
			role, _ := c.cell.Now().Identity.Roles.Named("", p.role)
			c.named[p.role] = role.ID
			c.make("admin", "PUT /identity/v3/projects/"+c.named[p.project]+"/users/"+c.named[p.name]+"/roles/"+role.ID, "", "")
		}
		c.tokens[p.name] = c.login(p.name, p.project)
	}
	for _, project := range []string{c.named["lab"], c.named["elsewhere"]} {
		c.make("admin", "PUT /compute/v2.1/os-quota-sets/"+project, `{"quota_set":{"instances":-1,"cores":-1,"ram":-1,"key_pairs":-1}}`, "")
		c.make("admin", "PUT /network/v2.0/quotas/"+project, `{"quota":{"network":-1,"subnet":-1,"port":-1,"security_group":-1,"security_group_rule":-1}}`, "")
	}
}

// joinHost has a host join that has so much.
func (c *cloud) joinHost(name string, number int, has cmd.Facts) {
	c.Helper()
	has.Type, has.Version, has.Arch, has.CPUModel, has.HostIP, has.Zone = "QEMU", 7002000, "x86_64", "host", "192.0.2.1", "nova"
	ctx := commands.With(c.Context(), commands.Caller{Origin: "host." + name})
	_, err := c.cell.Do(ctx, cmd.ReportHost{Host: name, ID: fmt.Sprintf("cccccccc-0000-4000-8000-%012d", number), Facts: has})
	c.must(err)
}

// login returns a token for a project of domain default, or for none.
func (c *cloud) login(user, project string) string {
	c.Helper()
	w := c.call("", "POST /identity/v3/auth/tokens", login(user, "s3cret", project), nil)
	if w.Code != http.StatusCreated {
		c.Fatalf("login of %s: %d %s", user, w.Code, w.Body)
	}
	return w.Header().Get("X-Subject-Token")
}

func login(user, password, project string) string {
	scope := `"unscoped"`
	if project != "" {
		scope = `{"project":{"name":"` + project + `","domain":{"id":"default"}}}`
	}
	return `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"` + user +
		`","domain":{"id":"default"},"password":"` + password + `"}}},"scope":` + scope + `}}`
}

// call makes a request.
func (c *cloud) call(token, request, body string, headers map[string]string) *httptest.ResponseRecorder {
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequest(method, "http://cloud"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("OpenStack-API-Version", "compute latest")
	if token != "" {
		r.Header.Set("X-Auth-Token", token)
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	c.gateway.ServeHTTP(w, r)
	return w
}

// playHosts does at once what is wanted of the hosts.
func (c *cloud) playHosts(ctx context.Context) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if c.rest.Load() {
			continue
		}
		for _, name := range []string{host, second, third} {
			c.playHost(commands.With(ctx, commands.Caller{Origin: "host." + name}), name)
		}
	}
}

func (c *cloud) playHost(ctx context.Context, name string) {
	powers := map[string]cmd.Power{"running": cmd.Running, "stopped": cmd.Stopped, "paused": cmd.Paused, "suspended": cmd.Suspended}
	for id, s := range c.cell.Now().Compute.Servers.OfHost(name) {
		switch {
		case s.TaskState == view.NoTask:
		case s.Gone():
			_, _ = c.cell.Do(ctx, cmd.ReportServerGone{Host: name, ID: id}) // a refusal is tried again
		case s.Capture != nil:
			c.capture(ctx, s)
		case s.Live != nil:
			next := commands.With(ctx, commands.Caller{Origin: "host." + s.Live.To})
			_, _ = c.cell.Do(next, cmd.ReportServerAwaited{Host: s.Live.To, ID: id, Migration: s.Live.Migration, Endpoint: "there"})
			_, _ = c.cell.Do(ctx, cmd.ReportServerSent{Host: name, ID: id, Migration: s.Live.Migration})
		default:
			_, _ = c.cell.Do(ctx, cmd.ReportServer{Host: name, ID: id, Generation: s.Generation, Power: powers[s.Want], Reboots: s.Reboots})
		}
	}
}

// capture stores the image that a server's disk shall become, and says so.
func (c *cloud) capture(ctx context.Context, s view.Server) {
	id := s.Capture.ImageID
	cell := commands.With(ctx, commands.Caller{Origin: "cell"})
	_, _ = c.cell.Do(cell, imagecmd.StartUpload{ID: id, Upload: "u" + id, Due: time.Now().Add(time.Hour)},
		imagecmd.FinishUpload{ID: id, Upload: "u" + id, SizeBytes: 1000, VirtualSize: 1 << 29, SHA512: "00", MD5: "00", Format: "qcow2", ProjectBytes: 1 << 40})
	_, _ = c.cell.Do(ctx, cmd.ReportServerCaptured{Host: s.Host, ID: s.ID, ImageID: id}) // a refusal is tried again
}

// settle waits until the host has nothing left to do.
func (c *cloud) settle() {
	c.Helper()
	deadline, tick := time.After(10*time.Second), time.NewTicker(200*time.Microsecond)
	defer tick.Stop()
	for {
		busy := ""
		for id, s := range c.cell.Now().Compute.Servers.All() {
			if s.TaskState != view.NoTask {
				busy = fmt.Sprintf("server %s is %s for ever", id, s.TaskState)
			}
		}
		if busy == "" {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			c.Fatal(busy)
		}
	}
}
