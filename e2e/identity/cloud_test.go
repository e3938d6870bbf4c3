// Package identity tries the identity service as its clients and its attackers
// do: over HTTP, on a cell in memory.
package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"skylog/api"
	"skylog/api/identity"
	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/handlers"
	decide "skylog/handlers/identity"
	"skylog/infra/cell"
	"skylog/infra/keystore"
	"skylog/infra/memlog"
	"skylog/projections"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// rig is a bootstrapped cloud with nothing but identity.
type rig struct {
	t       testing.TB
	gateway *api.Gateway
	do      commands.Do[*projections.World]
	cell    *cell.Cell
	boot    cmd.Bootstrap
	service *identity.Service
	keys    *keystore.Store
	admin   string // a token of the administrator for project admin

	mu  sync.Mutex
	add time.Duration // how far the edge's clock is ahead
}

func (c *rig) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.add)
}

func (c *rig) wait(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add += d
}

func cloud(t testing.TB) *rig {
	t.Helper()
	hash, err := identity.HashPassword("s3cret", bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	boot := bootstrap
	boot.PasswordHash = hash
	return cloudOf(t, boot)
}

// cloudOf is a cloud that begins so.
func cloudOf(t testing.TB, boot cmd.Bootstrap) *rig {
	t.Helper()
	r := &rig{t: t}
	ctx, cancel := context.WithCancel(context.Background())
	var err error
	r.cell, err = cell.Open(ctx, cell.Config{Node: "test", Store: memlog.New(), Rules: handlers.NewRegistry(decide.Register), Clock: r.now, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- r.cell.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	r.do = r.cell.Do
	if r.keys, err = keystore.Open(filepath.Join(t.TempDir(), "keys")); err != nil {
		t.Fatal(err)
	}
	r.boot = boot
	if _, err := r.do(t.Context(), r.boot); err != nil {
		t.Fatal(err)
	}
	r.service = &identity.Service{Do: r.do, Now: r.cell.Now, Tokens: r.keys.Tokens(), Vault: r.keys, Clock: r.now, HashCost: bcrypt.MinCost}
	s, err := r.service.API()
	if err != nil {
		t.Fatal(err)
	}
	if r.gateway, err = api.New(api.Options{Now: r.cell.Now, Authenticate: r.service.Authenticate, Log: quiet, PublicURL: "http://cloud"}, s); err != nil {
		t.Fatal(err)
	}
	r.admin = r.login("admin", "s3cret", project("admin"))
	return r
}

var bootstrap = func() cmd.Bootstrap {
	c, err := identity.BootstrapCommand("s3cret",
		identity.Offer{Type: "identity", Name: "keystone", URL: "{public}/identity"},
		identity.Offer{Type: "volumev3", Name: "cinder", URL: "{public}/volume/v3/$(project_id)s"})
	if err != nil {
		panic(err)
	}
	return c
}()

// object is a JSON object.
type object = map[string]any

func project(name string) any {
	return object{"project": object{"name": name, "domain": object{"id": "default"}}}
}

func byPassword(user, password string, scope any) object {
	auth := object{"identity": object{"methods": []string{"password"},
		"password": object{"user": object{"name": user, "domain": object{"id": "default"}, "password": password}}}}
	if scope != nil {
		auth["scope"] = scope
	}
	return object{"auth": auth}
}

func byToken(token string, scope any) object {
	return object{"auth": object{"scope": scope, "identity": object{"methods": []string{"token"}, "token": object{"id": token}}}}
}

// reply is what came back.
type reply struct {
	*httptest.ResponseRecorder
	body object
}

// at finds a value in the body, by keys.
func (r reply) at(path ...string) any {
	var v any = r.body
	for _, key := range path {
		o, _ := v.(object)
		v = o[key]
	}
	return v
}

func (r reply) text(path ...string) string {
	s, _ := r.at(path...).(string)
	return s
}

// call makes a request. Pairs of header names and values may follow.
func (c *rig) call(token, request string, body any, headers ...string) reply {
	c.t.Helper()
	method, path, _ := strings.Cut(request, " ")
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		sent = bytes.NewReader(data)
	}
	r := httptest.NewRequest(method, "http://cloud/identity"+path, sent)
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("X-Auth-Token", token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.gateway.ServeHTTP(w, r)
	got := reply{ResponseRecorder: w}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &got.body); err != nil {
			c.t.Fatalf("%s: %v in %s", request, err, w.Body)
		}
	}
	return got
}

// want makes a request as the administrator that must have this status.
func (c *rig) want(status int, request string, body any, headers ...string) reply {
	c.t.Helper()
	return c.wantAs(status, c.admin, request, body, headers...)
}

func (c *rig) wantAs(status int, token, request string, body any, headers ...string) reply {
	c.t.Helper()
	r := c.call(token, request, body, headers...)
	if r.Code != status {
		c.t.Fatalf("%s %v: got %d %s, want %d", request, body, r.Code, r.Body, status)
	}
	return r
}

// login returns a token.
func (c *rig) login(user, password string, scope any) string {
	c.t.Helper()
	return c.wantAs(http.StatusCreated, "", "POST /v3/auth/tokens", byPassword(user, password, scope)).Header().Get("X-Subject-Token")
}

// works says whether a token is good for anything.
func (c *rig) works(token string) bool {
	c.t.Helper()
	return c.call(token, "GET /v3/auth/projects", nil).Code == http.StatusOK
}

// role is the id of a role.
func (c *rig) role(name string) string {
	c.t.Helper()
	r, ok := c.cell.Now().Identity.Roles.Named("", name)
	if !ok {
		c.t.Fatalf("there is no role %s", name)
	}
	return r.ID
}

// person makes a project and a user with a role in it, and a token.
func (c *rig) person(name, role string) (userID, projectID, token string) {
	c.t.Helper()
	projectID = c.want(201, "POST /v3/projects", object{"project": object{"name": name}}).text("project", "id")
	userID = c.want(201, "POST /v3/users", object{"user": object{"name": name, "password": "pw-" + name}}).text("user", "id")
	c.want(204, "PUT /v3/projects/"+projectID+"/users/"+userID+"/roles/"+c.role(role), nil)
	return userID, projectID, c.login(name, "pw-"+name, project(name))
}
