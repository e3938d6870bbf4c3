package compute

import (
	"maps"

	"skylog/api/policy"
)

func init() { maps.Copy(rules, proxyRules) }

// proxyRules are the rules of what older clients ask for here though other
// services are for it.
var proxyRules = policy.Rules{
	"os_compute_api:os-security-groups:get":         reader,
	"os_compute_api:os-security-groups:show":        reader,
	"os_compute_api:os-security-groups:create":      member,
	"os_compute_api:os-security-groups:update":      member,
	"os_compute_api:os-security-groups:delete":      member,
	"os_compute_api:os-security-groups:rule:create": member,
	"os_compute_api:os-security-groups:rule:delete": member,
	"os_compute_api:os-networks:list":               reader,
	"os_compute_api:os-networks:show":               reader,
	"os_compute_api:os-tenant-networks:list":        reader,
	"os_compute_api:os-tenant-networks:show":        reader,
	"os_compute_api:os-floating-ip-pools":           reader,
	"os_compute_api:os-floating-ips:list":           reader,
	"os_compute_api:os-floating-ips:show":           reader,
	"os_compute_api:os-floating-ips:create":         member,
	"os_compute_api:os-floating-ips:delete":         member,
	"os_compute_api:os-floating-ips:add":            member,
	"os_compute_api:os-floating-ips:remove":         member,
}
