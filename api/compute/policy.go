package compute

import "skylog/api/policy"

// The personas, as rules of Nova's.
const (
	admin  = "rule:context_is_admin"
	reader = "rule:project_reader_or_admin"
	member = "rule:project_member_or_admin"
	owner  = "(rule:context_is_admin) or user_id:%(user_id)s"
)

// rules are Nova's policy rules and their defaults.
var rules = policy.Rules{
	"os_compute_api:os-keypairs:index":  owner,
	"os_compute_api:os-keypairs:create": owner,
	"os_compute_api:os-keypairs:delete": owner,
	"os_compute_api:os-keypairs:show":   owner,
}
