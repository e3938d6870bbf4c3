package walk

import (
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	cmd "skylog/commands/compute"
)

// many are the things that a cloud may have many of, as far as limits let it. Of
// servers, loadtest makes many: the hosts here are only played.
var many = []string{"domain", "project", "user", "group", "role", "region", "credential", "note", "trust", "epgroup", "policy",
	"image", "namespace", "network", "subnet", "port", "sg", "rule", "flavor", "keypair", "aggregate", "servergroup", "provider"}

// perParent is how many subnets a network gets, and rules a security group.
const perParent = 90

// ownName is where the name of the thing itself stands.
var ownName = regexp.MustCompile(`\$(n|open)\b`)

// read is one operation that only reads, as it is timed.
type read struct {
	name, token, request string
	headers              map[string]string
}

// BenchmarkReads times each read, of a page of 100 where there are pages, in a
// cloud that has so many rows of each kind as SKYLOG_ROWS says (1,000), by those who
// see all of them. Compare two numbers of rows by benchstat: the time may grow
// as a search does. SKYLOG_MANY names the kinds of which there are many, where
// not all are meant.
func BenchmarkReads(b *testing.B) {
	c := newCloud(b)
	reads := c.readsOfAll()
	c.make("admin", "PUT /compute/v2.1/os-quota-sets/"+c.named["lab"], `{"quota_set":{"server_groups":-1}}`, "")
	kinds := many
	if only := os.Getenv("SKYLOG_MANY"); only != "" {
		kinds = strings.Fields(only)
	}
	for _, kind := range kinds {
		c.multiply(kind, rows(1000))
	}
	for _, r := range reads {
		b.Run(r.name, func(b *testing.B) { c.time(b, r) })
	}
}

// rows is how many there shall be of each kind.
func rows(usual int) int {
	if n, err := strconv.Atoi(os.Getenv("SKYLOG_ROWS")); err == nil {
		return n
	}
	return usual
}

// readsOfAll makes what the reads need. Things are made once for all of them.
func (c *cloud) readsOfAll() (reads []read) {
	shared, tries := map[string]string{}, allTries()
	for _, o := range c.gateway.Operations() {
		how, known := tries[o.Method+" "+o.Path]
		if o.Method != http.MethodGet || !known || strings.HasPrefix(o.Path, "/v1/") || how.status >= 300 {
			continue
		}
		x := &one{things: things{c, shared}, try: how, service: o.Service, read: true}
		x.prepare(o)
		reads = append(reads, read{name: o.Method + " " + o.Path, token: c.tokens[x.as], request: paged(x.request), headers: x.headers})
	}
	c.settle()
	for i, r := range reads {
		if w := c.call(r.token, r.request, "", r.headers); w.Code >= 300 {
			reads[i].request = unpaged(r.request) // where there are no pages
		}
	}
	return reads
}

func paged(request string) string {
	if strings.Contains(request, "?") {
		return request + "&limit=100"
	}
	return request + "?limit=100"
}

func unpaged(request string) string { return request[:len(request)-len("?limit=100")] }

// multiply makes a thing many times over, until there is no room for more of
// them. What it needs is made once.
func (c *cloud) multiply(kind string, times int) {
	c.Helper()
	m, ok := makers[kind]
	if kind == "provider" {
		m, ok = maker{as: "admin", request: "POST /placement/resource_providers", body: `{"name":"$n"}`}, true
	}
	if !ok {
		c.Fatalf("nothing tells how %s is made", kind)
	}
	if kind == "port" { // those of one subnet would be too many for it
		m.body = strings.Replace(m.body, `{"port":{`, `{"port":{"fixed_ips":[],`, 1)
	}
	var requests, bodies []string // one for each parent, which has room for so many
	for i := 0; i == 0 || i < times && (kind == "subnet" || kind == "rule"); i += perParent {
		h := things{c, map[string]string{}}
		requests = append(requests, h.fill(ownName.ReplaceAllString(m.request, "\x00")))
		bodies = append(bodies, strings.Replace(h.fill(ownName.ReplaceAllString(m.body, "\x00")), "10.0.0.0/24", "\x01", 1))
	}
	c.settle()
	var all sync.WaitGroup
	var next, made atomic.Int64
	for range 256 {
		all.Go(func() {
			for i := int(next.Add(1)); i <= times; i = int(next.Add(1)) {
				request, body := requests[(i-1)/perParent%len(requests)], bodies[(i-1)/perParent%len(bodies)]
				name := "many-" + kind + "-" + strconv.Itoa(i)
				port := strconv.Itoa(i%perParent + 1000) // of a rule: no two are the same
				values := strings.NewReplacer("\x00", name, "\x01", "10.0."+strconv.Itoa(i%perParent)+".0/24",
					`"port_range_min":22,"port_range_max":22`, `"port_range_min":`+port+`,"port_range_max":`+port)
				w := c.call(c.tokens[m.as], values.Replace(request), values.Replace(body), nil)
				switch {
				case w.Code < 300:
					made.Add(1)
				case w.Code == http.StatusForbidden || w.Code == http.StatusConflict || w.Code == http.StatusRequestEntityTooLarge:
					next.Store(int64(times)) // there is a limit
					if made.Load() == 0 {
						c.Errorf("%s: %d %.200s", kind, w.Code, w.Body)
					}
				default:
					next.Store(int64(times))
					c.Errorf("%s %d: %d %.200s", kind, i, w.Code, w.Body)
				}
			}
		})
	}
	all.Wait()
	c.Logf("%d of %s", made.Load(), kind)
}

// time asks again and again.
func (c *cloud) time(b *testing.B, r read) {
	bytes := 0
	b.ReportAllocs()
	for b.Loop() {
		w := c.call(r.token, r.request, "", r.headers)
		if w.Code >= 300 {
			b.Fatalf("%s: %d %.300s", r.request, w.Code, w.Body)
		}
		bytes = w.Body.Len()
	}
	b.ReportMetric(float64(bytes), "B/reply")
}

// BenchmarkServersInDetail times the page of 1,000 servers that clients ask for
// most, among SKYLOG_ROWS (20,000).
func BenchmarkServersInDetail(b *testing.B) {
	c := newCloud(b)
	c.joinHost(third, 3, cmd.Facts{VCPUs: 1 << 20, RAMMiB: 1 << 30, DiskGiB: 1 << 20})
	h := things{c, map[string]string{}}
	body := h.fill(`{"server":{"name":"$n","flavorRef":"$flavor","imageRef":"$full","networks":[{"uuid":"$wide"}],"min_count":100,"metadata":{"color":"blue"}}}`)
	for range rows(20000) / 100 {
		c.make("ada", "POST /compute/v2.1/servers", body, "")
	}
	c.settle()
	c.rest.Store(true)
	c.time(b, read{token: c.tokens["ada"], request: "GET /compute/v2.1/servers/detail"})
}
