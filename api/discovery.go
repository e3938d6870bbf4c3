package api

import (
	"net/http"
)

// Discovery are the version documents of a service, which clients read without
// a token before anything else. Each service has its own form of them.
type Discovery struct {
	// At are the paths, behind the service's root, that have a document.
	At []DiscoveryDocument
}

// DiscoveryDocument is one version document.
type DiscoveryDocument struct {
	Path   string // behind the root; "" is the root itself
	Status int
	// Show makes the body; base is the address of the service's root.
	Show func(base string) any
}

// serve answers for a version document; path is behind the service's root.
func (d *Discovery) serve(w http.ResponseWriter, r *http.Request, req *request, path string) bool {
	for _, doc := range d.At {
		if doc.Path != path {
			continue
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			return false
		}
		req.http = r
		body, err := encode(nil, doc.Show(req.base()+req.service.Root), Version{})
		if err != nil {
			req.writeFault(w, broken())
			return true
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(doc.Status)
		w.Write(body)
		return true
	}
	return false
}

// VersionEntry is one version in a version document. What a service doesn't
// show is left empty.
type VersionEntry struct {
	ID         string      `json:"id"`
	Status     string      `json:"status"`
	Version    *string     `json:"version,omitempty"`
	MinVersion *string     `json:"min_version,omitempty"`
	MaxVersion *string     `json:"max_version,omitempty"`
	Updated    string      `json:"updated,omitempty"`
	Links      []Link      `json:"links"`
	MediaTypes []MediaType `json:"media-types,omitempty"`
}

// MediaType is how a version document names the type of bodies.
type MediaType struct {
	Base string `json:"base"`
	Type string `json:"type"`
}
