package walk

const (
	neutral = "Neutron says it to everybody who has logged in"
	open    = "a network may be everybody's"
)

var networkTries = map[string]try{
	"GET /network/v2.0/networks":         {una: 200, why: open},
	"GET /network/v2.0/networks/{id}":    {at: "$network"},
	"DELETE /network/v2.0/networks/{id}": {at: "$network"},
	"POST /network/v2.0/networks":        {body: `{"network":{"name":"$n"}}`},
	"PUT /network/v2.0/networks/{id}":    {at: "$network", body: `{"network":{"name":"$n"}}`},
	"GET /network/v2.0/subnets":          {una: 200, why: open},
	"GET /network/v2.0/subnets/{id}":     {at: "$subnet"},
	"DELETE /network/v2.0/subnets/{id}":  {at: "$subnet"},
	"POST /network/v2.0/subnets":         {body: `{"subnet":{"network_id":"$network","ip_version":4,"cidr":"10.0.0.0/24"}}`, eve: 404, why: "the network is ada's"},
	"PUT /network/v2.0/subnets/{id}":     {at: "$subnet", body: `{"subnet":{"name":"$n"}}`},
	"GET /network/v2.0/ports":            {},
	"GET /network/v2.0/ports/{id}":       {at: "$port"},
	"DELETE /network/v2.0/ports/{id}":    {at: "$port"},
	"POST /network/v2.0/ports":           {body: `{"port":{"network_id":"$network"}}`, eve: 404, why: "the network is ada's"},
	"PUT /network/v2.0/ports/{id}":       {at: "$port", body: `{"port":{"name":"$n"}}`},

	"GET /network/v2.0/security-groups":              {},
	"GET /network/v2.0/security-groups/{id}":         {at: "$sg"},
	"DELETE /network/v2.0/security-groups/{id}":      {at: "$sg"},
	"POST /network/v2.0/security-groups":             {body: `{"security_group":{"name":"$n"}}`},
	"PUT /network/v2.0/security-groups/{id}":         {at: "$sg", body: `{"security_group":{"name":"$n"}}`},
	"GET /network/v2.0/security-group-rules":         {},
	"GET /network/v2.0/security-group-rules/{id}":    {at: "$rule"},
	"DELETE /network/v2.0/security-group-rules/{id}": {at: "$rule"},
	"POST /network/v2.0/security-group-rules":        {body: `{"security_group_rule":{"security_group_id":"$sg","direction":"ingress"}}`, eve: 404, why: "the group is ada's"},

	"GET /network/v2.0/quotas":                {as: "admin"},
	"GET /network/v2.0/quotas/tenant":         {},
	"GET /network/v2.0/quotas/{id}":           {at: "$lab", eve: 403, why: "Neutron says 403 of other projects' quotas"},
	"GET /network/v2.0/quotas/{id}/default":   {at: "$lab", eve: 403, why: "Neutron says 403 of other projects' quotas"},
	"GET /network/v2.0/quotas/{id}/{details}": {at: "$lab details", eve: 403, why: "Neutron says 403 of other projects' quotas"},
	"PUT /network/v2.0/quotas/{id}":           {as: "admin", at: "$project", body: `{"quota":{"port":7}}`},
	"DELETE /network/v2.0/quotas/{id}":        {as: "admin", at: "$project", given: []string{`PUT /network/v2.0/quotas/$project {"quota":{"port":7}}`}},

	"GET /network/v2.0/{$}":                {una: 200, why: neutral},
	"GET /network/v2.0/extensions":         {una: 200, why: neutral},
	"GET /network/v2.0/extensions/{id}":    {at: "quotas", eve: 200, una: 200, why: neutral},
	"GET /network/v2.0/agents":             {as: "admin"},
	"GET /network/v2.0/agents/{id}":        {as: "admin", at: "$agent"},
	"GET /network/v2.0/availability_zones": {una: 200, why: neutral},
	"GET /network/v2.0/service-providers":  {una: 200, why: neutral},
}

// tagTries are the calls for tags, which all resources have alike.
func tagTries() map[string]try {
	tries := map[string]try{}
	for plural, thing := range map[string]string{"networks": "$network", "subnets": "$subnet", "ports": "$port", "security-groups": "$sg", "security-group-rules": "$rule"} {
		path := "/network/v2.0/" + plural + "/{id}/tags"
		given := []string{"PUT /network/v2.0/" + plural + "/" + thing + "/tags/blue"}
		tries["GET "+path] = try{at: thing}
		tries["PUT "+path] = try{at: thing, body: `{"tags":["red"]}`}
		tries["DELETE "+path] = try{at: thing}
		tries["GET "+path+"/{tag}"] = try{at: thing + " blue", given: given}
		tries["PUT "+path+"/{tag}"] = try{at: thing + " red"}
		tries["DELETE "+path+"/{tag}"] = try{at: thing + " blue", given: given}
	}
	return tries
}
