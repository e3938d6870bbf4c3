package walk

const (
	seenOnly = "it doesn't find what isn't its caller's to see"
	noPools  = "there are no floating IPs"
	offWay   = "the server isn't on its way to another host"
)

// proxyTries are of what older clients ask the compute service for though other
// services are for it.
func proxyTries() map[string]try {
	for name, how := range oldTries {
		how.headers = until5
		oldTries[name] = how
	}
	return oldTries
}

var oldTries = map[string]try{
	"GET /compute/v2.1/images":                                {},
	"GET /compute/v2.1/images/detail":                         {},
	"GET /compute/v2.1/images/{id}":                           {at: "$full"},
	"DELETE /compute/v2.1/images/{id}":                        {at: "$full"},
	"GET /compute/v2.1/images/{id}/metadata":                  {at: "$full"},
	"POST /compute/v2.1/images/{id}/metadata":                 {at: "$full", body: `{"metadata":{"a":"b"}}`},
	"PUT /compute/v2.1/images/{id}/metadata":                  {at: "$full", body: `{"metadata":{"a":"b"}}`},
	"GET /compute/v2.1/images/{id}/metadata/{key}":            {at: "$full shade"},
	"PUT /compute/v2.1/images/{id}/metadata/{key}":            {at: "$full shade", body: `{"meta":{"shade":"light"}}`},
	"DELETE /compute/v2.1/images/{id}/metadata/{key}":         {at: "$full shade"},
	"GET /compute/v2.1/os-security-groups":                    {},
	"POST /compute/v2.1/os-security-groups":                   {body: `{"security_group":{"name":"$n","description":"$n"}}`},
	"GET /compute/v2.1/os-security-groups/{id}":               {at: "$sg"},
	"PUT /compute/v2.1/os-security-groups/{id}":               {at: "$sg", body: `{"security_group":{"name":"$n","description":"$n"}}`},
	"DELETE /compute/v2.1/os-security-groups/{id}":            {at: "$sg"},
	"POST /compute/v2.1/os-security-group-rules":              {body: `{"security_group_rule":{"parent_group_id":"$sg","ip_protocol":"tcp","from_port":1,"to_port":2}}`, eve: 404, why: seenOnly},
	"DELETE /compute/v2.1/os-security-group-rules/{id}":       {at: "$rule"},
	"GET /compute/v2.1/os-networks":                           {},
	"GET /compute/v2.1/os-networks/{id}":                      {at: "$network"},
	"GET /compute/v2.1/os-tenant-networks":                    {},
	"GET /compute/v2.1/os-tenant-networks/{id}":               {at: "$network"},
	"GET /compute/v2.1/os-floating-ip-pools":                  {},
	"GET /compute/v2.1/os-floating-ips":                       {},
	"POST /compute/v2.1/os-floating-ips":                      {body: `{"pool":"outside"}`, status: 404, why: noPools},
	"GET /compute/v2.1/os-floating-ips/{id}":                  {at: "$server", status: 404, why: noPools},
	"DELETE /compute/v2.1/os-floating-ips/{id}":               {at: "$server", status: 404, why: noPools},
	"POST /compute/v2.1/servers/{id}/action addFloatingIp":    {at: "$server", body: `{"addFloatingIp":{"address":"192.0.2.1"}}`, status: 404, why: noPools},
	"POST /compute/v2.1/servers/{id}/action addFixedIp":       {at: "$server", body: `{"addFixedIp":{"networkId":"$network"}}`},
	"POST /compute/v2.1/servers/{id}/action removeFixedIp":    {at: "$server", body: `{"removeFixedIp":{"address":"10.0.0.77"}}`, status: 400, why: "the server hasn't that address"},
	"POST /compute/v2.1/servers/{id}/action removeFloatingIp": {at: "$server", body: `{"removeFloatingIp":{"address":"192.0.2.1"}}`, status: 404, why: noPools},
}

// insideTries are of what is known of the inside of servers.
var insideTries = map[string]try{
	"GET /compute/v2.1/servers/{id}/topology":                       {at: "$server"},
	"GET /compute/v2.1/servers/{id}/diagnostics":                    {as: "admin", at: "$server"},
	"GET /compute/v2.1/servers/{id}/os-server-password":             {at: "$server"},
	"DELETE /compute/v2.1/servers/{id}/os-server-password":          {at: "$server"},
	"GET /compute/v2.1/servers/{id}/os-volume_attachments":          {at: "$server"},
	"GET /compute/v2.1/servers/{id}/os-volume_attachments/{volume}": {at: "$server $image", status: 404, why: "servers have no volumes"},
	"GET /compute/v2.1/servers/{id}/migrations":                     {as: "admin", at: "$server"},
	"GET /compute/v2.1/servers/{id}/migrations/{migration}":         {as: "admin", at: "$server 7", status: 404, why: offWay},
	"DELETE /compute/v2.1/servers/{id}/migrations/{migration}":      {as: "admin", at: "$server 7", status: 409, why: offWay},
	"POST /compute/v2.1/servers/{id}/migrations/{migration}/action": {as: "admin", at: "$server 7", body: `{"force_complete":null}`, status: 409, why: offWay},
	"POST /compute/v2.1/servers/{id}/action changePassword":         {at: "$server", body: `{"changePassword":{"adminPass":"$n"}}`},
	"DELETE /compute/v2.1/os-services/{id}":                         {as: "admin", at: "$nova", given: []string{"ada GET /compute/v2.1/servers/$server"}, status: 409, why: "there are servers on it"},
	"GET /compute/v2.1/os-instance_usage_audit_log":                 {as: "admin"},
	"GET /compute/v2.1/os-instance_usage_audit_log/{before}":        {as: "admin", at: "2026-01-02%2003:04:05"},
}
