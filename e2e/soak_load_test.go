package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// soak is a mixed load on a cloud, and the record of what the cloud acknowledged.
type soak struct {
	t       *testing.T
	cloud   *cloud
	http    *http.Client
	token   string
	project string
	user    string
	image   string
	budget  int // how many things a user makes in a round
	network string
	users   []*soaker
	errors  sync.Map // what was answered that must not be, each once
}

// soaker is one user: what is theirs nobody else changes, so that it is known
// what must be there.
type soaker struct {
	*soak
	name   string
	chance *rand.Rand
	made   int
	things []*soaked
	alive  int // of the things
	acked  int
	// In the round that is under way:
	begun int // things that were asked for
	told  []told
}

// told is a command that was acknowledged.
type told struct {
	id    string
	at    time.Time
	keyed bool
}

// soaked is a thing that was asked for. While asked is set, no answer to the
// last request has come, and either outcome is right.
type soaked struct {
	kind, name, id string
	asked          string // create, delete, stop, start: not answered
	gone           bool   // its deletion was acknowledged
	stopped        bool   // it was stopped and not started again
	key            string // the idempotency key of its creation
}

const (
	soakers = 8
	// maxSoaked is how many things one user has; from then on they delete only.
	maxSoaked = 500
	// maxKeyed is how many things are made in all, each under a key of its own: a
	// project's keys are remembered for a day, and there may be 10,000.
	maxKeyed = 9_000
)

// errUnanswered is the fate of a request that nobody answered.
var errUnanswered = errors.New("no answer")

// newSoak gives the cloud what the load needs.
func newSoak(t *testing.T, c *cloud, chance *rand.Rand) *soak {
	t.Helper()
	l := &soak{t: t, cloud: c, http: &http.Client{Timeout: 40 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: soakers,
		DialContext: func(_ context.Context, network, address string) (conn net.Conn, err error) {
			err = inside(t, c.space, func() (err error) {
				conn, err = net.DialTimeout(network, address, 5*time.Second)
				return err
			})
			return conn, err
		}}}}
	l.login()
	quota := map[string]any{"quota_set": map[string]any{"instances": -1, "cores": -1, "ram": -1, "key_pairs": 100}} // keypairs are listed unpaged at this microversion, so their number must stay below a page
	l.must("PUT", "/compute/v2.1/os-quota-sets/"+l.project, quota)
	l.must("PUT", "/network/v2.0/quotas/"+l.project, map[string]any{"quota": map[string]any{"port": -1, "network": -1}})
	l.image = text(l.must("POST", "/image/v2/images", map[string]any{"name": "soak", "disk_format": "raw", "container_format": "bare"}), "id")
	if status, _, body, err := l.send("PUT", "/image/v2/images/"+l.image+"/file", "", bytes.NewReader(make([]byte, 64<<10))); err != nil || status != 204 {
		t.Fatalf("upload: %d %s %v", status, body, err)
	}
	l.network = text(l.must("POST", "/network/v2.0/networks", map[string]any{"network": map[string]any{"name": "soak"}}), "network", "id")
	l.must("POST", "/network/v2.0/subnets", map[string]any{"subnet": map[string]any{"network_id": l.network, "ip_version": 4, "cidr": "10.0.0.0/16"}})
	for i := range soakers {
		l.users = append(l.users, &soaker{soak: l, name: fmt.Sprintf("u%d", i), chance: rand.New(rand.NewPCG(chance.Uint64(), 0))})
	}
	return l
}

func (l *soak) login() {
	l.t.Helper()
	data, err := os.ReadFile(filepath.Join(l.cloud.data, "clouds.yaml"))
	check(l.t, err)
	var file struct {
		Clouds map[string]struct{ Auth map[string]string }
	}
	check(l.t, yaml.Unmarshal(data, &file))
	domain := map[string]any{"name": "Default"}
	body, err := json.Marshal(map[string]any{"auth": map[string]any{
		"identity": map[string]any{"methods": []string{"password"}, "password": map[string]any{"user": map[string]any{
			"name": "admin", "password": file.Clouds["skylog"].Auth["password"], "domain": domain}}},
		"scope": map[string]any{"project": map[string]any{"name": "admin", "domain": domain}}}})
	check(l.t, err)
	r, err := l.http.Post("http://"+listen+"/identity/v3/auth/tokens", "application/json", bytes.NewReader(body))
	check(l.t, err)
	defer r.Body.Close()
	var reply map[string]any
	check(l.t, json.NewDecoder(r.Body).Decode(&reply))
	if l.token = r.Header.Get("X-Subject-Token"); l.token == "" {
		l.t.Fatalf("log in: %s %v", r.Status, reply)
	}
	l.project, l.user = text(reply, "token", "project", "id"), text(reply, "token", "user", "id")
}

// text is a text in a reply, by its path.
func text(in map[string]any, path ...string) string {
	for _, p := range path[:len(path)-1] {
		in, _ = in[p].(map[string]any)
	}
	s, _ := in[path[len(path)-1]].(string)
	return s
}

// send sends one request; an error says that it isn't known what became of it.
func (l *soak) send(method, path, key string, body io.Reader) (int, http.Header, []byte, error) {
	r, err := http.NewRequest(method, "http://"+listen+path, body)
	if err != nil {
		return 0, nil, nil, err
	}
	r.Header.Set("X-Auth-Token", l.token)
	r.Header.Set("Content-Type", "application/json")
	if strings.HasSuffix(path, "/file") {
		r.Header.Set("Content-Type", "application/octet-stream")
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	reply, err := l.http.Do(r)
	if err != nil {
		return 0, nil, nil, errUnanswered
	}
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	if err != nil && reply.StatusCode >= 300 {
		return 0, nil, nil, errUnanswered
	}
	return reply.StatusCode, reply.Header, data, nil // the status is an acknowledgement, whatever becomes of the body
}

// ask sends a value and reads the reply.
func (l *soak) ask(method, path, key string, in any) (status int, out map[string]any, err error) {
	status, _, out, err = l.call(method, path, key, in)
	return status, out, err
}

func (l *soak) call(method, path, key string, in any) (status int, header http.Header, out map[string]any, err error) {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		check(l.t, err)
		body = bytes.NewReader(data)
	}
	status, header, data, err := l.send(method, path, key, body)
	for end := time.Now().Add(recovery); method == "GET" && err == nil && status == http.StatusTooManyRequests && time.Now().Before(end); {
		time.Sleep(100 * time.Millisecond) // who compares asks faster than one caller may
		status, header, data, err = l.send(method, path, key, nil)
	}
	if err == nil && len(data) > 0 {
		_ = json.Unmarshal(data, &out) // a reply that was cut off is acknowledged all the same
	}
	return status, header, out, err
}

// wish asks for a change, and notes its command once that is acknowledged.
func (u *soaker) wish(method, path, key string, in any) (status int, out map[string]any, err error) {
	status, header, out, err := u.call(method, path, key, in)
	if err == nil && status < 300 {
		ids := header.Values("X-Skylog-Command-Id")
		if len(ids) == 0 {
			u.errors.Store(method+" "+path+" names no command", true)
		}
		for _, id := range ids {
			u.told = append(u.told, told{id, time.Now(), key != ""})
		}
	}
	return status, out, err
}

// must asks what has to be granted.
func (l *soak) must(method, path string, in any) map[string]any {
	l.t.Helper()
	status, out, err := l.ask(method, path, "", in)
	if err != nil || status >= 300 {
		l.t.Fatalf("%s %s: %d %v %v", method, path, status, out, err)
	}
	return out
}

// run starts the load; stop ends it and waits until each user has noted how
// their last request went.
func (l *soak) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	for _, u := range l.users {
		u.begun = 0
		group.Go(func() {
			for ctx.Err() == nil && !u.step() {
			}
		})
	}
	return func() { cancel(); group.Wait(); l.http.CloseIdleConnections() }
}

func (l *soak) counts() string {
	acked, things, unanswered := 0, 0, 0
	for _, u := range l.users {
		acked += u.acked
		things += len(u.things)
		for _, th := range u.things {
			if th.asked != "" {
				unanswered++
			}
		}
	}
	return fmt.Sprintf("%d commands acknowledged, %d things made, %d requests unanswered", acked, things, unanswered)
}

// step does one thing at random; done when nobody answers any more.
func (u *soaker) step() (done bool) {
	spent := u.begun >= u.budget
	if spent && u.alive == 0 {
		time.Sleep(10 * time.Millisecond)
		return false
	}
	if spent || u.alive > maxSoaked || u.alive > 0 && u.chance.IntN(100) < 45 {
		th := u.things[u.chance.IntN(len(u.things))]
		switch {
		case th.gone:
			return false
		case th.kind == "server" && u.chance.IntN(2) == 0:
			return u.power(th)
		case spent && u.chance.IntN(20) > 0: // what is there shall last
			return false
		}
		return u.remove(th)
	}
	u.made++
	u.begun++
	kinds := []string{"keypair", "network", "server", "server"}
	th := &soaked{kind: kinds[u.chance.IntN(len(kinds))], name: fmt.Sprintf("%s-%d", u.name, u.made)}
	th.key = "soak-" + th.name
	status, done := u.create(th)
	if done || status < 300 {
		u.things = append(u.things, th)
		u.alive++
	}
	return done
}
