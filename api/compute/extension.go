package compute

import (
	"context"
	_ "embed" // the list
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
)

func (s *Service) mountExtensions(a huma.API) {
	api.Handle(a, "GET /extensions", api.Authenticated, http.StatusOK, s.listExtensions)
	api.Handle(a, "GET /extensions/{alias}", api.Authenticated, http.StatusOK, s.showExtension)
}

// extensionList has the aliases and names of Nova's extensions that are served
// here (nova/api/openstack/compute/extension_info.py). They have been part of
// the API itself since v2.1; clients still look for them.
//
//go:embed extensions.txt
var extensionList string

type extension struct {
	Alias       string     `json:"alias"`
	Name        string     `json:"name"`
	Description string     `json:"description"`
	Namespace   string     `json:"namespace"`
	Updated     string     `json:"updated"`
	Links       []api.Link `json:"links"`
}

type (
	extensionsOut struct {
		Body struct {
			Extensions []extension `json:"extensions"`
		}
	}
	extensionAlias struct {
		Alias string `path:"alias" maxLength:"255"`
	}
	extensionOut struct {
		Body struct {
			Extension extension `json:"extension"`
		}
	}
)

func extensions(yield func(extension) bool) {
	for line := range strings.Lines(extensionList) {
		alias, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !yield(extension{Alias: alias, Name: name, Description: name + ", part of the API.",
			Namespace: "http://docs.openstack.org/compute/ext/fake_xml", Updated: "2014-12-03T00:00:00Z"}) {
			return
		}
	}
}

func (s *Service) listExtensions(_ context.Context, _ *nothing) (*extensionsOut, error) {
	out := &extensionsOut{}
	for e := range extensions {
		out.Body.Extensions = append(out.Body.Extensions, e)
	}
	return out, nil
}

func (s *Service) showExtension(_ context.Context, in *extensionAlias) (*extensionOut, error) {
	for e := range extensions {
		if e.Alias == in.Alias {
			out := &extensionOut{}
			out.Body.Extension = e
			return out, nil
		}
	}
	return nil, api.Fail(http.StatusNotFound, "The resource could not be found.")
}
