package compute

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
)

// goneCalls are those that Nova answers with 410: what was nova-network's, the
// cells' of version 1, and the agents' (nova/api/openstack/compute/routes.py).
var goneCalls = []string{
	"GET /os-agents", "POST /os-agents", "PUT /os-agents/{id}", "DELETE /os-agents/{id}",
	"POST /os-certificates", "GET /os-certificates/{id}",
	"GET /os-cloudpipe", "POST /os-cloudpipe", "PUT /os-cloudpipe/{id}",
	"GET /os-fixed-ips/{id}", "POST /os-fixed-ips/{id}/action",
	"GET /os-floating-ip-dns", "GET /os-floating-ip-dns/{id}", "PUT /os-floating-ip-dns/{id}", "DELETE /os-floating-ip-dns/{id}",
	"GET /os-floating-ips-bulk", "POST /os-floating-ips-bulk", "GET /os-floating-ips-bulk/{id}", "PUT /os-floating-ips-bulk/{id}",
	"GET /os-fping", "GET /os-fping/{id}",
	"GET /os-cells", "POST /os-cells", "GET /os-cells/detail", "GET /os-cells/info", "GET /os-cells/capacities",
	"GET /os-cells/{id}", "PUT /os-cells/{id}", "DELETE /os-cells/{id}", "GET /os-cells/{id}/capacities", "POST /os-cells/sync_instances",
	"POST /os-networks", "POST /os-networks/add", "DELETE /os-networks/{id}", "POST /os-networks/{id}/action",
	"POST /os-tenant-networks", "DELETE /os-tenant-networks/{id}",
	"GET /os-security-group-default-rules", "POST /os-security-group-default-rules",
	"GET /os-security-group-default-rules/{id}", "DELETE /os-security-group-default-rules/{id}",
	"GET /servers/{id}/os-virtual-interfaces",
}

// mountGone mounts what is gone for good, for callers to know that it is.
func mountGone(a huma.API) {
	gone := func(context.Context, *nothing) (*api.Empty, error) {
		return nil, api.Fail(http.StatusGone, "This resource is no longer available. No forwarding address is given.")
	}
	for _, call := range goneCalls {
		api.Handle(a, call, api.Authenticated, http.StatusGone, gone)
	}
}
