package image_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"skylog/api"
	"skylog/api/image"
	"skylog/handlers"
	decide "skylog/handlers/image"
	"skylog/infra/cell"
	"skylog/infra/imageformat"
	"skylog/infra/imagestore"
	"skylog/infra/memlog"
	"skylog/projections"
	workers "skylog/workers/image"
)

// cloud is an image service on a real cell and a real store. A token is
// "user:project:role".
type cloud struct {
	*testing.T
	*httptest.Server
	*cell.Cell
	gateway *api.Gateway
	service *image.Service
	imports *workers.Importer
	// where the bytes are: of the default store, of another, and of those staged
	dir, second, staged string
}

func serve(t *testing.T, change func(*cloud)) *cloud {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	ctx, cancel := context.WithCancel(context.Background())
	node, err := cell.Open(ctx, cell.Config{Node: "test", Store: memlog.New(), Rules: handlers.NewRegistry(decide.Register), Clock: time.Now, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- node.Run(ctx) }()
	c := &cloud{T: t, Cell: node, dir: t.TempDir(), second: t.TempDir(), staged: t.TempDir()}
	open := func(dir string) *imagestore.Store {
		store, err := imagestore.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	store, second, staging := open(c.dir), open(c.second), open(c.staged)
	seal := func(project string, data []byte) ([]byte, error) { return append([]byte(project), data...), nil }
	c.service = &image.Service{Do: node.Do, Stores: []image.NamedStore{{Store: store, Name: "local"}, {Store: second, Name: "second", Dir: "/srv"}}, Staging: staging, Seal: seal, Inspect: func(f string) image.Inspection { return imageformat.New(f) },
		Sign: image.Signer{Key: []byte(strings.Repeat("k", 32))}}
	c.imports = &workers.Importer{Now: node.Now, Do: node.Do, Frames: node.Frames, Stores: map[string]workers.Store{"local": store, "second": second}, Staging: staging,
		Inspect: func(disk, container string) workers.Inspection { return imageformat.New(image.Disk(disk, container)) },
		Unseal:  func(project string, data []byte) ([]byte, error) { return data[len(project):], nil }, Clock: time.Now, Logger: quiet}
	if change != nil {
		change(c)
	}
	limits := c.service.WithDefaults()
	c.imports.MaxBytes, c.imports.MaxVirtualBytes, c.imports.ProjectBytes = limits.MaxBytes, limits.MaxVirtualBytes, limits.ProjectBytes
	imported := make(chan error, 1)
	go func() { imported <- c.imports.Run(ctx) }()
	gateway, err := api.New(api.Options{Now: node.Now, Log: quiet, Rate: 1e6, Authenticate: authenticate}, c.service.API(), c.service.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	c.gateway = gateway
	c.Server = httptest.NewServer(gateway)
	t.Cleanup(func() {
		c.Close()
		cancel()
		if err := errors.Join(<-imported, <-done); err != nil {
			t.Error(err)
		}
	})
	return c
}

func authenticate(_ *projections.World, token string) (api.Who, error) {
	parts := strings.Split(token, ":")
	if len(parts) != 3 {
		return api.Who{}, errors.New("no such token")
	}
	return api.Who{UserID: parts[0], ProjectID: parts[1], Roles: parts[2:]}, nil
}

const ada, bob, root = "ada:p:member", "bob:q:member", "root:a:admin"

type reply struct {
	*http.Response
	body string
}

func (r reply) field(name string) any {
	var fields map[string]any
	json.Unmarshal([]byte(r.body), &fields)
	return fields[name]
}

// ask asks, and fails the test unless the status is what is wanted.
func (c *cloud) ask(token, call string, body any, want int, headers ...string) reply {
	c.Helper()
	method, path, _ := strings.Cut(call, " ")
	var from io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		from = strings.NewReader(b)
	case io.Reader:
		from = b
	default:
		data, err := json.Marshal(b)
		if err != nil {
			c.Fatal(err)
		}
		from = strings.NewReader(string(data))
	}
	request, err := http.NewRequest(method, c.URL+path, from)
	if err != nil {
		c.Fatal(err)
	}
	request.Header.Set("X-Auth-Token", token)
	request.Header.Set("Content-Type", "application/json")
	for n := 0; n+1 < len(headers); n += 2 {
		request.Header.Set(headers[n], headers[n+1])
	}
	response, err := c.Client().Do(request)
	if err != nil {
		c.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		c.Fatal(err)
	}
	if response.StatusCode != want {
		c.Fatalf("%s by %s: %d %s, want %d", call, token, response.StatusCode, data, want)
	}
	return reply{response, string(data)}
}

type fields map[string]any

// create makes an image and returns its path.
func (c *cloud) create(token string, f fields) string {
	c.Helper()
	all := fields{"name": "x", "disk_format": "raw", "container_format": "bare"}
	for k, v := range f {
		all[k] = v
	}
	return "/image" + c.ask(token, "POST /image/v2/images", all, 201).field("self").(string)
}

const stream, octets = "Content-Type", "application/octet-stream"

func (c *cloud) upload(token, path string, body any, want int) reply {
	c.Helper()
	return c.ask(token, "PUT "+path+"/file", body, want, stream, octets)
}

// isEmpty fails the test where the store has bytes or the image isn't queued.
func (c *cloud) isEmpty(path string) {
	c.Helper()
	entries, err := os.ReadDir(c.dir)
	if err != nil || len(entries) > 0 {
		c.Fatalf("the store has %v (%v), want nothing", entries, err)
	}
	if got := c.ask(root, "GET "+path, nil, 200).field("status"); got != "queued" {
		c.Fatalf("the image is %v, want it queued", got)
	}
}

func TestAnImageIsCreatedFilledReadAndDeleted(t *testing.T) {
	c := serve(t, nil)
	made := c.ask(ada, "POST /image/v2/images", fields{"name": "cirros", "disk_format": "raw", "container_format": "bare", "os_distro": "x", "tags": []string{"b", "a", "b"}}, 201)
	path := "/image" + made.field("self").(string)
	if made.Header.Get("Location") != c.URL+path || made.field("os_distro") != "x" || made.field("size") != nil || made.field("visibility") != "shared" {
		t.Fatalf("created %s, Location %s", made.body, made.Header.Get("Location"))
	}
	c.ask(ada, "GET "+path+"/file", nil, 204)
	c.upload(ada, path, "0123456789", 204)
	shown := c.ask(ada, "GET "+path, nil, 200)
	for name, want := range map[string]any{"status": "active", "size": 10.0, "virtual_size": 10.0, "checksum": "781e5e245d69b566979b86e28d23f2c7", "os_hash_algo": "sha512"} {
		if got := shown.field(name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	c.upload(ada, path, "again", 409)
	whole := c.ask(ada, "GET "+path+"/file", nil, 200)
	if whole.body != "0123456789" || whole.Header.Get("Content-MD5") != shown.field("checksum") || whole.ContentLength != 10 {
		t.Errorf("downloaded %q with %v", whole.body, whole.Header)
	}
	if head := c.ask(ada, "HEAD "+path+"/file", nil, 200); head.ContentLength != 10 || head.body != "" {
		t.Errorf("the head says %d bytes and has %q", head.ContentLength, head.body)
	}
	for asked, want := range map[string]string{"bytes=2-4": "234", "bytes=7-": "789", "bytes=-2": "89", "bytes=5-99": "56789"} {
		if part := c.ask(ada, "GET "+path+"/file", nil, 206, "Range", asked); part.body != want {
			t.Errorf("%s gave %q with %s, want %q", asked, part.body, part.Header.Get("Content-Range"), want)
		}
	}
	c.ask(ada, "GET "+path+"/file", nil, 416, "Range", "bytes=10-")
	c.ask(ada, "POST "+path+"/actions/deactivate", nil, 204)
	c.ask(ada, "GET "+path+"/file", nil, 403)
	c.ask(ada, "POST "+path+"/actions/reactivate", nil, 204)
	c.ask(ada, "DELETE "+path, nil, 204)
	c.ask(ada, "GET "+path, nil, 404)
	if entries, _ := os.ReadDir(c.dir); len(entries) != 0 {
		t.Errorf("%v is left", entries)
	}
}

func TestBytesThatAreRefusedLeaveNothing(t *testing.T) {
	c := serve(t, func(c *cloud) { s := c.service; s.MaxBytes, s.MaxVirtualBytes, s.ProjectBytes = 1000, 1<<30, 500 })
	qcow2 := func(change func([]byte)) string {
		b := make([]byte, 512)
		copy(b, "QFI\xfb\x00\x00\x00\x03")
		b[23], b[28], b[103] = 16, 0x10, 104
		change(b)
		return string(b[:400])
	}
	for _, k := range []struct {
		name, format string
		body         any
		status       int
	}{
		{"a qcow2 with a backing file", "qcow2", qcow2(func(b []byte) { b[15] = 200 }), 415},
		{"a qcow2 with a data file", "qcow2", qcow2(func(b []byte) { b[79] = 4 }), 415},
		{"a qcow2 that is called raw", "raw", qcow2(func([]byte) {}), 415},
		{"noise that is called qcow2", "qcow2", "noise", 415},
		{"a qcow2 of a petabyte", "qcow2", qcow2(func(b []byte) { b[25] = 4 }), 413},
		{"a VMDK descriptor", "vmdk", "# Disk DescriptorFile\nversion=1\nRW 1 FLAT \"/etc/passwd\" 0\n", 415},
		{"more bytes than announced as the limit", "raw", strings.Repeat("x", 1001), 413},
		{"more bytes than the limit, unannounced", "raw", io.MultiReader(strings.NewReader(strings.Repeat("x", 1001))), 413},
		{"more bytes than the project may have", "raw", strings.Repeat("x", 501), 413},
	} {
		path := c.create(ada, fields{"disk_format": k.format})
		if r := c.upload(ada, path, k.body, k.status); !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: the fault is %s", k.name, r.Header.Get("Content-Type"))
		}
		c.isEmpty(path)
	}
	path := c.create(ada, nil)
	c.ask(ada, "PUT "+path+"/file", "x", 415)
	c.isEmpty(path)
}

// waitFor asks until the image has a status.
func (c *cloud) waitFor(path, status string) {
	c.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if c.ask(root, "GET "+path, nil, 200).field("status") == status {
			return
		}
		<-time.After(2 * time.Millisecond)
	}
	c.Fatalf("%s never was %s", path, status)
}

func TestAnUploadThatBreaksOffGivesTheImageFree(t *testing.T) {
	for name, k := range map[string]struct {
		idle time.Duration
		end  func(c *cloud, path string, w *io.PipeWriter)
	}{
		"the client goes away": {time.Minute, func(c *cloud, path string, w *io.PipeWriter) {
			c.waitFor(path, "saving")
			w.CloseWithError(errors.New("gone"))
		}},
		"the client stops sending": {50 * time.Millisecond, func(*cloud, string, *io.PipeWriter) {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, func(c *cloud) { s := c.service; s.Idle = k.idle })
			path := c.create(ada, nil)
			r, w := io.Pipe()
			defer w.Close()
			request, _ := http.NewRequest("PUT", c.URL+path+"/file", r)
			request.Header.Set("X-Auth-Token", ada)
			request.Header.Set(stream, octets)
			done := make(chan struct{})
			go func() {
				defer close(done)
				if response, err := c.Client().Do(request); err == nil {
					response.Body.Close()
				}
			}()
			w.Write([]byte("half of"))
			k.end(c, path, w)
			<-done
			c.waitFor(path, "queued")
			c.isEmpty(path)
			c.upload(ada, path, "all of it", 204)
		})
	}
}

func TestAClientThatSendsAllBeforeItReadsIsToldWhy(t *testing.T) {
	c := serve(t, nil)
	path := c.create(ada, nil)
	c.upload(ada, path, "there", 204)
	connection, err := net.Dial("tcp", c.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	const size = 16 << 20 // more than the sockets hold between them
	fmt.Fprintf(connection, "PUT %s/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", path, ada, octets, size)
	if _, err := connection.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusConflict {
		t.Errorf("the answer is %d, want 409", response.StatusCode)
	}
}

func TestAnImageDeletedWhileBytesComeIsGone(t *testing.T) {
	c := serve(t, nil)
	path := c.create(ada, nil)
	r, w := io.Pipe()
	go func() {
		w.Write([]byte("some bytes"))
		c.waitFor(path, "saving")
		c.ask(ada, "DELETE "+path, nil, 204)
		w.Close()
	}()
	c.upload(ada, path, r, 410)
	if entries, _ := os.ReadDir(c.dir); len(entries) != 0 {
		t.Errorf("%v is left", entries)
	}
}

func TestOthersImagesAreTheirOwn(t *testing.T) {
	c := serve(t, nil)
	private := c.create(ada, fields{"visibility": "private"})
	patch := `[{"op":"replace","path":"/name","value":"mine"}]`
	const v21 = "application/openstack-images-v2.1-json-patch"
	foreign := func(want int, path string) {
		t.Helper()
		c.ask(bob, "PATCH "+path, patch, want, stream, v21)
		c.ask(bob, "DELETE "+path, nil, want)
		c.ask(bob, "PUT "+path+"/tags/x", nil, want)
		c.ask(bob, "DELETE "+path+"/tags/x", nil, want)
		c.upload(bob, path, "x", want)
		c.ask(bob, "POST "+path+"/actions/deactivate", nil, want)
		c.ask(bob, "POST "+path+"/members", fields{"member": "q"}, want)
	}
	foreign(404, private)
	c.ask(bob, "GET "+private, nil, 404)
	c.ask(bob, "GET "+private+"/file", nil, 404)
	public := c.create(root, fields{"visibility": "public"})
	c.ask(bob, "GET "+public, nil, 200)
	foreign(403, public)
	for _, f := range []fields{{"visibility": "public"}, {"owner": "q"}, {"status": "active"}, {"os_glance_x": "1"}, {"location": "file:///etc/passwd"}, {"locations": []any{}},
		{"checksum": "x"}, {"size": 1}, {"deleted": true}} {
		c.ask(ada, "POST /image/v2/images", f, 403)
	}
	for _, bad := range []string{`"/owner","value":"q"`, `"/visibility","value":"public"`, `"/status","value":"active"`, `"/id","value":"x"`, `"/locations","value":[]`, `"/os_hash_value","value":"x"`} {
		c.ask(ada, "PATCH "+private, `[{"op":"replace","path":`+bad+`}]`, 403, stream, v21)
	}
	c.refusesLocations(private, v21)
	c.ask("eve:p:reader", "DELETE "+private, nil, 403)
	c.ask("", "GET "+private, nil, 401)
}

// refusesLocations sends what Glance refuses while locations are invisible.
func (c *cloud) refusesLocations(path, v21 string) {
	c.Helper()
	const place = `{"url":"file:///etc/passwd","metadata":{}}`
	for operation, want := range map[string]struct {
		status int
		says   string
	}{
		`{"op":"add","path":"/locations/-","value":` + place + `}`:     {403, "allowed to add locations if locations are invisible"},
		`{"op":"replace","path":"/locations","value":[` + place + `]}`: {403, "allowed to update locations if locations are invisible"},
		`{"op":"replace","path":"/locations","value":[]}`:              {403, "Cannot set locations to empty list"},
		`{"op":"remove","path":"/locations/0"}`:                        {403, "allowed to remove locations if locations are invisible"},
		`{"op":"add","path":"/locations","value":[` + place + `]}`:     {400, "Invalid JSON pointer for this resource"},
		`{"op":"remove","path":"/locations"}`:                          {400, "Invalid JSON pointer for this resource"},
		`{"op":"add","path":"/locations/-"}`:                           {400, "requires a member named"},
	} {
		for _, who := range []string{ada, root} {
			if r := c.ask(who, "PATCH "+path, "["+operation+"]", want.status, stream, v21); !strings.Contains(r.body, want.says) {
				c.Errorf("%s: %s", operation, r.body)
			}
		}
	}
	if i := c.ask(ada, "GET "+path, nil, 200); i.field("locations") != nil || i.field("direct_url") != nil {
		c.Errorf("the places of its bytes are shown: %s", i.body)
	}
}

func TestASharedImageIsInTheListOfWhoAccepts(t *testing.T) {
	c := serve(t, nil)
	path := c.create(ada, nil)
	listed := func(query string) int {
		return len(c.ask(bob, "GET /image/v2/images"+query, nil, 200).field("images").([]any))
	}
	c.ask(bob, "GET "+path, nil, 404)
	c.ask(ada, "POST "+path+"/members", fields{"member": "q"}, 200)
	c.ask(ada, "POST "+path+"/members", fields{"member": "q"}, 409)
	c.ask(bob, "GET "+path, nil, 200)
	if listed("") != 0 || listed("?member_status=pending") != 1 {
		t.Error("an offer that isn't accepted must be listed as pending only")
	}
	c.ask(ada, "PUT "+path+"/members/q", fields{"status": "accepted"}, 403) // only the member answers
	c.ask("eve:r:member", "PUT "+path+"/members/q", fields{"status": "accepted"}, 404)
	c.ask(bob, "PUT "+path+"/members/q", fields{"status": "maybe"}, 400)
	if got := c.ask(bob, "PUT "+path+"/members/q", fields{"status": "accepted"}, 200).field("status"); got != "accepted" || listed("") != 1 {
		t.Errorf("accepted as %v, listed %d", got, listed(""))
	}
	c.ask(ada, "POST "+path+"/members", fields{"member": "r"}, 200)
	if members := c.ask(bob, "GET "+path+"/members", nil, 200).field("members").([]any); len(members) != 1 {
		t.Errorf("a member sees %v, want itself only", members)
	}
	c.ask(bob, "GET "+path+"/members/r", nil, 404)
	c.ask(bob, "DELETE "+path+"/members/q", nil, 403)
	c.ask(ada, "DELETE "+path+"/members/q", nil, 204)
	c.ask(bob, "GET "+path, nil, 404)
}

func TestAListIsFilteredSortedAndPaged(t *testing.T) {
	c := serve(t, nil)
	for n := range 5 {
		path := c.create(ada, fields{"name": fmt.Sprintf("n%d", n), "tags": []string{fmt.Sprint(n % 2)}, "kind": fmt.Sprint(n), "min_disk": n})
		c.upload(ada, path, strings.Repeat("x", n+1), 204)
	}
	names := func(query string) (all string) {
		t.Helper()
		for next := "/v2/images" + query; next != ""; {
			r := c.ask(ada, "GET /image"+next, nil, 200)
			for _, i := range r.field("images").([]any) {
				all += i.(map[string]any)["name"].(string)[1:]
			}
			next, _ = r.field("next").(string)
		}
		return all
	}
	for query, want := range map[string]string{
		"": "43210", "?sort=name:asc": "01234", "?sort_key=size&sort_dir=desc&limit=2": "43210", "?limit=2&sort=status:asc,name:desc": "43210",
		"?name=n3": "3", "?name=in:n1,%22n2%22": "21", "?tag=1": "31", "?tag=0&tag=1": "", "?size_min=2&size_max=3": "21", "?kind=4": "4", "?kind=": "",
		"?created_at=lt:2001-01-01T00:00:00Z": "", "?created_at=gte:2001-01-01T00:00:00Z&limit=3": "43210", "?os_hidden=true": "", "?protected=false&min_disk=3": "3",
		"?visibility=public": "", "?visibility=shared&owner=p": "43210", "?status=queued": "", "?disk_format=in:raw,iso": "43210", "?limit=0": "",
	} {
		if got := names(query); got != want {
			t.Errorf("%q lists %s, want %s", query, got, want)
		}
	}
	for _, bad := range []string{"?limit=x", "?limit=-1", "?marker=nothing", "?sort=nothing", "?sort=name:up", "?sort=name&sort_key=name", "?visibility=x", "?size_min=x",
		"?created_at=x", "?created_at=xx:2001-01-01T00:00:00Z", "?name=gt:x", "?os_hidden=x", "?member_status=x", "?changes-since=x"} {
		c.ask(ada, "GET /image/v2/images"+bad, nil, 400)
	}
}

func TestHostsGetBytesByASignedAddressOnly(t *testing.T) {
	c := serve(t, nil)
	path := c.create(ada, nil)
	c.upload(ada, path, "boot me", 204)
	id := path[strings.LastIndexByte(path, '/')+1:]
	good := c.service.Sign.URL(id, time.Now().Add(time.Minute))
	if got := c.ask("", "GET "+good, nil, 200); got.body != "boot me" {
		t.Fatalf("got %q", got.body)
	}
	other := "/image" + c.ask(ada, "POST /image/v2/images", fields{}, 201).field("self").(string)
	for name, bad := range map[string]string{
		"too old":        c.service.Sign.URL(id, time.Now().Add(-time.Minute)),
		"forged":         good[:len(good)-1] + "x",
		"put off":        strings.Replace(good, "expires=", "expires=9", 1),
		"of another":     strings.Replace(good, id, other[strings.LastIndexByte(other, '/')+1:], 1),
		"without one":    good[:strings.IndexByte(good, '?')],
		"by another key": image.Signer{Key: []byte(strings.Repeat("o", 32))}.URL(id, time.Now().Add(time.Minute)),
		"by no key":      image.Signer{}.URL(id, time.Now().Add(time.Minute)),
	} {
		t.Log(name)
		c.ask("", "GET "+bad, nil, 403)
	}
}
