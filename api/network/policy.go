package network

import "skylog/api/policy"

// The personas, as rules of Neutron's. What a rule may ask of a target stands in
// targetOf and its like.
const (
	anyone        = ""
	admin         = "rule:admin_only"
	adminOrServe  = "rule:admin_only or rule:service_api"
	member        = "rule:admin_only or (role:member and project_id:%(project_id)s)"
	reader        = "rule:admin_only or (role:reader and project_id:%(project_id)s)"
	netMember     = "rule:admin_only or (role:member and rule:network_owner)"
	portMember    = "rule:admin_only or rule:service_api or (role:member and rule:network_owner)"
	shared        = "'True':%(shared)s"
	external      = "'True':%(router:external)s"
	groupMember   = "rule:admin_only or (role:member and rule:sg_owner)"
	bothMember    = "rule:admin_only or rule:service_api or (role:member and project_id:%(project_id)s) or (role:member and rule:network_owner)"
	bothReader    = "rule:admin_only or rule:service_api or (role:reader and project_id:%(project_id)s) or (role:reader and rule:network_owner)"
	networkReader = reader + " or rule:service_api or " + shared + " or " + external
)

// rules are Neutron's policy rules and their defaults, of the calls and
// attributes that there are.
var rules = policy.Rules{
	"network_owner": "project_id:%(network:project_id)s",
	"sg_owner":      "project_id:%(security_group:project_id)s",

	"create_network":                           member,
	"create_network:shared":                    admin,
	"create_network:router:external":           admin,
	"create_network:port_security_enabled":     member,
	"create_network:provider:network_type":     admin,
	"create_network:provider:physical_network": admin,
	"create_network:provider:segmentation_id":  admin,
	"get_network":                              networkReader,
	"get_network:provider:network_type":        admin,
	"get_network:provider:physical_network":    admin,
	"get_network:provider:segmentation_id":     admin,
	"update_network":                           member,
	"update_network:shared":                    admin,
	"update_network:router:external":           admin,
	"update_network:port_security_enabled":     member,
	"delete_network":                           member,
	"get_networks_tags":                        reader,
	"update_networks_tags":                     member,
	"delete_networks_tags":                     member,

	"create_subnet":       netMember,
	"get_subnet":          bothReader + " or " + shared,
	"update_subnet":       bothMember,
	"delete_subnet":       bothMember,
	"get_subnets_tags":    bothReader + " or " + shared,
	"update_subnets_tags": bothMember,
	"delete_subnets_tags": bothMember,

	"create_port":                       member + " or rule:service_api",
	"create_port:device_id":             member + " or rule:service_api",
	"create_port:device_owner":          "not 'True':%(network_device)s or " + portMember,
	"create_port:mac_address":           portMember,
	"create_port:fixed_ips":             portMember + " or " + shared,
	"create_port:fixed_ips:ip_address":  portMember,
	"create_port:fixed_ips:subnet_id":   portMember + " or " + shared,
	"create_port:port_security_enabled": portMember,
	"create_port:binding:host_id":       adminOrServe,
	"create_port:allowed_address_pairs": netMember,
	"get_port":                          bothReader,
	"get_port:binding:vif_type":         adminOrServe,
	"get_port:binding:vif_details":      adminOrServe,
	"get_port:binding:host_id":          adminOrServe,
	"get_port:binding:profile":          adminOrServe,
	"update_port":                       member + " or rule:service_api",
	"update_port:device_id":             member + " or rule:service_api",
	"update_port:device_owner":          "not 'True':%(network_device)s or " + portMember,
	"update_port:mac_address":           adminOrServe,
	"update_port:fixed_ips":             portMember + " or " + shared,
	"update_port:fixed_ips:ip_address":  portMember,
	"update_port:fixed_ips:subnet_id":   portMember + " or " + shared,
	"update_port:port_security_enabled": portMember,
	"update_port:binding:host_id":       adminOrServe,
	"update_port:allowed_address_pairs": netMember,
	"delete_port":                       bothMember,
	"get_ports_tags":                    bothReader,
	"update_ports_tags":                 bothMember,
	"delete_ports_tags":                 bothMember,
	"create_security_group":             member,
	"get_security_group":                reader,
	"update_security_group":             member,
	"delete_security_group":             member,
	"get_security_groups_tags":          reader,
	"update_security_groups_tags":       member,
	"delete_security_groups_tags":       member,
	"create_security_group_rule":        groupMember,
	"get_security_group_rule":           reader + " or (role:reader and rule:sg_owner)",
	"delete_security_group_rule":        groupMember,
	"get_security_group_rules_tags":     reader,
	"update_security_group_rules_tags":  member,
	"delete_security_group_rules_tags":  member,

	"get_quota":    "rule:admin_only or (role:reader and project_id:%(project_id)s)",
	"update_quota": admin,
	"delete_quota": admin,

	"get_agent":             admin,
	"get_availability_zone": anyone,
	"get_service_provider":  anyone,
}
