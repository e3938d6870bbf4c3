package image_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"skylog/infra/webdownload"
)

// nothingStaged waits until nothing is staged any more: what was imported goes when
// its import has ended.
func (c *cloud) nothingStaged() {
	c.Helper()
	for deadline := time.Now().Add(10 * time.Second); c.files(c.staged) > 0; <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatal("staged bytes are left")
		}
	}
}

// files counts what is in a folder.
func (c *cloud) files(dir string) int {
	c.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		c.Fatal(err)
	}
	return len(entries)
}

// imported asks for an import and returns the task that it became, once it has ended.
func (c *cloud) imported(token, path string, body any) map[string]any {
	c.Helper()
	c.ask(token, "POST "+path+"/import", body, 202)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-time.After(2 * time.Millisecond) {
		tasks := c.ask(token, "GET "+path+"/tasks", nil, 200).field("tasks").([]any)
		last := tasks[len(tasks)-1].(map[string]any)
		if s := last["status"]; s == "success" || s == "failure" {
			return last
		}
	}
	c.Fatal("the import never ended")
	return nil
}

func method(name string) fields { return fields{"method": fields{"name": name}} }

func TestStagedBytesAreImported(t *testing.T) {
	c := serve(t, nil)
	path := c.create(ada, nil)
	c.ask(ada, "POST "+path+"/import", method("glance-direct"), 409) // nothing is staged
	c.ask(ada, "PUT "+path+"/stage", "0123456789", 415)
	c.ask(ada, "PUT "+path+"/stage", "0123456789", 204, stream, octets)
	if got := c.ask(ada, "GET "+path, nil, 200); got.field("status") != "uploading" || got.field("size") != nil || c.files(c.staged) != 1 {
		t.Fatalf("staged: %s", got.body)
	}
	c.ask(ada, "PUT "+path+"/stage", "again", 409, stream, octets)
	c.upload(ada, path, "other bytes", 409)
	task := c.imported(ada, path, method("glance-direct"))
	shown := c.ask(ada, "GET "+path, nil, 200)
	if task["status"] != "success" || shown.field("status") != "active" || shown.field("stores") != "local" || shown.field("checksum") != "781e5e245d69b566979b86e28d23f2c7" {
		t.Fatalf("task %v, image %s", task, shown.body)
	}
	c.nothingStaged()
	if c.files(c.dir) != 1 || c.files(c.second) != 0 {
		t.Error("an import leaves its bytes where they were asked for, and nowhere else")
	}
	if got := c.ask(ada, "GET "+path+"/file", nil, 200); got.body != "0123456789" {
		t.Errorf("downloaded %q", got.body)
	}
	c.ask(ada, "POST "+path+"/import", method("glance-direct"), 409)
	for _, key := range []string{"id", "image_id", "input", "result", "message", "owner", "request_id", "user_id", "created_at", "updated_at", "expires_at", "self", "schema", "type"} {
		if _, ok := task[key]; !ok {
			t.Errorf("the task has no %s: %v", key, task)
		}
	}
}

func TestAnImportThatIsNoneIsRefused(t *testing.T) {
	c := serve(t, nil)
	path := c.create(ada, nil)
	c.ask(ada, "PUT "+path+"/stage", "x", 204, stream, octets)
	for body, want := range map[string]int{
		`{`: 400, `{}`: 400, `{"method":{"name":"glance-download"}}`: 400, `{"method":{"name":"web-download","uri":"http://x/"}}`: 400,
		`{"method":{"name":"glance-direct"},"stores":["nowhere"]}`:                 409,
		`{"method":{"name":"glance-direct"},"stores":[]}`:                          400,
		`{"method":{"name":"glance-direct"},"stores":["local"],"all_stores":true}`: 400,
		`{"method":{"name":"copy-image"}}`:                                         403,
	} {
		c.ask(ada, "POST "+path+"/import", body, want)
	}
	c.ask(bob, "POST "+path+"/import", method("glance-direct"), 404)
	c.ask(bob, "PUT "+path+"/stage", "x", 404, stream, octets)
	c.ask("eve:p:reader", "POST "+path+"/import", method("glance-direct"), 403)
	c.ask(root, "POST "+path+"/import", method("copy-image"), 409)
	bare := "/image" + c.ask(ada, "POST /image/v2/images", fields{}, 201).field("self").(string)
	c.ask(ada, "PUT "+bare+"/stage", "x", 204, stream, octets)
	c.ask(ada, "POST "+bare+"/import", method("glance-direct"), 409) // without formats
	c.ask(ada, "DELETE "+bare, nil, 204)
	c.ask(ada, "DELETE "+path, nil, 204)
	if c.files(c.staged) != 0 {
		t.Error("what was staged for deleted images is left")
	}
}

func TestStagedBytesThatAreRefusedLeaveNothing(t *testing.T) {
	c := serve(t, nil)
	path := c.create(ada, fields{"disk_format": "vmdk"})
	c.ask(ada, "PUT "+path+"/stage", "# Disk DescriptorFile\nversion=1\nRW 1 FLAT \"/etc/passwd\" 0\n", 204, stream, octets)
	task := c.imported(ada, path, method("glance-direct"))
	if task["status"] != "failure" || !strings.Contains(task["message"].(string), "descriptor") {
		t.Fatalf("the task is %v", task)
	}
	shown := c.ask(ada, "GET "+path, nil, 200)
	if shown.field("status") != "queued" || shown.field("os_glance_failed_import") != "local" || c.files(c.staged)+c.files(c.dir) != 0 {
		t.Errorf("the image is %s", shown.body)
	}
}

func TestAnImageIsCopiedBetweenStoresAndDroppedFromThem(t *testing.T) {
	c := serve(t, nil)
	if got := c.ask(ada, "GET /image/v2/info/stores", nil, 200).body; !strings.Contains(got, `{"default":"true","id":"local"}`) || strings.Contains(got, "/srv") {
		t.Errorf("the stores are %s", got)
	}
	c.ask(ada, "GET /image/v2/info/stores/detail", nil, 403)
	if got := c.ask(root, "GET /image/v2/info/stores/detail", nil, 200).body; !strings.Contains(got, `"data_dir":"/srv"`) {
		t.Errorf("the stores in detail are %s", got)
	}
	path := c.create(ada, nil)
	c.ask(ada, "PUT "+path+"/file", "x", 400, stream, octets, "X-Image-Meta-Store", "nowhere")
	c.ask(ada, "PUT "+path+"/file", "bytes", 204, stream, octets, "X-Image-Meta-Store", "second")
	if got := c.ask(ada, "GET "+path, nil, 200).field("stores"); got != "second" || c.files(c.dir) != 0 {
		t.Fatalf("the bytes are in %v", got)
	}
	id := strings.TrimPrefix(path, "/image/v2/images/")
	c.ask(root, "DELETE /image/v2/stores/second/"+id, nil, 403) // the last one
	c.ask(ada, "POST "+path+"/import", method("copy-image"), 403)
	c.ask(root, "POST "+path+"/import", fields{"method": fields{"name": "copy-image"}, "stores": []string{"second"}}, 400)
	all := fields{"method": fields{"name": "copy-image"}, "all_stores": true}
	if task := c.imported(root, path, all); task["status"] != "success" {
		t.Fatalf("the task is %v", task)
	}
	c.ask(root, "POST "+path+"/import", all, 202) // nothing is left to do
	if got := c.ask(ada, "GET "+path, nil, 200).field("stores"); got != "second,local" || c.files(c.dir) != 1 {
		t.Fatalf("the bytes are in %v", got)
	}
	c.ask(root, "DELETE /image/v2/stores/nowhere/"+id, nil, 409)
	c.ask(ada, "DELETE /image/v2/stores/second/"+id, nil, 403)
	c.ask(root, "DELETE /image/v2/stores/second/"+id, nil, 204)
	c.ask(root, "DELETE /image/v2/stores/second/"+id, nil, 404)
	if got := c.ask(ada, "GET "+path+"/file", nil, 200); got.body != "bytes" || c.files(c.second) != 0 {
		t.Errorf("from the other store came %q", got.body)
	}
}

// fetching lets the cloud import from a server on loopback.
func fetching(t *testing.T, handler http.HandlerFunc) (change func(*cloud), address string) {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	u, _ := url.Parse(server.URL)
	port, _ := strconv.Atoi(u.Port())
	g := &webdownload.Guard{Hosts: []string{"127.0.0.1"}, Ports: []int{port}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	return func(c *cloud) { c.service.CheckURI, c.imports.Download = g.Check, g.Open }, server.URL
}

func TestAnImageIsImportedFromTheWeb(t *testing.T) {
	change, address := fetching(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/missing" {
			http.NotFound(w, r)
			return
		}
		io.WriteString(w, "bytes of a disk")
	})
	c := serve(t, change)
	made := c.ask(ada, "POST /image/v2/images", fields{"disk_format": "raw", "container_format": "bare"}, 201)
	if got := made.Header.Get("OpenStack-image-import-methods"); got != "glance-direct,web-download,copy-image" || made.Header.Get("OpenStack-image-store-ids") != "local,second" {
		t.Errorf("the headers are %v", made.Header)
	}
	path := "/image" + made.field("self").(string)
	web := func(path string) fields {
		return fields{"method": fields{"name": "web-download", "uri": address + path}, "all_stores": true}
	}
	if task := c.imported(ada, path, web("/missing?signature=secret")); task["status"] != "failure" || strings.Contains(task["message"].(string), "secret") {
		t.Fatalf("the task is %v", task)
	}
	task := c.imported(ada, path, web("/disk?signature=secret"))
	shown := c.ask(ada, "GET "+path, nil, 200)
	if task["status"] != "success" || shown.field("status") != "active" || shown.field("stores") != "local,second" || shown.field("size") != 15.0 {
		t.Fatalf("the task is %v, the image %s", task, shown.body)
	}
	c.nothingStaged()
	if c.files(c.dir) != 1 || c.files(c.second) != 1 {
		t.Error("the bytes are in both stores and nowhere else")
	}
	if uri := task["input"].(map[string]any)["import_req"].(map[string]any)["method"].(map[string]any)["uri"]; uri != address+"/disk" {
		t.Errorf("the task shows %v, want no signature", uri)
	}
}

func TestAnImportInAnUnreachableStoreFailsOrIsPassedBy(t *testing.T) {
	c := serve(t, func(c *cloud) { delete(c.imports.Stores, "second") })
	for must, want := range map[bool]string{true: "failure", false: "success"} {
		path := c.create(ada, nil)
		c.ask(ada, "PUT "+path+"/stage", "x", 204, stream, octets)
		task := c.imported(ada, path, fields{"method": fields{"name": "glance-direct"}, "all_stores": true, "all_stores_must_succeed": must})
		if task["status"] != want {
			t.Errorf("must all succeed: %v: the task is %v", must, task)
		}
		if failed := c.ask(ada, "GET "+path, nil, 200).field("os_glance_failed_import"); !must && failed != "second" {
			t.Errorf("the stores that failed are %v", failed)
		}
	}
	c.nothingStaged()
	if c.files(c.dir) != 1 {
		t.Error("what failed has left bytes")
	}
}

func TestTasksAreForAdministrators(t *testing.T) {
	c := serve(t, nil)
	for range 3 {
		path := c.create(ada, nil)
		c.ask(ada, "PUT "+path+"/stage", "x", 204, stream, octets)
		c.imported(ada, path, method("glance-direct"))
	}
	c.ask(ada, "GET /image/v2/tasks", nil, 403)
	first := c.ask(root, "GET /image/v2/tasks?limit=2&status=success", nil, 200)
	tasks := first.field("tasks").([]any)
	next, _ := first.field("next").(string)
	if len(tasks) != 2 || next == "" || first.field("first") != "/v2/tasks?limit=2&status=success" || first.field("schema") != "/v2/schemas/tasks" {
		t.Fatalf("the list is %s", first.body)
	}
	if second := c.ask(root, "GET /image"+next, nil, 200); len(second.field("tasks").([]any)) != 1 || second.field("next") != nil {
		t.Errorf("its second page is %s", second.body)
	}
	one := tasks[0].(map[string]any)["self"].(string)
	c.ask(ada, "GET /image"+one, nil, 403)
	if got := c.ask(root, "GET /image"+one, nil, 200); got.field("type") != "api_image_import" || got.field("input") == nil {
		t.Errorf("the task is %s", got.body)
	}
	c.ask(root, "GET /image/v2/tasks/x", nil, 404)
	for _, key := range []string{"created_at", "updated_at", "status", "id", "type", "expires_at"} { // the older client sorts by status
		ids := map[string]string{}
		for _, dir := range []string{"asc", "desc"} {
			for next := "/v2/tasks?limit=2&sort_dir=" + dir + "&sort_key=" + key; next != ""; {
				r := c.ask(root, "GET /image"+next, nil, 200)
				for _, task := range r.field("tasks").([]any) {
					ids[dir] += task.(map[string]any)["id"].(string)
				}
				next, _ = r.field("next").(string)
			}
		}
		if len(ids["asc"]) != 3*36 || ids["asc"] != ids["desc"][72:]+ids["desc"][36:72]+ids["desc"][:36] {
			t.Errorf("by %s: %v", key, ids)
		}
	}
	for _, bad := range []string{"status=x", "type=x", "marker=x", "sort_dir=x", "sort_key=x", "limit=x"} {
		c.ask(root, "GET /image/v2/tasks?"+bad, nil, 400)
	}
}

func TestFiltersThatAreNoneAreRefused(t *testing.T) {
	c := serve(t, nil)
	for _, bad := range []string{"os_hidden=yes", "protected=1", "size_min=x", "created_at=x", "created_at=about:2020-01-01T00:00:00Z", "visibility=x", "member_status=x", "changes-since=x",
		"name=like:x", "id=in:%22x", "sort=name:up", "sort=name&sort_key=id", "sort_key=id&sort_dir=asc&sort_dir=asc", "limit=-1", "marker=x"} {
		c.ask(ada, "GET /image/v2/images?"+bad, nil, 400)
	}
	for _, good := range []string{"os_hidden=True", "protected=false", "created_at=lte:2020-01-01", "status=in:active,queued", "sort=name:asc,size", "tag=a&tag=b", "color=blue"} {
		c.ask(ada, "GET /image/v2/images?"+good, nil, 200)
	}
}

func TestCallsThatAreNotThereSaySo(t *testing.T) {
	c := serve(t, nil)
	path := c.create(ada, nil)
	for _, call := range []string{"GET " + path + "/locations", "POST " + path + "/locations", "POST /image/v2/tasks", "DELETE /image/v2/tasks/x"} {
		r := c.answer(root, call, `{"type":"import","input":{}}`)
		if r != http.StatusNotFound && r != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", call, r)
		}
	}
}

func TestUsageCountsWhatAProjectHas(t *testing.T) {
	c := serve(t, nil)
	c.upload(ada, c.create(ada, nil), strings.Repeat("x", 3<<20), 204)
	staged := c.create(ada, nil)
	c.ask(ada, "PUT "+staged+"/stage", strings.Repeat("x", 2<<20), 204, stream, octets)
	usage := c.ask(ada, "GET /image/v2/info/usage", nil, 200).field("usage").(map[string]any)
	for name, want := range map[string]float64{"image_size_total": 3, "image_stage_total": 2, "image_count_total": 2, "image_count_uploading": 1} {
		if got := usage[name].(map[string]any); got["usage"] != want || got["limit"].(float64) < want {
			t.Errorf("%s is %v, want %v used", name, got, want)
		}
	}
}

func TestNoWayInTakesADiskThatLeadsElsewhere(t *testing.T) {
	qcow2 := func(change func([]byte)) string {
		b := make([]byte, 512)
		copy(b, "QFI\xfb\x00\x00\x00\x03")
		b[23], b[28], b[103] = 16, 0x10, 104
		change(b)
		return string(b)
	}
	served := ""
	change, address := fetching(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, served) })
	c := serve(t, change)
	for _, k := range []struct{ name, format, bytes string }{
		{"a qcow2 with a backing file", "qcow2", qcow2(func(b []byte) { b[15] = 200 })},
		{"a qcow2 with a data file", "qcow2", qcow2(func(b []byte) { b[79] = 4 })},
		{"a qcow2 that is called raw", "raw", qcow2(func([]byte) {})},
		{"a VMDK that names a file", "vmdk", "# Disk DescriptorFile\nversion=1\nRW 1 FLAT \"/etc/passwd\" 0\n"},
		{"a qcow2 of 32 PiB", "qcow2", qcow2(func(b []byte) { b[25] = 0x80 })},
	} {
		served = k.bytes
		path := c.create(ada, fields{"disk_format": k.format})
		if r := c.answer(ada, "PUT "+path+"/file", k.bytes); r != 415 && r != 413 {
			t.Errorf("%s is uploaded: %d", k.name, r)
		}
		c.ask(ada, "PUT "+path+"/stage", k.bytes, 204, stream, octets)
		staged := c.imported(ada, path, method("glance-direct"))
		web := c.imported(ada, path, fields{"method": fields{"name": "web-download", "uri": address}})
		if staged["status"] != "failure" || web["status"] != "failure" {
			t.Errorf("%s is imported: %v, %v", k.name, staged, web)
		}
		c.nothingStaged()
		c.isEmpty(path)
	}
}

// answer sends a body and returns whatever status comes.
func (c *cloud) answer(token, call, body string) int {
	c.Helper()
	method, path, _ := strings.Cut(call, " ")
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("X-Auth-Token", token)
	r.Header.Set(stream, octets)
	w := httptest.NewRecorder()
	c.gateway.ServeHTTP(w, r)
	return w.Code
}
