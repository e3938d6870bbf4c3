package walk

import (
	"encoding/json"
	"math/rand/v2"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"skylog/api"
	"skylog/infra/cell"
	"skylog/projections"
)

// asOf is a read of the past.
func (c *cloud) asOf(who, path, place string) *httptest.ResponseRecorder {
	return c.call(c.tokens[who], "GET "+path, "", map[string]string{api.AsOfHeader: place})
}

// moment is the time of the newest frame, when no later one can have it too.
func (c *cloud) moment() string {
	c.Helper()
	at := c.cell.Now().Time
	c.must(waitPast(at))
	return at.Format(time.RFC3339Nano)
}

// waitPast waits until the clock has left a moment behind.
func waitPast(at time.Time) error {
	tick := time.NewTicker(time.Microsecond)
	defer tick.Stop()
	for !time.Now().After(at) {
		<-tick.C
	}
	return nil
}

func (c *cloud) status(what string, w *httptest.ResponseRecorder, status int) string {
	c.Helper()
	if w.Code != status {
		c.Errorf("%s: %d %.300s, want %d", what, w.Code, w.Body, status)
	}
	return w.Body.String()
}

func TestThePastIsShownToThoseWhoMayAndWhoCould(t *testing.T) {
	c := newCloud(t)
	h := things{c, map[string]string{}}
	network := "/network/v2.0/networks/" + h.id("network")
	before := c.moment()
	c.make("admin", "PUT "+network, `{"network":{"name":"renamed","shared":true}}`, "")
	shared := c.moment()
	c.status("eve sees what is shared", c.call(c.tokens["eve"], "GET "+network, "", nil), 200)
	c.status("eve, when it wasn't", c.asOf("eve", network, before), 404)
	if body := c.status("all networks then", c.asOf("eve", "/network/v2.0/networks", before), 200); strings.Contains(body, h.id("network")) {
		t.Errorf("eve sees a network of before it was shared: %s", body)
	}
	server := h.id("server")
	there := c.moment()
	c.make("ada", "DELETE /compute/v2.1/servers/"+server, "", "")
	c.settle()
	path := "/compute/v2.1/servers/" + server
	c.status("ada now", c.call(c.tokens["ada"], "GET "+path, "", nil), 404)
	for who, status := range map[string]int{"ada": 200, "rita": 200, "eve": 404, "una": 403} {
		w := c.asOf(who, path, there)
		if w.Code == 404 && status == 403 {
			status = 404
		}
		c.status(who+" then", w, status)
		if status == 200 && w.Header().Get(api.AsOfHeader) != there {
			t.Errorf("%s is told another time than they said: %q", who, w.Header().Get(api.AsOfHeader))
		}
		if status != 200 && strings.Contains(w.Body.String(), hush) {
			t.Errorf("%s learns of the server: %s", who, w.Body)
		}
	}
	if body := c.status("ada's list then", c.asOf("ada", "/compute/v2.1/servers", there), 200); !strings.Contains(body, server) {
		t.Errorf("the server isn't in the list of then: %s", body)
	}
	var was struct{ Network struct{ Name string } }
	c.must(json.Unmarshal([]byte(c.status("ada, the name of then", c.asOf("ada", network, before), 200)), &was))
	if !strings.HasPrefix(was.Network.Name, hush) {
		t.Errorf("the network was called %q", was.Network.Name)
	}
	c.placesAreBounded(path)

	w := c.asOf("admin", network, strconv.FormatUint(c.cell.Now().Seq, 10))
	c.status("an administrator by sequence", w, 200)
	c.make("admin", "DELETE /identity/v3/projects/"+c.named["lab"]+"/users/"+c.named["ada"]+"/roles/"+c.named["member"], "", "")
	if w := c.asOf("ada", network, shared); w.Code != 401 && w.Code != 403 {
		t.Errorf("who lost their role still reads the past: %d %s", w.Code, w.Body)
	}
}

// placesAreBounded tries what is no place in the log, and calls that have no past.
func (c *cloud) placesAreBounded(path string) {
	c.Helper()
	for place, status := range map[string]int{"7": 400, "-1": 400, "soon": 400, strings.Repeat("9", 400): 400,
		time.Now().Add(time.Hour).Format(time.RFC3339): 400, "1999-12-31T23:59:59Z": 410} {
		c.status("as of "+place, c.asOf("ada", path, place), status)
	}
	c.status("an administrator, beyond the end", c.asOf("admin", path, "18446744073709551615"), 400)
	now := c.moment()
	for path, who := range map[string]string{"/identity/v3/credentials": "ada", "/identity/v3/users/" + c.named["ada"] + "/credentials/OS-EC2": "ada",
		"/v1/events?follow=false": "ada", "/image/v2/cache": "admin"} {
		c.status(path+" has no past", c.asOf(who, path, now), 501)
	}
	w := c.call(c.tokens["ada"], "POST /network/v2.0/networks", `{"network":{}}`, map[string]string{api.AsOfHeader: now})
	c.status("a change of the past", w, 400)
}

// pastsAgree compares worlds at random places of what the walk has done with what
// the log says from its first frame on.
func (c *cloud) pastsAgree() {
	c.Helper()
	luck, last := rand.New(rand.NewPCG(1, 1)), c.cell.Now().Seq
	p := &cell.Pasts{Cell: c.cell}
	for range 100 {
		seq := max(1, last-luck.Uint64N(last)) // any of them
		then, err := p.World(c.Context(), seq)
		c.must(err)
		got, err := then.StateHash()
		c.must(err)
		if want := c.folded(seq); got != want {
			c.Errorf("as of frame %d the world isn't what the log says", seq)
		}
	}
}

// folded is the hash of the world of a frame, folded from the first one.
func (c *cloud) folded(seq uint64) string {
	c.Helper()
	w := projections.New()
	for n := uint64(1); n <= seq; n++ {
		data, err := c.cell.Store.Get(c.Context(), n)
		c.must(err)
		u, err := projections.Unpack(n, data)
		c.must(err)
		c.must(w.Fold(u))
	}
	hash, err := w.StateHash()
	c.must(err)
	return hash
}

func TestTheWorldAtAnySequenceIsWhatTheLogSays(t *testing.T) {
	c := newCloud(t)
	h := things{c, map[string]string{}}
	for _, name := range []string{"server", "image", "keypair", "credential", "trust", "rule", "namespace", "servergroup"} {
		h.id(name)
	}
	c.make("ada", h.fill("DELETE /compute/v2.1/servers/$server"), "", "")
	c.settle()
	c.pastsAgree()
}
