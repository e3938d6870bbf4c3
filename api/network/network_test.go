package network_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"skylog/api"
	"skylog/api/apitest"
	"skylog/api/network"
	"skylog/commands"
	"skylog/events"
	"skylog/handlers"
	"skylog/handlers/given"
	decide "skylog/handlers/network"
	"skylog/projections"
)

// cloud decides what it is asked at once, in memory.
type cloud struct {
	mu    sync.Mutex
	head  *projections.World
	now   *projections.World
	rules *handlers.Registry
}

func newCloud() *cloud {
	w := projections.New()
	return &cloud{head: w, now: w.Publish(), rules: handlers.NewRegistry(decide.Register)}
}

func (c *cloud) Now() *projections.World {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *cloud) Do(_ context.Context, asked ...commands.Command) (*projections.World, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range asked {
		data, err := json.Marshal(one)
		if err != nil {
			return nil, err
		}
		decided, err := c.rules.Decide(c.head, commands.Record{Type: one.CommandType(), Data: data}, "api.test")
		if err != nil {
			c.head.Restore(c.now)
			return nil, err
		}
		c.head.Facts(decided, events.Meta{Time: given.Start})
	}
	c.now = c.head.Publish()
	return c.now, nil
}

// callers are the tokens that are good, with whose they are.
var callers = map[string]api.Who{
	"admin":  {UserID: "admin", ProjectID: "00000000000000000000000000000adc", Roles: []string{"admin"}},
	"ada":    {UserID: "ada", ProjectID: "0000000000000000000000000000ada0", Roles: []string{"member"}},
	"reader": {UserID: "rea", ProjectID: "0000000000000000000000000000ada0", Roles: []string{"reader"}},
	"eve":    {UserID: "eve", ProjectID: "0000000000000000000000000000e0e0", Roles: []string{"member"}},
}

func gateway(t testing.TB) http.Handler {
	c := newCloud()
	g, err := api.New(api.Options{Now: c.Now, Rate: 100_000, Log: slog.New(slog.DiscardHandler), Authenticate: func(_ *projections.World, token string) (api.Who, error) {
		if who, ok := callers[token]; ok {
			return who, nil
		}
		return api.Who{}, errors.New("no such token")
	}}, network.New(c.Do))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestScripts(t *testing.T) {
	apitest.Run(t, "testdata/*.txtar", func(t *testing.T) http.Handler { return gateway(t) })
}

// client asks as somebody and decodes the reply.
type client struct {
	t testing.TB
	h http.Handler
}

func (c client) ask(token, method, path, body string) (int, map[string]any) {
	c.t.Helper()
	r := httptest.NewRequest(method, "http://cloud/network"+path, strings.NewReader(body))
	r.Header.Set("X-Auth-Token", token)
	reply := httptest.NewRecorder()
	c.h.ServeHTTP(reply, r)
	var out map[string]any
	if reply.Body.Len() > 0 {
		if err := json.Unmarshal(reply.Body.Bytes(), &out); err != nil {
			c.t.Fatalf("%s %s answered %d with what is no JSON: %s", method, path, reply.Code, reply.Body)
		}
	}
	return reply.Code, out
}

// make asks for a thing and returns its id.
func (c client) make(token, path, singular, body string) string {
	c.t.Helper()
	code, out := c.ask(token, "POST", path, body)
	if code != http.StatusCreated {
		c.t.Fatalf("POST %s %s answered %d: %v", path, body, code, out)
	}
	return out[singular].(map[string]any)["id"].(string)
}

// A foreign thing isn't there for any verb and any sub-resource.
func TestWhatIsAnotherProjectsIsNotThere(t *testing.T) {
	t.Parallel()
	c := client{t, gateway(t)}
	n := c.make("ada", "/v2.0/networks", "network", `{"network":{"name":"mine"}}`)
	s := c.make("ada", "/v2.0/subnets", "subnet", fmt.Sprintf(`{"subnet":{"network_id":%q,"cidr":"10.0.0.0/24","ip_version":4}}`, n))
	p := c.make("ada", "/v2.0/ports", "port", fmt.Sprintf(`{"port":{"network_id":%q}}`, n))
	g := c.make("ada", "/v2.0/security-groups", "security_group", `{"security_group":{"name":"web"}}`)
	r := c.make("ada", "/v2.0/security-group-rules", "security_group_rule", fmt.Sprintf(`{"security_group_rule":{"security_group_id":%q,"direction":"ingress"}}`, g))
	for path, singular := range map[string]string{"networks/" + n: "network", "subnets/" + s: "subnet", "ports/" + p: "port",
		"security-groups/" + g: "security_group", "security-group-rules/" + r: "security_group_rule"} {
		path = "/v2.0/" + path
		for _, call := range [][3]string{{"GET", path}, {"DELETE", path}, {"GET", path + "/tags"}, {"PUT", path + "/tags", `{"tags":["x"]}`},
			{"PUT", path + "/tags/x"}, {"GET", path + "/tags/x"}, {"DELETE", path + "/tags/x"}, {"DELETE", path + "/tags"}} {
			if code, out := c.ask("eve", call[0], call[1], call[2]); code != http.StatusNotFound {
				t.Errorf("%s %s as a stranger answered %d, want 404: %v", call[0], call[1], code, out)
			}
		}
		if singular != "security_group_rule" {
			if code, out := c.ask("eve", "PUT", path, fmt.Sprintf(`{%q:{"name":"x"}}`, singular)); code != http.StatusNotFound {
				t.Errorf("PUT %s as a stranger answered %d, want 404: %v", path, code, out)
			}
			if code, out := c.ask("reader", "PUT", path, fmt.Sprintf(`{%q:{"name":"x"}}`, singular)); code != http.StatusForbidden {
				t.Errorf("PUT %s as a reader answered %d, want 403: %v", path, code, out)
			}
		}
		plural := strings.ReplaceAll(strings.Split(path, "/")[2], "-", "_")
		if _, out := c.ask("eve", "GET", strings.TrimSuffix(path, "/"+path[strings.LastIndex(path, "/")+1:])+"?project_id=0000000000000000000000000000ada0", ""); len(out[plural].([]any)) != 0 {
			t.Errorf("a stranger lists %s of another project: %v", plural, out)
		}
	}
	for _, body := range []string{
		fmt.Sprintf(`{"port":{"network_id":%q}}`, n),
		fmt.Sprintf(`{"port":{"network_id":%q,"fixed_ips":[{"subnet_id":%q}]}}`, n, s),
	} {
		if code, out := c.ask("eve", "POST", "/v2.0/ports", body); code != http.StatusNotFound {
			t.Errorf("a stranger's port on the network answered %d, want 404: %v", code, out)
		}
	}
}

// Attributes that only administrators may set are refused or can't be sent at all.
func TestNobodyTakesMoreThanIsTheirs(t *testing.T) {
	t.Parallel()
	c := client{t, gateway(t)}
	shared := c.make("admin", "/v2.0/networks", "network", `{"network":{"name":"common","shared":true}}`)
	s := c.make("admin", "/v2.0/subnets", "subnet", fmt.Sprintf(`{"subnet":{"network_id":%q,"cidr":"10.0.0.0/24","ip_version":4}}`, shared))
	for _, call := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "/networks", `{"network":{"shared":true}}`, 403},
		{"POST", "/networks", `{"network":{"router:external":true}}`, 403},
		{"POST", "/networks", `{"network":{"provider:network_type":"vxlan","provider:segmentation_id":9}}`, 403},
		{"POST", "/networks", `{"network":{"project_id":"someone"}}`, 400},
		{"POST", "/networks", `{"network":{"id":"mine"}}`, 400},
		{"POST", "/networks", `{"network":{"status":"ACTIVE"}}`, 400},
		{"POST", "/networks", `{"network":{"revision_number":7}}`, 400},
		{"PUT", "/networks/" + shared, `{"network":{"name":"x"}}`, 403},
		{"DELETE", "/networks/" + shared, ``, 403},
		{"POST", "/subnets", `{"subnet":{"network_id":"` + shared + `","cidr":"10.1.0.0/24","ip_version":4}}`, 403},
		{"POST", "/ports", `{"port":{"network_id":"` + shared + `","fixed_ips":[{"ip_address":"10.0.0.9"}]}}`, 403},
		{"POST", "/ports", `{"port":{"network_id":"` + shared + `","mac_address":"fa:16:3e:00:00:01"}}`, 403},
		{"POST", "/ports", `{"port":{"network_id":"` + shared + `","port_security_enabled":false}}`, 403},
		{"POST", "/ports", `{"port":{"network_id":"` + shared + `","allowed_address_pairs":[{"ip_address":"10.0.0.1"}]}}`, 403},
		{"POST", "/ports", `{"port":{"network_id":"` + shared + `","device_owner":"network:dhcp"}}`, 403},
		{"POST", "/ports", `{"port":{"network_id":"` + shared + `","binding:host_id":"h1"}}`, 403},
		{"POST", "/ports", `{"port":{"network_id":"` + shared + `","fixed_ips":[{"subnet_id":"` + s + `"}]}}`, 201},
		{"PUT", "/quotas/0000000000000000000000000000e0e0", `{"quota":{"port":-1}}`, 403},
		{"GET", "/quotas/0000000000000000000000000000ada0", ``, 403},
		{"GET", "/networks?provider:segmentation_id=1", ``, 400},
		{"GET", "/agents", ``, 403},
	} {
		if code, out := c.ask("eve", call.method, "/v2.0"+call.path, call.body); code != call.want {
			t.Errorf("%s %s %s answered %d, want %d: %v", call.method, call.path, call.body, code, call.want, out)
		}
	}
}

// A rule that can't be enforced as written is refused before it is stored.
func TestNoRuleFailsOpen(t *testing.T) {
	t.Parallel()
	c := client{t, gateway(t)}
	g := c.make("ada", "/v2.0/security-groups", "security_group", `{"security_group":{"name":"web"}}`)
	for _, rule := range []string{
		`"remote_ip_prefix":"10.0.0.0/33"`, `"remote_ip_prefix":"bad"`, `"remote_ip_prefix":"10.0.0.300/8"`, `"remote_ip_prefix":"::ffff:10.0.0.0/104"`,
		`"remote_ip_prefix":"fe80::1%eth0/64"`, `"protocol":"tpc"`, `"protocol":"256"`, `"protocol":{}`, `"port_range_min":80,"port_range_max":90`,
		`"protocol":"tcp","port_range_min":80`, `"protocol":"tcp","port_range_min":90,"port_range_max":80`, `"protocol":"tcp","port_range_min":1,"port_range_max":70000`,
		`"protocol":"tcp","port_range_min":"x","port_range_max":"y"`, `"protocol":"icmp","port_range_min":300`, `"ethertype":"IPv5"`,
		`"ethertype":"IPv6","remote_ip_prefix":"10.0.0.0/8"`, `"protocol":"gre","port_range_min":1,"port_range_max":2`, `"direction":"sideways"`,
	} {
		body := fmt.Sprintf(`{"security_group_rule":{"security_group_id":%q,"direction":"ingress",%s}}`, g, rule)
		if code, out := c.ask("ada", "POST", "/v2.0/security-group-rules", body); code != http.StatusBadRequest {
			t.Errorf("the rule %s answered %d, want 400: %v", rule, code, out)
		}
	}
}

// Pages hold everything once, forwards and backwards, in any order.
func TestPagesHoldEverythingOnce(t *testing.T) {
	t.Parallel()
	c := client{t, gateway(t)}
	for i := range 7 {
		c.make("ada", "/v2.0/networks", "network", fmt.Sprintf(`{"network":{"name":"n%d"}}`, i))
		c.make("eve", "/v2.0/networks", "network", `{"network":{"name":"other"}}`)
	}
	for _, start := range []string{"?limit=3", "?limit=3&sort_key=name&sort_dir=desc"} {
		var seen []string
		path := "/v2.0/networks" + start
		for path != "" {
			_, out := c.ask("ada", "GET", path, "")
			for _, n := range out["networks"].([]any) {
				seen = append(seen, n.(map[string]any)["name"].(string))
			}
			path = ""
			links, _ := out["networks_links"].([]any)
			for _, l := range links {
				if l := l.(map[string]any); l["rel"] == "next" {
					path = strings.TrimPrefix(l["href"].(string), "http://cloud/network")
				}
			}
			if len(seen) > 7 {
				break
			}
		}
		distinct := map[string]bool{}
		for _, name := range seen {
			distinct[name] = true
		}
		if len(seen) != 7 || len(distinct) != 7 || distinct["other"] {
			t.Errorf("%s went through %v, want n0 to n6 once each", start, seen)
		}
	}
	_, out := c.ask("ada", "GET", "/v2.0/networks?sort_key=name&limit=2&page_reverse=True", "")
	if page := out["networks"].([]any); len(page) != 2 || page[1].(map[string]any)["name"] != "n6" {
		t.Errorf("the last page is %v, want n5 and n6", page)
	}
}
