package walk

const providers = "how much the cloud has is its operators' business"

const consumer = "eeeeeeee-0000-4000-8000-000000000001"

// at39 asks for the newest microversion, in which all calls are there.
var at39 = map[string]string{"OpenStack-API-Version": "placement 1.39"}

// placement makes a thing of the placement service at the newest microversion, if it is one.
func (h *things) placement(name string) (id string, ok bool) {
	h.Helper()
	switch name {
	case "provider":
		return h.made39("POST /placement/resource_providers", `{"name":"$n"}`, "uuid"), true
	case "stock":
		h.made39("POST /placement/resource_providers/$provider/inventories", `{"resource_class":"VGPU","total":8}`, "")
		return h.id("provider"), true
	case "trait":
		h.made39("PUT /placement/traits/CUSTOM_GOLD", "", "")
		return "CUSTOM_GOLD", true
	case "class":
		h.made39("PUT /placement/resource_classes/CUSTOM_GOODS", "", "")
		return "CUSTOM_GOODS", true
	case "consumer":
		h.made39("PUT /placement/allocations/"+consumer, consuming, "")
		return consumer, true
	}
	return "", false
}

// made39 makes a request of the operator's that must be granted.
func (h *things) made39(request, body, at string) string {
	h.Helper()
	w := h.call(h.tokens["admin"], h.fill(request), h.fill(body), at39)
	if w.Code >= 300 {
		h.Fatalf("%s: %d %s", request, w.Code, w.Body)
	}
	id, _ := object(w.Body.Bytes())[at].(string)
	return id
}

// consuming is a body of the newest form.
const consuming = `{"allocations":{"$stock":{"resources":{"VGPU":1}}},"project_id":"$lab","user_id":"$ada","consumer_generation":null,"consumer_type":"X"}`

var placementTries = map[string]try{
	"GET /placement/resource_providers":           {as: "admin"},
	"POST /placement/resource_providers":          {as: "admin", body: `{"name":"$n"}`, status: 201},
	"GET /placement/resource_providers/{uuid}":    {as: "admin", at: "$provider"},
	"PUT /placement/resource_providers/{uuid}":    {as: "admin", at: "$provider", body: `{"name":"$n"}`},
	"DELETE /placement/resource_providers/{uuid}": {as: "admin", at: "$provider"},

	"GET /placement/resource_providers/{uuid}/aggregates":  {as: "admin", at: "$provider", headers: at39},
	"PUT /placement/resource_providers/{uuid}/aggregates":  {as: "admin", at: "$provider", headers: at39, body: `{"aggregates":["` + consumer + `"],"resource_provider_generation":0}`},
	"GET /placement/resource_providers/{uuid}/allocations": {as: "admin", at: "$provider"},
	"GET /placement/resource_providers/{uuid}/usages":      {as: "admin", at: "$provider"},
	"GET /placement/resource_providers/{uuid}/traits":      {as: "admin", at: "$provider", headers: at39},
	"PUT /placement/resource_providers/{uuid}/traits":      {as: "admin", at: "$provider", headers: at39, body: `{"traits":["COMPUTE_NODE"],"resource_provider_generation":0}`},
	"DELETE /placement/resource_providers/{uuid}/traits":   {as: "admin", at: "$provider", headers: at39},

	"GET /placement/resource_providers/{uuid}/inventories":            {as: "admin", at: "$provider"},
	"POST /placement/resource_providers/{uuid}/inventories":           {as: "admin", at: "$provider", body: `{"resource_class":"VGPU","total":8}`},
	"PUT /placement/resource_providers/{uuid}/inventories":            {as: "admin", at: "$provider", body: `{"resource_provider_generation":0,"inventories":{"VGPU":{"total":4}}}`},
	"DELETE /placement/resource_providers/{uuid}/inventories":         {as: "admin", at: "$provider", headers: at39},
	"GET /placement/resource_providers/{uuid}/inventories/{class}":    {as: "admin", at: "$stock VGPU"},
	"PUT /placement/resource_providers/{uuid}/inventories/{class}":    {as: "admin", at: "$stock VGPU", body: `{"resource_provider_generation":1,"total":4}`},
	"DELETE /placement/resource_providers/{uuid}/inventories/{class}": {as: "admin", at: "$stock VGPU"},

	"GET /placement/traits":           {as: "admin", headers: at39},
	"GET /placement/traits/{name}":    {as: "admin", at: "COMPUTE_NODE", headers: at39},
	"PUT /placement/traits/{name}":    {as: "admin", at: "CUSTOM_NEW", headers: at39},
	"DELETE /placement/traits/{name}": {as: "admin", at: "$trait", headers: at39},

	"GET /placement/resource_classes":           {as: "admin", headers: at39},
	"POST /placement/resource_classes":          {as: "admin", headers: at39, body: `{"name":"CUSTOM_MADE"}`},
	"GET /placement/resource_classes/{name}":    {as: "admin", at: "VCPU", headers: at39},
	"PUT /placement/resource_classes/{name}":    {as: "admin", at: "CUSTOM_PUT", headers: at39, status: 201},
	"DELETE /placement/resource_classes/{name}": {as: "admin", at: "$class", headers: at39},

	"POST /placement/allocations":          {as: "admin", headers: at39, body: `{"eeeeeeee-0000-4000-8000-000000000003":` + consuming + `}`},
	"GET /placement/allocations/{uuid}":    {as: "admin", at: "$server"},
	"PUT /placement/allocations/{uuid}":    {as: "admin", at: "eeeeeeee-0000-4000-8000-000000000002", headers: at39, body: consuming},
	"DELETE /placement/allocations/{uuid}": {as: "admin", at: "$consumer"},

	"GET /placement/allocation_candidates": {as: "admin", headers: at39, query: "?resources=VCPU:1"},
	"POST /placement/reshaper": {as: "admin", headers: at39, status: 204,
		body: `{"inventories":{"$provider":{"resource_provider_generation":0,"inventories":{"VGPU":{"total":4}}}},"allocations":{}}`},
	"GET /placement/usages": {headers: at39, query: "?project_id=$lab", eve: 403, una: 403, why: "it is said whose usages are asked for; " + providers},
}
