package walk

import (
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"skylog/api"
	cmd "skylog/commands/compute"
)

// many are the things that a cloud has many of. Of servers, loadtest makes many:
// the hosts here are only played.
var many = []string{"domain", "project", "user", "group", "role", "region", "service", "endpoint", "credential", "note", "access", "trust", "epgroup", "policy",
	"image", "namespace", "network", "subnet", "port", "sg", "rule", "flavor", "keypair", "aggregate", "servergroup", "provider"}

// ownName is where the name of the thing itself stands.
var ownName = regexp.MustCompile(`\$(n|open)\b`)

// BenchmarkReads times each read of a page of 100 in a cloud that has so many
// rows of each kind as SKYLOG_ROWS says (1,000), by those who see all of them.
// Compare two numbers of rows by benchstat: the time may grow as a search does.
// SKYLOG_MANY names the kinds of which there are many, where not all are meant.
func BenchmarkReads(b *testing.B) {
	rows, err := strconv.Atoi(os.Getenv("SKYLOG_ROWS"))
	if err != nil {
		rows = 1000
	}
	c := newCloud(b)
	kinds := many
	if only := os.Getenv("SKYLOG_MANY"); only != "" {
		kinds = strings.Fields(only)
	}
	shared := map[string]string{}
	for _, kind := range kinds {
		c.multiply(&things{c, shared}, kind, rows)
	}
	tries := allTries()
	for _, o := range c.gateway.Operations() {
		how, known := tries[o.Method+" "+o.Path]
		if o.Method != http.MethodGet || !known || strings.HasPrefix(o.Path, "/v1/") || how.status >= 300 {
			continue
		}
		b.Run(o.Method+" "+o.Path, func(b *testing.B) { c.timeRead(b, o, how, shared) })
	}
}

// multiply makes a thing many times over. What it needs is made once.
func (c *cloud) multiply(h *things, kind string, times int) {
	c.Helper()
	m, ok := makers[kind]
	if kind == "provider" {
		m, ok = maker{as: "admin", request: "POST /placement/resource_providers", body: `{"name":"$n"}`}, true
	}
	if !ok {
		c.Fatalf("nothing tells how %s is made", kind)
	}
	request, body := h.fill(ownName.ReplaceAllString(m.request, "\x00")), h.fill(ownName.ReplaceAllString(m.body, "\x00"))
	if kind == "subnet" {
		body = strings.Replace(body, "10.0.0.0/24", "\x01", 1)
	}
	if kind == "port" { // those of one subnet would be too many for it
		body = strings.Replace(body, `{"port":{`, `{"port":{"fixed_ips":[],`, 1)
	}
	h.settle()
	var all sync.WaitGroup
	next := make(chan int)
	for range 256 {
		all.Go(func() {
			for i := range next {
				name := "many-" + kind + "-" + strconv.Itoa(i)
				range24 := "10." + strconv.Itoa(i>>8&255) + "." + strconv.Itoa(i&255) + ".0/24"
				w := c.call(c.tokens[m.as], strings.ReplaceAll(request, "\x00", name), strings.NewReplacer("\x00", name, "\x01", range24).Replace(body), nil)
				if w.Code >= 300 {
					c.Errorf("%s %d: %d %.200s", kind, i, w.Code, w.Body)
				}
			}
		})
	}
	for i := range times {
		if c.Failed() {
			break
		}
		next <- i
	}
	close(next)
	all.Wait()
	c.Logf("%d of %s", times, kind)
}

// BenchmarkServersInDetail times the page of 1,000 servers that clients ask for
// most, among SKYLOG_ROWS (20,000).
func BenchmarkServersInDetail(b *testing.B) {
	rows, err := strconv.Atoi(os.Getenv("SKYLOG_ROWS"))
	if err != nil {
		rows = 20000
	}
	c := newCloud(b)
	c.joinHost(third, 3, cmd.Facts{VCPUs: 1 << 20, RAMMiB: 1 << 30, DiskGiB: 1 << 20})
	h := &things{c, map[string]string{}}
	body := h.fill(`{"server":{"name":"$n","flavorRef":"$flavor","imageRef":"$full","networks":[{"uuid":"$wide"}],"min_count":100,"metadata":{"color":"blue"}}}`)
	for range rows / 100 {
		c.make("ada", "POST /compute/v2.1/servers", body, "")
	}
	c.settle()
	c.rest.Store(true)
	b.ReportAllocs()
	for b.Loop() {
		if w := c.call(c.tokens["ada"], "GET /compute/v2.1/servers/detail", "", nil); w.Code != http.StatusOK {
			b.Fatalf("%d %.300s", w.Code, w.Body)
		}
	}
}

// timeRead asks for a page again and again.
func (c *cloud) timeRead(b *testing.B, o api.Operation, how try, shared map[string]string) {
	inner := *c
	inner.TB = b
	x := &one{things: things{&inner, shared}, try: how, service: o.Service, read: true}
	x.prepare(o)
	request := x.request
	if strings.Contains(request, "?") {
		request += "&limit=100"
	} else {
		request += "?limit=100"
	}
	token := c.tokens[x.as]
	if w := c.call(token, request, "", x.headers); w.Code >= 300 {
		request = x.request // where there are no pages
	}
	bytes := 0
	b.ReportAllocs()
	for b.Loop() {
		w := c.call(token, request, "", x.headers)
		if w.Code >= 300 {
			b.Fatalf("%s: %d %.300s", request, w.Code, w.Body)
		}
		bytes = w.Body.Len()
	}
	b.ReportMetric(float64(bytes), "B/reply")
}
