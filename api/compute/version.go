package compute

import (
	"net/http"

	"skylog/api"
)

// microversions is the range in which every mounted call has its right shape.
var microversions = api.Microversions{
	Min: api.Version{Major: 2, Minor: 1}, Max: api.Version{Major: 2, Minor: 96},
	Type: "compute", Legacy: "X-OpenStack-Nova-API-Version",
}

const (
	oldest  = "2011-01-21T11:33:21Z" // when v2.0 and v2.1 were said to be updated, as Nova has it
	current = "2013-07-23T11:33:21Z"
)

var mediaTypes = []api.MediaType{{Base: "application/json", Type: "application/vnd.openstack.compute+json;version=2.1"}}

func versionEntry(base string) api.VersionEntry {
	newest, oldest := microversions.Max.String(), microversions.Min.String()
	return api.VersionEntry{ID: "v2.1", Status: "CURRENT", Version: &newest, MinVersion: &oldest, Updated: current,
		Links: []api.Link{{Rel: "self", Href: base + "/v2.1/"}}}
}

// versionList is what GET / shows. Nova's v2.0 is the v2.1 of no microversion,
// and clients look for both.
var versionList = api.DiscoveryDocument{Path: "", Status: http.StatusOK, Show: func(base string) any {
	none := ""
	return struct {
		Versions []api.VersionEntry `json:"versions"`
	}{[]api.VersionEntry{
		{ID: "v2.0", Status: "SUPPORTED", Version: &none, MinVersion: &none, Updated: oldest, Links: []api.Link{{Rel: "self", Href: base + "/v2/"}}},
		versionEntry(base),
	}}
}}

// versionShow is what GET /v2.1 shows.
var versionShow = api.DiscoveryDocument{Path: "/v2.1", Status: http.StatusOK, Show: func(base string) any {
	v := versionEntry(base)
	v.Links = append(v.Links, api.Link{Rel: "describedby", Href: "http://docs.openstack.org/", Type: "text/html"})
	v.MediaTypes = mediaTypes
	return struct {
		Version api.VersionEntry `json:"version"`
	}{v}
}}
