package image

import "skylog/api/policy"

// The personas, as Glance has them.
const (
	admin        = "rule:context_is_admin"
	member       = admin + " or (role:member and project_id:%(project_id)s)"
	anyoneSeeing = "project_id:%(project_id)s or project_id:%(member_id)s or 'community':%(visibility)s or 'public':%(visibility)s or 'shared':%(visibility)s"
	sharing      = admin + " or (role:reader and (project_id:%(project_id)s or project_id:%(member_id)s))"
)

// rules are Glance's policy rules and their defaults.
var rules = policy.Rules{
	"add_image":         admin + " or (role:member and project_id:%(project_id)s and project_id:%(owner)s)",
	"delete_image":      member,
	"get_image":         admin + " or (role:reader and (" + anyoneSeeing + "))",
	"get_images":        admin + " or (role:reader and project_id:%(project_id)s)",
	"modify_image":      member,
	"publicize_image":   admin,
	"communitize_image": member,
	"download_image":    admin + " or (role:member and (" + anyoneSeeing + "))",
	"upload_image":      member,
	"deactivate":        member,
	"reactivate":        member,
	"add_member":        member,
	"delete_member":     member,
	"get_member":        sharing,
	"get_members":       sharing,
	"copy_image":        admin,
	"tasks_api_access":  admin,

	"get_image_location":    admin + " or (role:reader and project_id:%(project_id)s)",
	"delete_image_location": admin,
	"stores_info_detail":    admin + " or role:service",

	"modify_member": admin + " or (role:member and project_id:%(member_id)s)",
}
