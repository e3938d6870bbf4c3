package compute

import (
	"maps"

	"skylog/api/policy"
)

func init() { maps.Copy(rules, operatorRules) }

// operatorRules are the rules of what operators do, of server groups and usage.
var operatorRules = policy.Rules{
	"os_compute_api:os-aggregates:index":                 admin,
	"os_compute_api:os-aggregates:create":                admin,
	"os_compute_api:os-aggregates:show":                  admin,
	"os_compute_api:os-aggregates:update":                admin,
	"os_compute_api:os-aggregates:delete":                admin,
	"os_compute_api:os-aggregates:add_host":              admin,
	"os_compute_api:os-aggregates:remove_host":           admin,
	"os_compute_api:os-aggregates:set_metadata":          admin,
	"compute:aggregates:images":                          admin,
	"os_compute_api:os-server-groups:index":              reader,
	"os_compute_api:os-server-groups:index:all_projects": admin,
	"os_compute_api:os-server-groups:create":             member,
	"os_compute_api:os-server-groups:show":               reader,
	"os_compute_api:os-server-groups:delete":             member,
	"os_compute_api:os-quota-class-sets:show":            admin,
	"os_compute_api:os-quota-class-sets:update":          admin,
	"os_compute_api:os-simple-tenant-usage:list":         admin,
	"os_compute_api:os-simple-tenant-usage:show":         reader,
	"os_compute_api:os-server-external-events:create":    admin,
	"os_compute_api:os-hosts:list":                       admin,
	"os_compute_api:os-hosts:show":                       admin,
	"os_compute_api:os-hosts:update":                     admin,
	"os_compute_api:os-hosts:reboot":                     admin,
	"os_compute_api:os-hosts:shutdown":                   admin,
	"os_compute_api:os-hosts:startup":                    admin,
}
