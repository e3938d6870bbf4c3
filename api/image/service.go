// Package image speaks Glance's API, v2: it turns calls into commands of the
// image service, streams bytes in and out of the store, and hands compute hosts
// the bytes they boot from. What an image may become is decided elsewhere; what
// its bytes are is the inspection's to tell.
package image

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	"skylog/projections"
	view "skylog/projections/image"
)

// Store keeps image bytes under names that are UUIDs.
type Store interface {
	// Save writes all that can be read under a name, or nothing. A full store is
	// syscall.ENOSPC.
	Save(name string, from io.Reader) error
	Open(name string) (io.ReadSeekCloser, error)
	Remove(name string) error
}

// NamedStore is one of the places where image bytes are.
type NamedStore struct {
	Store
	Name, Description string
	Dir               string // for administrators
}

// Inspection is written an image's bytes as they pass by.
type Inspection interface {
	io.Writer
	// Sums are how many bytes there were, and their hashes in hex.
	Sums() (size int64, md5, sha512 string)
	// Verdict says what format the bytes are in and how large the disk is. An
	// error is why they are refused, in words that go on after "Image".
	Verdict() (format string, virtualSize int64, err error)
}

// Service is the image API.
type Service struct {
	Do commands.Do[*projections.World]
	// Stores are where image bytes are; the first takes those that are sent
	// without saying where to. Staging is where bytes wait for an import.
	Stores  []NamedStore
	Staging Store
	// Inspect begins to look at bytes; without a format they are only measured.
	Inspect func(diskFormat string) Inspection
	// CheckURI says whether bytes may be fetched from an address; nil: from none.
	// Seal hides the whole of it, for the project to which it is known.
	CheckURI func(uri string) error
	Seal     func(projectID string, data []byte) ([]byte, error)
	// Cache is the image cache of this machine's compute host; nil: there is none.
	Cache Cache
	// Sign signs the addresses of image bytes for hosts.
	Sign Signer
	// MaxBytes is how large an image may be, MaxVirtualBytes how large a disk it
	// may make, ProjectBytes what the images of a project may have together. Zero
	// is a default.
	MaxBytes, MaxVirtualBytes, ProjectBytes int64
	// Idle is how long an upload or download may stand still; zero is a minute.
	Idle time.Duration
}

// The defaults of the limits. That of one image is Glance's; a disk of 16 TiB is
// the largest that common file systems in guests take.
const (
	maxBytes        = 1 << 40
	maxVirtualBytes = 16 << 40
	projectBytes    = 10 << 40
	idle            = time.Minute
)

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// WithDefaults is the service with its limits where none were set.
func (s *Service) WithDefaults() *Service {
	c := *s
	c.MaxBytes, c.MaxVirtualBytes = or(c.MaxBytes, maxBytes), or(c.MaxVirtualBytes, maxVirtualBytes)
	c.ProjectBytes, c.Idle = or(c.ProjectBytes, projectBytes), or(c.Idle, idle)
	return &c
}

// API makes the image service for a gateway.
func (s *Service) API() *api.Service {
	c := s.WithDefaults()
	c.Do = api.Ask(s.Do)
	return &api.Service{
		Name: "image", Root: "/image", Prefix: "/v2", Dialect: api.ImageDialect,
		Discovery: api.Discovery{At: c.versions()}, Policy: rules, Mount: c.mount,
	}
}

func (s *Service) mount(a huma.API) {
	s.mountImages(a)
	s.mountBytes(a)
	s.mountMembers(a)
	s.mountTasks(a)
	s.mountStores(a)
	s.mountNamespaces(a)
	s.mountCache(a)
	mountSchemas(a)
}

// versions are Glance's version documents, the same at three places.
func (s *Service) versions() []api.DiscoveryDocument {
	return []api.DiscoveryDocument{
		{Path: "", Status: http.StatusMultipleChoices, Show: s.showVersions},
		{Path: "/versions", Status: http.StatusOK, Show: s.showVersions},
		{Path: "/v2", Status: http.StatusMultipleChoices, Show: s.showVersions},
	}
}

// showVersions lists the versions of the API, the newest first. Two came with
// the cache, and are there where it is.
func (s *Service) showVersions(base string) any {
	type document struct {
		Versions []api.VersionEntry `json:"versions"`
	}
	ids := []string{"v2.15", "v2.13", "v2.12", "v2.11", "v2.10", "v2.9", "v2.8", "v2.7", "v2.6", "v2.5", "v2.4", "v2.3", "v2.2", "v2.1", "v2.0"}
	if s.Cache != nil {
		ids = append([]string{"v2.16", "v2.15", "v2.14"}, ids[1:]...)
	}
	var d document
	for n, id := range ids {
		status := "SUPPORTED"
		if n == 0 {
			status = "CURRENT"
		}
		d.Versions = append(d.Versions, api.VersionEntry{ID: id, Status: status, Links: []api.Link{{Rel: "self", Href: base + "/v2/"}}})
	}
	return d
}

func isAdmin(ctx context.Context) bool { return api.Can(ctx, "context_is_admin", api.Target{}) }

// see returns an image that the caller may know of.
func see(ctx context.Context, w *projections.World, id string) (view.Image, error) {
	i, ok := w.Image.VisibleTo(id, api.From(ctx).ProjectID, isAdmin(ctx))
	if !ok {
		return i, notFound(id)
	}
	return i, nil
}

func notFound(id string) error {
	return commands.Refuse(commands.NotFound, "No image found with ID %.100s", id)
}

// target is an image as policy sees it. Who sees the image and may not is told so.
func target(ctx context.Context, i view.Image, denial string) api.Target {
	attrs := map[string]string{"owner": i.OwnerID, "visibility": i.Visibility}
	project := api.From(ctx).ProjectID
	if api.World(ctx).Image.Members.Has(view.MemberID{ImageID: i.ID, MemberID: project}) {
		attrs["member_id"] = project
	}
	return api.Target{ProjectID: i.OwnerID, Attrs: attrs, Missing: commands.Refuse(commands.Forbidden, "%s", denial)}
}

// may sees an image and asks the operation's rule.
func may(ctx context.Context, id, rule string) (view.Image, error) {
	i, err := see(ctx, api.World(ctx), id)
	if err == nil {
		err = api.AllowRule(ctx, rule, target(ctx, i, "You are not authorized to complete "+rule+" action."))
	}
	return i, err
}
