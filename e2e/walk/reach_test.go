package walk

import (
	"strings"
	"testing"

	workers "skylog/workers/compute"
)

// reach is a request by which somebody tries to get at what isn't theirs: by a
// parameter, a member of the body, a header. $mine is a network of eve's own.
type reach struct {
	request, body string
	status        int
	as            string // eve if empty
	headers       map[string]string
}

var reaches = []reach{
	{request: "GET /compute/v2.1/servers?all_tenants=1", status: 403},
	{request: "GET /compute/v2.1/servers/detail?all_tenants=1&project_id=$lab", status: 403},
	{request: "GET /compute/v2.1/servers/detail?project_id=$lab", status: 200},
	{request: "GET /compute/v2.1/servers?uuid=$server", status: 200},
	{request: "GET /compute/v2.1/servers?marker=$server", status: 400},
	{request: "GET /compute/v2.1/$lab/servers", status: 400},
	{request: "GET /compute/v2.1/$lab/servers/$server", status: 400},
	{request: "GET /compute/v2.1/$elsewhere/servers/$server", status: 404},
	{request: "GET /compute/v2.1/os-keypairs?user_id=$ada", status: 403},
	{request: "GET /compute/v2.1/os-keypairs/$keypair?user_id=$ada", status: 403},
	{request: "DELETE /compute/v2.1/os-keypairs/$keypair?user_id=$ada", status: 403},
	{request: "POST /compute/v2.1/os-keypairs", body: `{"keypair":{"name":"x","type":"ssh","public_key":"$key","user_id":"$ada"}}`, status: 403},
	{request: "GET /compute/v2.1/limits?tenant_id=$lab", status: 403},
	{request: "GET /compute/v2.1/flavors/$hidden", status: 404},
	{request: "GET /compute/v2.1/flavors/$hidden/os-extra_specs", status: 404},
	{request: "GET /compute/v2.1/flavors?is_public=none", status: 200},
	{request: "POST /compute/v2.1/servers", body: `{"server":{"name":"x","flavorRef":"$flavor","imageRef":"$free","networks":[{"uuid":"$network"}]}}`, status: 400},
	{request: "POST /compute/v2.1/servers", body: `{"server":{"name":"x","flavorRef":"$flavor","imageRef":"$free","networks":[{"port":"$port"}]}}`, status: 400},
	{request: "POST /compute/v2.1/servers", body: `{"server":{"name":"x","flavorRef":"$hidden","imageRef":"$free","networks":"none"}}`, status: 400},
	{request: "POST /compute/v2.1/servers", body: `{"server":{"name":"x","flavorRef":"$flavor","imageRef":"$free","networks":"none","key_name":"$keypair"}}`, status: 400},
	{request: "POST /compute/v2.1/servers", body: `{"server":{"name":"x","flavorRef":"$flavor","imageRef":"$free","networks":[{"uuid":"$mine"}],"security_groups":[{"name":"$sg"}]}}`, status: 400},
	{request: "POST /compute/v2.1/servers", body: `{"server":{"name":"x","flavorRef":"$flavor","imageRef":"$free","networks":"none","host":"host-one"}}`, status: 403},
	{request: "POST /compute/v2.1/servers", body: `{"server":{"name":"x","flavorRef":"$flavor","imageRef":"$free","networks":"none","availability_zone":"nova:host-one"}}`, status: 403},

	{request: "GET /network/v2.0/networks?project_id=$lab", status: 200},
	{request: "GET /network/v2.0/networks?id=$network", status: 200},
	{request: "GET /network/v2.0/subnets?network_id=$network", status: 200},
	{request: "GET /network/v2.0/ports?device_id=$server", status: 200},
	{request: "GET /network/v2.0/ports?tenant_id=$lab", status: 200},
	{request: "GET /network/v2.0/security-groups?tenant_id=$lab", status: 200},
	{request: "GET /network/v2.0/security-group-rules?security_group_id=$sg", status: 200},
	{request: "POST /network/v2.0/networks", body: `{"network":{"tenant_id":"$lab"}}`, status: 400},
	{request: "POST /network/v2.0/networks", body: `{"network":{"project_id":"$lab"}}`, status: 400},
	{request: "POST /network/v2.0/networks", body: `{"network":{"shared":true}}`, status: 403},
	{request: "POST /network/v2.0/networks", body: `{"network":{"router:external":true}}`, status: 403},
	{request: "POST /network/v2.0/networks", body: `{"network":{"provider:network_type":"vxlan"}}`, status: 403},
	{request: "PUT /network/v2.0/networks/$mine", body: `{"network":{"shared":true}}`, status: 403},
	{request: "PUT /network/v2.0/networks/$mine", body: `{"network":{"tenant_id":"$lab"}}`, status: 400},
	{request: "POST /network/v2.0/subnets", body: `{"subnet":{"network_id":"$mine","ip_version":4,"cidr":"10.0.0.0/24","tenant_id":"$lab"}}`, status: 400},
	{request: "POST /network/v2.0/ports", body: `{"port":{"network_id":"$mine","tenant_id":"$lab"}}`, status: 400},
	{request: "POST /network/v2.0/ports", body: `{"port":{"network_id":"$mine","security_groups":["$sg"]}}`, status: 404},
	{request: "POST /network/v2.0/ports", body: `{"port":{"network_id":"$mine","fixed_ips":[{"subnet_id":"$subnet"}]}}`, status: 400},
	{request: "POST /network/v2.0/ports", body: `{"port":{"network_id":"$mine","binding:host_id":"host-one"}}`, status: 403},
	{request: "POST /network/v2.0/security-groups", body: `{"security_group":{"name":"x","tenant_id":"$lab"}}`, status: 400},
	{request: "POST /network/v2.0/security-group-rules", body: `{"security_group_rule":{"security_group_id":"$guards","direction":"ingress","remote_group_id":"$sg"}}`, status: 404},

	{request: "GET /image/v2/images?owner=$lab", status: 200},
	{request: "GET /image/v2/images?visibility=private&owner=$lab", status: 200},
	{request: "GET /image/v2/images?visibility=shared&member_status=all", status: 200},
	{request: "POST /image/v2/images", body: `{"name":"x","owner":"$lab"}`, status: 403},
	{request: "POST /image/v2/images", body: `{"name":"x","visibility":"public"}`, status: 403},
	{request: "PATCH /image/v2/images/$hers", body: `[{"op":"replace","path":"/owner","value":"$lab"}]`, status: 403, headers: patch},
	{request: "PATCH /image/v2/images/$hers", body: `[{"op":"replace","path":"/visibility","value":"public"}]`, status: 403, headers: patch},
	{request: "PATCH /image/v2/images/$hers", body: `[{"op":"replace","path":"/status","value":"active"}]`, status: 403, headers: patch},
	{request: "POST /image/v2/images/$image/members", body: `{"member":"$elsewhere"}`, status: 404},
	{request: "GET /image/v2/images/$image/members", status: 404},

	{request: "POST /identity/v3/users/$ada/application_credentials", body: `{"application_credential":{"name":"x"}}`, status: 403},
	{request: "POST /identity/v3/users/$eve/application_credentials", body: `{"application_credential":{"name":"x","roles":[{"name":"admin"}]}}`, status: 400},
	{request: "POST /identity/v3/users/$rita/application_credentials", body: `{"application_credential":{"name":"x","roles":[{"id":"$member"}]}}`, status: 400, as: "rita"},
	{request: "PUT /identity/v3/projects/$lab/users/$eve/roles/$member", status: 403},
	{request: "PUT /identity/v3/projects/$elsewhere/users/$eve/roles/$member", status: 403},
	{request: "PATCH /identity/v3/users/$eve", body: `{"user":{"default_project_id":"$lab"}}`, status: 403},
	{request: "GET /identity/v3/role_assignments?scope.project.id=$lab", status: 403},
	{request: "POST /identity/v3/auth/tokens", status: 401,
		body: `{"auth":{"identity":{"methods":["token"],"token":{"id":"$evestoken"}},"scope":{"project":{"id":"$lab"}}}}`},
	{request: "POST /identity/v3/auth/tokens", status: 401,
		body: `{"auth":{"identity":{"methods":["token"],"token":{"id":"$evestoken"}},"scope":{"system":{"all":true}}}}`},

	{request: "GET /v1/events?since=beginning&follow=false&all_projects=true", status: 403},
	{request: "GET /v1/events?since=beginning&follow=false&subject=compute/server/$server", status: 200, headers: stream},
	{request: "GET /v1/history?name=$server", status: 200},
	{request: "GET /v1/history/network/port/$nic", status: 404},
	{request: "GET /v1/history/image/image/$image", status: 404},

	{request: "GET /compute/v2.1/os-hypervisors", status: 403, headers: forged},
	{request: "GET /compute/v2.1/servers/$server", status: 404, headers: forged},
	{request: "GET /compute/v2.1/servers", status: 401, headers: forged, as: "nobody"},
	{request: "GET /identity/v3/users", status: 403, headers: map[string]string{"X-Service-Token": "$evestoken"}},
	{request: "PUT /network/v2.0/ports/$port", body: `{"port":{"binding:host_id":"x"}}`, status: 404, headers: map[string]string{"X-Service-Token": "$evestoken"}},
}

// forged is what a proxy of old would have set.
var forged = map[string]string{"X-Roles": "admin", "X-Role": "admin", "X-Is-Admin-Project": "True", "X-Identity-Status": "Confirmed"}

func TestNothingOfOthersIsReachedByParametersBodiesAndHeaders(t *testing.T) {
	c := newCloud(t)
	c.named["evestoken"] = c.tokens["eve"]
	made := map[string]string{}
	for _, r := range reaches {
		h := things{c, made} // all reach for the same things
		headers := map[string]string{}
		for name, value := range r.headers {
			headers[name] = h.fill(value)
		}
		request, body := h.fill(r.request), h.fill(r.body)
		c.settle()
		before := c.cell.Now().Events
		as := r.as
		if as == "" {
			as = "eve"
		}
		token := c.tokens[as]
		if strings.HasSuffix(request, "/auth/tokens") {
			token = ""
		}
		w := c.call(token, request, body, headers)
		x := one{things: things{c, made}, request: request + body, try: try{headers: headers}}
		if w.Code != r.status {
			t.Errorf("%s %s %s: got %d %.300s, want %d", as, r.request, r.body, w.Code, w.Body, r.status)
		}
		x.blind(as+": "+r.request, w)
		if now := c.cell.Now().Events; now != before {
			t.Errorf("%s %s %s: made %d events", as, r.request, r.body, now-before)
		}
	}
}

func TestAPortIsNotAServersBecauseAStrangerSaysSo(t *testing.T) {
	c := newCloud(t)
	h := things{c, map[string]string{}}
	trojan := c.make("eve", "POST /network/v2.0/ports", h.fill(`{"port":{"network_id":"$mine","device_id":"$server","device_owner":"compute:nova"}}`), "port.id")
	c.settle()
	server := "GET /compute/v2.1/servers/" + h.id("server")
	if w := c.call(c.tokens["ada"], server+"/os-interface/"+trojan, "", nil); w.Code != 404 {
		t.Errorf("the port is the server's: %d %s", w.Code, w.Body)
	}
	for _, part := range []string{"", "/os-interface", "/ips", "/os-security-groups"} {
		w := c.call(c.tokens["ada"], server+part, "", nil)
		if body := w.Body.String(); w.Code != 200 || strings.Contains(body, trojan) || strings.Contains(body, c.named["elsewhere"]) {
			t.Errorf("GET %s: %d %s", part, w.Code, body)
		}
	}
	text := ""
	for _, s := range (workers.Wants{ImageURL: func(string) string { return "" }}).Sources() {
		wants, err := s.Of(c.cell.Now(), h.id("server"))
		c.must(err)
		for _, want := range wants {
			text += string(want.Data)
		}
	}
	if !strings.Contains(text, h.id("nic")) || strings.Contains(text, trojan) {
		t.Errorf("the host is told to plug %s", text)
	}
}
