package network

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
)

func (s *Service) mountExtensions(a huma.API) {
	api.Handle(a, "GET /{$}", api.Authenticated, http.StatusOK, s.listResources)
	api.Handle(a, "GET /extensions", api.Authenticated, http.StatusOK, s.listExtensions)
	api.Handle(a, "GET /extensions/{id}", api.Authenticated, http.StatusOK, s.showExtension)
}

// extension is one of Neutron's extensions as it is shown.
type extension struct {
	Name        string     `json:"name"`
	Alias       string     `json:"alias"`
	Description string     `json:"description"`
	Updated     string     `json:"updated"`
	Links       []api.Link `json:"links"`
}

// extensions are those whose attributes and calls all work. Clients look here
// before they use one.
var extensions = []extension{
	{Alias: "agent", Name: "agent", Description: "Which hosts do the network's work.", Updated: "2013-02-03T10:00:00-00:00"},
	{Alias: "allowed-address-pairs", Name: "Allowed Address Pairs", Description: "Further senders that a port may use.", Updated: "2013-07-23T10:00:00-00:00"},
	{Alias: "availability_zone", Name: "Availability Zone", Description: "Zones of the network service.", Updated: "2015-01-01T10:00:00-00:00"},
	{Alias: "binding", Name: "Port Binding", Description: "On which host a port is plugged, and how.", Updated: "2014-02-03T10:00:00-00:00"},
	{Alias: "empty-string-filtering", Name: "Empty String Filtering Extension", Description: "Lists can be filtered by the empty text.", Updated: "2018-05-01T10:00:00-00:00"},
	{Alias: "external-net", Name: "Neutron external network", Description: "Networks that lead outside.", Updated: "2013-01-14T10:00:00-00:00"},
	{Alias: "filter-validation", Name: "Filter parameters validation", Description: "Unknown filters are refused.", Updated: "2018-03-21T10:00:00-00:00"},
	{Alias: "ip-substring-filtering", Name: "IP address substring filtering", Description: "Ports by a part of their address.", Updated: "2017-11-28T09:00:00-00:00"},
	{Alias: "net-mtu", Name: "Network MTU", Description: "Networks have an MTU.", Updated: "2015-03-25T10:00:00-00:00"},
	{Alias: "net-mtu-writable", Name: "Network MTU (writable)", Description: "The MTU of a network can be changed.", Updated: "2017-07-12T00:00:00-00:00"},
	{Alias: "network_availability_zone", Name: "Network Availability Zone", Description: "Networks have hints of zones.", Updated: "2015-01-01T10:00:00-00:00"},
	{Alias: "pagination", Name: "Pagination support", Description: "Lists come in pages.", Updated: "2016-06-12T00:00:00-00:00"},
	{Alias: "port-mac-address-regenerate", Name: "Neutron Port MAC address regenerate", Description: "A port's MAC can be made anew.", Updated: "2018-05-03T10:00:00-00:00"},
	{Alias: "port-security", Name: "Port Security", Description: "Anti-spoofing of ports can be switched off.", Updated: "2012-07-23T10:00:00-00:00"},
	{Alias: "project-id", Name: "project_id field enabled", Description: "Owners are named by project_id too.", Updated: "2016-09-09T09:09:09-09:09"},
	{Alias: "provider", Name: "Provider Network", Description: "Administrators see a network's segment.", Updated: "2012-09-07T10:00:00-00:00"},
	{Alias: "quota_details", Name: "Quota details management support", Description: "How much of a quota is used.", Updated: "2017-02-10T10:00:00-00:00"},
	{Alias: "quota-check-limit", Name: "Quota engine limit check", Description: "A quota below the usage can be refused.", Updated: "2021-06-10T10:00:00-00:00"},
	{Alias: "quotas", Name: "Quota management support", Description: "Limits per project.", Updated: "2012-07-29T10:00:00-00:00"},
	{Alias: "revision-if-match", Name: "If-Match constraints based on revision_number", Description: "Changes can be bound to a revision.", Updated: "2016-12-11T00:00:00-00:00"},
	{Alias: "security-group", Name: "security-group", Description: "What may pass to and from ports.", Updated: "2012-10-05T10:00:00-00:00"},
	{Alias: "security-groups-normalized-cidr", Name: "Normalized CIDR field for security group rules", Description: "Rules show the prefix that their remote prefix means.", Updated: "2019-05-08T10:00:00-00:00"},
	{Alias: "service-type", Name: "Neutron Service Type Management", Description: "Providers of services.", Updated: "2013-01-20T00:00:00-00:00"},
	{Alias: "sorting", Name: "Sorting support", Description: "Lists can be sorted.", Updated: "2016-06-12T00:00:00-00:00"},
	{Alias: "standard-attr-description", Name: "standard-attr-description", Description: "Things have descriptions.", Updated: "2016-02-10T10:00:00-00:00"},
	{Alias: "standard-attr-revisions", Name: "Resource revision numbers", Description: "Things count their changes.", Updated: "2016-04-11T10:00:00-00:00"},
	{Alias: "standard-attr-tag", Name: "Tag support for resources with standard attribute", Description: "Things bear tags.", Updated: "2017-01-01T00:00:00-00:00"},
	{Alias: "standard-attr-timestamp", Name: "Resource timestamps", Description: "Things know when they were made and changed.", Updated: "2016-09-12T10:00:00-00:00"},
}

type (
	extensionOut struct {
		Body struct {
			Extension extension `json:"extension"`
		}
	}
	extensionsOut struct {
		Body struct {
			Extensions []extension `json:"extensions"`
		}
	}
	resource struct {
		Name       string     `json:"name"`
		Collection string     `json:"collection"`
		Links      []api.Link `json:"links"`
	}
	resourcesOut struct {
		Body struct {
			Resources []resource `json:"resources"`
		}
	}
)

func (s *Service) listResources(ctx context.Context, _ *struct{}) (*resourcesOut, error) {
	out := &resourcesOut{}
	for _, name := range []string{"network", "subnet", "port", "security-group", "security-group-rule", "quota", "extension"} {
		out.Body.Resources = append(out.Body.Resources, resource{Name: name, Collection: name + "s",
			Links: []api.Link{{Rel: "self", Href: api.Root(ctx) + "/" + name + "s"}}})
	}
	return out, nil
}

func (s *Service) listExtensions(context.Context, *struct{}) (*extensionsOut, error) {
	out := &extensionsOut{}
	out.Body.Extensions = extensions
	return out, nil
}

func (s *Service) showExtension(_ context.Context, in *IDIn) (*extensionOut, error) {
	i := slices.IndexFunc(extensions, func(e extension) bool { return e.Alias == in.ID })
	if i < 0 {
		return nil, commands.RefuseAs(commands.NotFound, "ExtensionNotFound", "Extension with alias %s does not exist", clip(in.ID))
	}
	out := &extensionOut{}
	out.Body.Extension = extensions[i]
	return out, nil
}
