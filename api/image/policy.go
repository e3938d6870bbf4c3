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
var rules = withDefinitions(policy.Rules{
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
	"cache_image":       admin,
	"cache_list":        admin,
	"cache_delete":      admin,

	"get_image_location":    admin + " or (role:reader and project_id:%(project_id)s)",
	"delete_image_location": admin,
	"stores_info_detail":    admin + " or role:service",

	"modify_member": admin + " or (role:member and project_id:%(member_id)s)",
})

// withDefinitions adds the rules of metadata definitions: what a namespace
// defines may be read by whoever may read it, and written by administrators.
func withDefinitions(rules policy.Rules) policy.Rules {
	rules["metadef_default"], rules["metadef_admin"] = "", admin
	rules["get_metadef_namespaces"] = admin + " or (role:reader and project_id:%(project_id)s)"
	for _, one := range []string{"get_metadef_namespace", "get_metadef_object", "get_metadef_objects", "list_metadef_resource_types", "get_metadef_resource_type",
		"get_metadef_property", "get_metadef_properties", "get_metadef_tag", "get_metadef_tags"} {
		rules[one] = admin + " or (role:reader and (project_id:%(project_id)s or 'public':%(visibility)s))"
	}
	for _, one := range []string{"modify_metadef_namespace", "add_metadef_namespace", "delete_metadef_namespace", "modify_metadef_object", "add_metadef_object",
		"delete_metadef_object", "add_metadef_resource_type_association", "remove_metadef_resource_type_association", "modify_metadef_property",
		"add_metadef_property", "remove_metadef_property", "modify_metadef_tag", "add_metadef_tag", "add_metadef_tags", "delete_metadef_tag", "delete_metadef_tags"} {
		rules[one] = "rule:metadef_admin"
	}
	return rules
}
