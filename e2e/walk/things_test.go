package walk

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
)

// hush is in the name of everything that is made, so that it can be looked for
// in what strangers are told.
const hush = "hush"

// maker is how a thing is made, or found: a request and where its id is in the answer.
type maker struct{ as, request, body, id string }

// makers are the things that the tables may name, as $server. Where one names
// another, that is made first; $n is a name that nothing else
// has, $open one that may be known.
var makers = map[string]maker{
	"domain":     {"admin", "POST /identity/v3/domains", `{"domain":{"name":"$n"}}`, "domain.id"},
	"project":    {"admin", "POST /identity/v3/projects", `{"project":{"name":"$n","tags":["blue"]}}`, "project.id"},
	"user":       {"admin", "POST /identity/v3/users", `{"user":{"name":"$n","password":"s3cret"}}`, "user.id"},
	"group":      {"admin", "POST /identity/v3/groups", `{"group":{"name":"$n"}}`, "group.id"},
	"role":       {"admin", "POST /identity/v3/roles", `{"role":{"name":"$n"}}`, "role.id"},
	"implied":    {"admin", "POST /identity/v3/roles", `{"role":{"name":"$n"}}`, "role.id"},
	"region":     {"admin", "POST /identity/v3/regions", `{"region":{"id":"$n"}}`, "region.id"},
	"service":    {"admin", "POST /identity/v3/services", `{"service":{"type":"$n","name":"$n"}}`, "service.id"},
	"endpoint":   {"admin", "POST /identity/v3/endpoints", `{"endpoint":{"service_id":"$service","interface":"public","region_id":"RegionOne","url":"http://x"}}`, "endpoint.id"},
	"credential": {"ada", "POST /identity/v3/users/$ada/application_credentials", `{"application_credential":{"name":"$n"}}`, "application_credential.id"},
	"boundby":    {"ada", "POST /identity/v3/users/$ada/application_credentials", `{"application_credential":{"name":"$n","access_rules":[{"service":"compute","method":"GET","path":"/v2.1/$n"}]}}`, "application_credential.id"},
	"bound":      {"ada", "GET /identity/v3/users/$ada/application_credentials/$boundby", ``, "application_credential.access_rules.0.id"},
	"note":       {"ada", "POST /identity/v3/credentials", `{"credential":{"type":"note","blob":"$n","user_id":"$ada"}}`, "credential.id"},
	"access":     {"ada", "POST /identity/v3/users/$ada/credentials/OS-EC2", `{"tenant_id":"$lab"}`, "credential.access"},
	"trust":      {"ada", "POST /identity/v3/OS-TRUST/trusts", trusting, "trust.id"},
	"registered": {"admin", "POST /identity/v3/registered_limits", registering, "registered_limits.0.id"},
	"limit":      {"admin", "POST /identity/v3/limits", limiting, "limits.0.id"},
	"epgroup":    {"admin", "POST /identity/v3/OS-EP-FILTER/endpoint_groups", `{"endpoint_group":{"name":"$n","filters":{"interface":"public"}}}`, "endpoint_group.id"},
	"policy":     {"admin", "POST /identity/v3/policies", `{"policy":{"type":"application/json","blob":"$n"}}`, "policy.id"},

	"image":   {"ada", "POST /image/v2/images", `{"name":"$n","disk_format":"raw","container_format":"bare","tags":["blue"]}`, "id"},
	"task":    {"ada", "GET /image/v2/images/$fetched/tasks", ``, "tasks.0.id"},
	"fetched": {"ada", "POST /image/v2/images", `{"name":"$n","disk_format":"raw","container_format":"bare"}`, "id"},
	"namespace": {"admin", "POST /image/v2/metadefs/namespaces", `{"namespace":"$n","owner":"$lab","objects":[{"name":"o"}],"tags":[{"name":"t"}],` +
		`"properties":{"p":{"title":"P","type":"string"}},"resource_type_associations":[{"name":"r"}]}`, "namespace"},
	"hers":    {"eve", "POST /image/v2/images", `{"name":"eves","disk_format":"raw","container_format":"bare"}`, "id"},
	"mine":    {"eve", "POST /network/v2.0/networks", `{"network":{"name":"eves"}}`, "network.id"},
	"guards":  {"eve", "POST /network/v2.0/security-groups", `{"security_group":{"name":"eves"}}`, "security_group.id"},
	"network": {"ada", "POST /network/v2.0/networks", `{"network":{"name":"$n"}}`, "network.id"},
	"subnet":  {"ada", "POST /network/v2.0/subnets", `{"subnet":{"name":"$n","network_id":"$network","ip_version":4,"cidr":"10.0.0.0/24"}}`, "subnet.id"},
	"roomy":   {"ada", "POST /network/v2.0/networks", `{"network":{"name":"$n"}}`, "network.id"},
	"wide":    {"ada", "POST /network/v2.0/subnets", `{"subnet":{"name":"$n","network_id":"$roomy","ip_version":4,"cidr":"10.0.0.0/8"}}`, "subnet.network_id"},
	"port":    {"ada", "POST /network/v2.0/ports", `{"port":{"name":"$n","network_id":"$network"}}`, "port.id"},
	"sg":      {"ada", "POST /network/v2.0/security-groups", `{"security_group":{"name":"$n"}}`, "security_group.id"},
	"rule":    {"ada", "POST /network/v2.0/security-group-rules", `{"security_group_rule":{"security_group_id":"$sg","direction":"ingress","protocol":"tcp","port_range_min":22,"port_range_max":22,"description":"$n"}}`, "security_group_rule.id"},

	"flavor":     {"admin", "POST /compute/v2.1/flavors", `{"flavor":{"name":"$open","ram":64,"vcpus":1,"disk":1}}`, "flavor.id"},
	"bigger":     {"admin", "POST /compute/v2.1/flavors", `{"flavor":{"name":"$open","ram":128,"vcpus":1,"disk":1}}`, "flavor.id"},
	"hidden":     {"admin", "POST /compute/v2.1/flavors", `{"flavor":{"name":"$n","ram":64,"vcpus":1,"disk":1,"os-flavor-access:is_public":false}}`, "flavor.id"},
	"keypair":    {"ada", "POST /compute/v2.1/os-keypairs", `{"keypair":{"name":"$n","type":"ssh","public_key":"$key"}}`, "keypair.name"},
	"server":     {"ada", "POST /compute/v2.1/servers", `{"server":{"name":"$n","flavorRef":"$flavor","imageRef":"$full","networks":[{"port":"$nic"}],"metadata":{"color":"blue"},"tags":["blue"]}}`, "server.id"},
	"free":       {"admin", "POST /image/v2/images", `{"name":"free","disk_format":"raw","container_format":"bare","visibility":"public"}`, "id"},
	"full":       {"ada", "POST /image/v2/images", `{"name":"$n","disk_format":"raw","container_format":"bare","shade":"dark","hw_qemu_guest_agent":"yes"}`, "id"},
	"nic":        {"ada", "POST /network/v2.0/ports", `{"port":{"name":"$n","network_id":"$network","fixed_ips":[{"subnet_id":"$subnet"}]}}`, "port.id"},
	"another":    {"ada", "POST /network/v2.0/ports", `{"port":{"name":"$n","network_id":"$network","fixed_ips":[{"subnet_id":"$subnet"}]}}`, "port.id"},
	"netname":    {"ada", "GET /network/v2.0/networks/$network", ``, "network.name"},
	"action":     {"ada", "GET /compute/v2.1/servers/$server/os-instance-actions", ``, "instanceActions.0.request_id"},
	"hypervisor": {"admin", "GET /compute/v2.1/os-hypervisors", ``, "hypervisors.0.id"},
	"nova":       {"admin", "GET /compute/v2.1/os-services?binary=nova-compute", ``, "services.0.id"},
	"agent":      {"admin", "GET /network/v2.0/agents", ``, "agents.0.id"},

	"aggregate":   {"admin", "POST /compute/v2.1/os-aggregates", `{"aggregate":{"name":"$n"}}`, "aggregate.id"},
	"servergroup": {"ada", "POST /compute/v2.1/os-server-groups", `{"server_group":{"name":"$n","policy":"anti-affinity"}}`, "server_group.id"},
}

var named = regexp.MustCompile(`\$[a-z]+`)

// things are those of one try.
type things struct {
	*cloud
	made map[string]string
}

// fill puts ids in the place of names.
func (h *things) fill(text string) string {
	h.Helper()
	return named.ReplaceAllStringFunc(text, func(name string) string { return h.id(name[1:]) })
}

func (h *things) id(name string) string {
	h.Helper()
	if id, ok := h.named[name]; ok {
		return id
	}
	if id, ok := h.made[name]; ok {
		return id
	}
	switch name {
	case "n", "open":
		*h.cloud.made++
		return map[string]string{"n": hush, "open": "open"}[name] + "-" + strconv.Itoa(*h.cloud.made)
	case "key":
		return "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
	case "token":
		return h.tokens["ada"]
	case "spare":
		h.made[name] = h.login("ada", "lab")
	case "signature":
		url := h.sign.URL(h.id("full"), time.Now().Add(time.Hour))
		h.made[name] = url[strings.IndexByte(url, '?'):]
	case "command":
		h.made[name] = h.command()
	default:
		h.made[name] = h.thing(name)
	}
	return h.made[name]
}

// thing makes a thing by its maker.
func (h *things) thing(name string) string {
	h.Helper()
	if name == "loose" { // a rule that binds nothing any more
		id := h.id("bound")
		h.make("ada", h.fill("DELETE /identity/v3/users/$ada/application_credentials/$boundby"), "", "")
		return id
	}
	if name == "limit" {
		h.id("registered")
	}
	if id, ok := h.placement(name); ok {
		return id
	}
	m, ok := makers[name]
	if !ok {
		h.Fatalf("nothing tells what $%s is", name)
	}
	id := h.make(m.as, h.fill(m.request), h.fill(m.body), m.id)
	switch name {
	case "full", "free":
		w := h.call(h.tokens[m.as], "PUT /image/v2/images/"+id+"/file", strings.Repeat("x", 512), map[string]string{"Content-Type": "application/octet-stream"})
		if w.Code != 204 {
			h.Fatalf("upload: %d %s", w.Code, w.Body)
		}
	case "fetched":
		h.make(m.as, "POST /image/v2/images/"+id+"/import", web, "")
	case "server":
		h.settle()
	}
	return id
}

// command is the id of a command that ada gave.
func (h *things) command() string {
	const id = "dddddddd-0000-4000-8000-000000000001"
	ctx := commands.With(h.Context(), commands.Caller{CommandID: id, UserID: h.named["ada"], ProjectID: h.named["lab"]})
	_, err := h.cell.Do(ctx, cmd.ImportKeypair{UserID: h.named["ada"], ProjectID: h.named["lab"], Name: h.id("n"), Type: "ssh", PublicKey: "k"})
	h.must(err)
	return id
}

// make makes a request that must be granted and returns what its answer has at a path.
func (c *cloud) make(as, request, body, at string) string {
	c.Helper()
	w := c.call(c.tokens[as], request, body, nil)
	if w.Code >= 300 {
		c.Fatalf("%s %s as %s: %d %s", request, body, as, w.Code, w.Body)
	}
	if at == "" {
		return ""
	}
	var v any
	c.must(json.Unmarshal(w.Body.Bytes(), &v))
	for key := range strings.SplitSeq(at, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[key]
		case []any:
			n, err := strconv.Atoi(key)
			if err != nil || n >= len(in) {
				c.Fatalf("%s: nothing is at %s of %s", request, at, w.Body)
			}
			v = in[n]
		}
	}
	if n, ok := v.(float64); ok { // aggregates have numbers
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	s, ok := v.(string)
	if !ok {
		c.Fatalf("%s: no text is at %s of %s", request, at, w.Body)
	}
	return s
}
