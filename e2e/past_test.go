package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ask makes a request with a token and headers given as "Name: value".
func (c *cloud) ask(token, method, path, body string, headers ...string) (*http.Response, string) {
	c.t.Helper()
	q, err := http.NewRequest(method, "http://"+listen+path, strings.NewReader(body))
	check(c.t, err)
	q.Header.Set("X-Auth-Token", token)
	q.Header.Set("Content-Type", "application/json")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		q.Header.Set(name, value)
	}
	reply, err := c.client().Do(q)
	check(c.t, err)
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	check(c.t, err)
	return reply, string(text)
}

// TestThePastIsReadAndTheFutureTried rehearses a server with the program's API, makes
// it, deletes it, and reads of it as it was, also after a kill.
func TestThePastIsReadAndTheFutureTried(t *testing.T) {
	real(t)
	c := &story{cloud: newCloud(t, "--simulate-hosts", "2")}
	c.start()
	blob := filepath.Join(t.TempDir(), "disk")
	check(t, os.WriteFile(blob, make([]byte, 1<<20), 0o600))
	image := strings.TrimSpace(c.openstack("image", "create", "demo", "--disk-format", "raw", "--container-format", "bare", "--file", blob, "-f", "value", "-c", "id"))
	token := strings.TrimSpace(c.openstack("token", "issue", "-f", "value", "-c", "id"))
	network := strings.TrimSpace(c.openstack("network", "create", "red", "-f", "value", "-c", "id"))
	c.openstack("subnet", "create", "red", "--network", "red", "--subnet-range", "10.0.0.0/24")

	const servers = "/compute/v2.1/servers"
	wish := `{"server":{"name":"web","flavorRef":"42","imageRef":"` + image + `","networks":[{"uuid":"` + network + `"}]}}`
	key := "Idempotency-Key: both"
	reply, text := c.ask(token, "POST", servers, wish, key, "X-Skylog-Dry-Run: events")
	var told struct {
		Status int
		Events []struct{ Type, Subject string }
		Body   struct{ Server struct{ ID string } }
	}
	check(t, json.Unmarshal([]byte(text), &told))
	if reply.StatusCode != 202 || told.Status != 202 || len(told.Events) < 3 {
		t.Fatalf("the rehearsal: %s %s", reply.Status, text)
	}
	if strings.TrimSpace(c.openstack("server", "list", "-f", "value")) != "" {
		t.Fatal("a rehearsal made a server")
	}
	id := told.Body.Server.ID
	if reply, text := c.ask(token, "POST", servers, wish, key); reply.StatusCode != 202 || !strings.Contains(text, id) {
		t.Fatalf("the call: %s %s, foretold was server %s", reply.Status, text, id)
	}
	c.status("web", "ACTIVE")
	reply, _ = c.ask(token, "GET", servers+"/"+id, "", "X-Skylog-As-Of: "+time.Now().UTC().Format(time.RFC3339Nano))
	seq := reply.Header.Get("X-Skylog-As-Of")
	c.openstack("server", "delete", "web", "--wait")
	c.kill()
	c.start()
	for _, way := range []string{"of a running cloud", "again"} {
		reply, text = c.ask(token, "GET", servers+"/"+id, "", "X-Skylog-As-Of: "+seq)
		if reply.StatusCode != 200 || !strings.Contains(text, `"status":"ACTIVE"`) || reply.Header.Get("X-Skylog-As-Of") != seq {
			t.Fatalf("as of frame %s, %s: %s %s", seq, way, reply.Status, text)
		}
	}
	if reply, _ := c.ask(token, "GET", servers+"/"+id, "", "X-Skylog-As-Of: "+seq, "If-None-Match: "+reply.Header.Get("ETag")); reply.StatusCode != 304 {
		t.Errorf("what the client has is sent again: %s", reply.Status)
	}
	if reply, _ := c.ask(token, "GET", servers+"/"+id, ""); reply.StatusCode != 404 {
		t.Errorf("the server is there still: %s", reply.Status)
	}
	then, now := c.run(c.binary, "trace", "--data", c.data, "--as-of", seq, id), c.run(c.binary, "trace", "--data", c.data, id)
	if !strings.HasPrefix(now, then) || len(now) <= len(then) || !strings.Contains(now, "deleted") {
		t.Errorf("the story of then isn't the beginning of that of now:\n%s\n%s", then, now)
	}
}
