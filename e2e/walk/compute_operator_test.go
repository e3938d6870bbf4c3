package walk

import "strings"

var (
	until42 = map[string]string{"OpenStack-API-Version": "compute 2.42"}
	force   = map[string]string{"OpenStack-API-Version": "compute 2.30"}
)

// inAggregate are requests by which a host is in an aggregate.
var inAggregate = []string{`admin POST /compute/v2.1/os-aggregates/$aggregate/action {"add_host":{"host":"` + host + `"}}`}

const service = `{"host":"` + host + `","binary":"nova-compute"}`

// operatorTries are those of what operators of compute do, and groups of servers.
var operatorTries = map[string]try{
	"GET /compute/v2.1/os-aggregates":                           {as: "admin"},
	"POST /compute/v2.1/os-aggregates":                          {as: "admin", body: `{"aggregate":{"name":"$n","availability_zone":"$n"}}`},
	"GET /compute/v2.1/os-aggregates/{id}":                      {as: "admin", at: "$aggregate"},
	"PUT /compute/v2.1/os-aggregates/{id}":                      {as: "admin", at: "$aggregate", body: `{"aggregate":{"name":"$n"}}`},
	"DELETE /compute/v2.1/os-aggregates/{id}":                   {as: "admin", at: "$aggregate"},
	"POST /compute/v2.1/os-aggregates/{id}/action add_host":     {as: "admin", at: "$aggregate", body: `{"add_host":{"host":"` + host + `"}}`, status: 200},
	"POST /compute/v2.1/os-aggregates/{id}/action remove_host":  {as: "admin", at: "$aggregate", body: `{"remove_host":{"host":"` + host + `"}}`, given: inAggregate, status: 200},
	"POST /compute/v2.1/os-aggregates/{id}/images":              {as: "admin", at: "$aggregate", body: `{"cache":[{"id":"$full"}]}`},
	"POST /compute/v2.1/os-aggregates/{id}/action set_metadata": {as: "admin", at: "$aggregate", body: `{"set_metadata":{"metadata":{"ssd":"true"}}}`, status: 200},

	"GET /compute/v2.1/os-server-groups":         {},
	"POST /compute/v2.1/os-server-groups":        {body: `{"server_group":{"name":"$n","policy":"anti-affinity"}}`},
	"GET /compute/v2.1/os-server-groups/{id}":    {at: "$servergroup"},
	"DELETE /compute/v2.1/os-server-groups/{id}": {at: "$servergroup"},

	"GET /compute/v2.1/os-quota-class-sets/{id}": {as: "admin", at: "default"},
	"PUT /compute/v2.1/os-quota-class-sets/{id}": {as: "admin", at: "default", body: `{"quota_class_set":{"cores":50}}`},

	"PUT /compute/v2.1/os-services/enable":             {as: "admin", body: service, headers: force},
	"PUT /compute/v2.1/os-services/disable":            {as: "admin", body: service, headers: force},
	"PUT /compute/v2.1/os-services/disable-log-reason": {as: "admin", body: `{"host":"` + host + `","binary":"nova-compute","disabled_reason":"x"}`, headers: force},
	"PUT /compute/v2.1/os-services/force-down":         {as: "admin", body: `{"host":"` + host + `","binary":"nova-compute","forced_down":true}`, headers: force},

	"GET /compute/v2.1/os-hosts":               {as: "admin", headers: until42},
	"GET /compute/v2.1/os-hosts/{id}":          {as: "admin", at: host, headers: until42},
	"PUT /compute/v2.1/os-hosts/{id}":          {as: "admin", at: host, body: `{"status":"enable"}`, headers: until42},
	"GET /compute/v2.1/os-hosts/{id}/reboot":   {as: "admin", at: host, headers: until42, status: 501, why: unswitched},
	"GET /compute/v2.1/os-hosts/{id}/shutdown": {as: "admin", at: host, headers: until42, status: 501, why: unswitched},
	"GET /compute/v2.1/os-hosts/{id}/startup":  {as: "admin", at: host, headers: until42, status: 501, why: unswitched},

	"GET /compute/v2.1/os-simple-tenant-usage":      {as: "admin", query: "?start=2020-01-01T00:00:00"},
	"GET /compute/v2.1/os-simple-tenant-usage/{id}": {at: "$lab", query: "?start=2020-01-01T00:00:00", eve: 403, why: "a project that isn't one's own is no secret, what it uses is"},
	"POST /compute/v2.1/os-server-external-events":  {as: "admin", body: `{"events":[{"name":"network-changed","server_uuid":"$server"}]}`},
	"GET /compute/v2.1/extensions":                  {eve: 200, una: 200, why: told},
	"GET /compute/v2.1/extensions/{alias}":          {at: "os-hosts", eve: 200, una: 200, why: told},
}

const (
	told       = "what the API has is everybody's to know"
	unswitched = "Nova says so where a driver can't switch hosts"
)

// goneTries are of the calls that are gone for everybody.
func goneTries() map[string]try {
	tries := map[string]try{}
	for call := range strings.FieldsSeq(`GET:os-agents POST:os-agents PUT:os-agents/{id} DELETE:os-agents/{id} POST:os-certificates GET:os-certificates/{id}
		GET:os-cloudpipe POST:os-cloudpipe PUT:os-cloudpipe/{id} GET:os-fixed-ips/{id} POST:os-fixed-ips/{id}/action GET:os-floating-ip-dns
		GET:os-floating-ip-dns/{id} PUT:os-floating-ip-dns/{id} DELETE:os-floating-ip-dns/{id} GET:os-floating-ips-bulk POST:os-floating-ips-bulk
		GET:os-floating-ips-bulk/{id} PUT:os-floating-ips-bulk/{id} GET:os-fping GET:os-fping/{id} GET:os-cells POST:os-cells GET:os-cells/detail
		GET:os-cells/info GET:os-cells/capacities GET:os-cells/{id} PUT:os-cells/{id} DELETE:os-cells/{id} GET:os-cells/{id}/capacities
		POST:os-cells/sync_instances POST:os-networks POST:os-networks/add DELETE:os-networks/{id} POST:os-networks/{id}/action POST:os-tenant-networks
		DELETE:os-tenant-networks/{id} GET:os-security-group-default-rules POST:os-security-group-default-rules
		GET:os-security-group-default-rules/{id} DELETE:os-security-group-default-rules/{id} GET:servers/{id}/os-virtual-interfaces`) {
		method, path, _ := strings.Cut(call, ":")
		at := ""
		if strings.Contains(path, "{") {
			at = "x"
		}
		tries[method+" /compute/v2.1/"+path] = try{at: at, status: 410, eve: 410, rita: 410, una: 410, why: "it is gone for everybody"}
	}
	return tries
}
