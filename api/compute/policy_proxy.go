package compute

import (
	"maps"

	"skylog/api/policy"
)

func init() { maps.Copy(rules, proxyRules) }

// proxyRules are the rules of what older clients ask for here though other
// services are for it, and of the insides of servers.
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
	"os_compute_api:os-multinic:add":                member,
	"os_compute_api:os-multinic:remove":             member,

	"compute:server:topology:index":                    reader,
	"os_compute_api:os-server-diagnostics":             admin,
	"os_compute_api:os-server-password:show":           reader,
	"os_compute_api:os-server-password:clear":          member,
	"os_compute_api:os-admin-password":                 member,
	"os_compute_api:os-volumes-attachments:index":      reader,
	"os_compute_api:os-volumes-attachments:show":       reader,
	"os_compute_api:servers:migrations:index":          manager,
	"os_compute_api:servers:migrations:index:host":     admin,
	"os_compute_api:servers:migrations:delete":         manager,
	"os_compute_api:servers:migrations:force_complete": manager,
	"os_compute_api:servers:migrations:show":           admin,
	"os_compute_api:os-instance-usage-audit-log:list":  admin,
	"os_compute_api:os-instance-usage-audit-log:show":  admin,
}
