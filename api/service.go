package api

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api/policy"
)

// Service is one OpenStack service as it is mounted in the gateway.
type Service struct {
	Name string // "compute": names its metrics and its parts of the document
	Root string // "/compute"
	// Prefix is the version's part of every operation's path, such as "/v2.1".
	Prefix string
	// ProjectInPath says that a project id may follow the prefix, as in
	// /v3/<project>/volumes. It must be the token's project.
	ProjectInPath bool
	Dialect       *Dialect
	// Microversions is nil for services without.
	Microversions *Microversions
	// Discovery are the service's version documents.
	Discovery Discovery
	Policy    policy.Rules
	// Mount mounts the operations with Handle.
	Mount func(a huma.API)
}

// mount is the huma.API that a service's operations are mounted on. The service
// has its own document and schemas; reading and writing is the gateway's.
type mount struct {
	huma.API
	gateway *Gateway
	service *Service
	mux     *http.ServeMux
}

func newMount(g *Gateway, s *Service) *mount {
	m := &mount{gateway: g, service: s, mux: http.NewServeMux()}
	doc := &huma.OpenAPI{OpenAPI: "3.1.0", Info: &huma.Info{Title: s.Name, Version: "1"}, Components: &huma.Components{
		Schemas: huma.NewMapRegistry("#/components/schemas/", schemaNamer(s.Name)),
	}}
	m.API = huma.NewAPI(huma.Config{OpenAPI: doc}, m)
	return m
}

// Adapter is the mount itself: it knows how operations are served.
func (m *mount) Adapter() huma.Adapter { return m }

// Handle serves an operation that huma has prepared.
func (m *mount) Handle(op *huma.Operation, next func(huma.Context)) {
	o := op.Metadata[operationKey].(*Operation)
	m.mux.HandleFunc(o.Method+" "+o.Path, func(w http.ResponseWriter, r *http.Request) {
		m.gateway.operate(w, r, o, op, next)
	})
}

// ServeHTTP serves the service's operations by the rest of their path.
func (m *mount) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(w, r) }

// Negotiate answers that it is JSON: OpenStack's services speak nothing else.
func (m *mount) Negotiate(string) (string, error) { return "application/json", nil }

// shown is a body together with the microversion it is shown at.
type shown struct {
	body any
	at   Version
}

// Transform binds a body to the microversion of its request.
func (m *mount) Transform(ctx huma.Context, _ string, v any) (any, error) {
	return shown{v, of(ctx.Context()).version}, nil
}

// bodies is room for bodies, used again and again.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// keptBody is how large room may be that is kept; larger bodies are rare.
const keptBody = 4 << 20

func giveBack(room *bytes.Buffer) {
	if room.Cap() <= keptBody {
		room.Reset()
		bodies.Put(room)
	}
}

// Marshal writes a body.
func (m *mount) Marshal(w io.Writer, _ string, v any) error {
	var room *bytes.Buffer
	if h, ok := w.(*held); ok { // where it goes is room enough
		room = h.body
	} else {
		room = bodies.Get().(*bytes.Buffer)
		defer giveBack(room)
	}
	b, err := room.AvailableBuffer(), error(nil)
	switch s := v.(shown); body := s.body.(type) {
	case nil:
		return nil
	case *Fault:
		b, err = body.render(b)
	default:
		b, err = encode(b, body, s.at)
	}
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

// Unmarshal reads a body.
func (m *mount) Unmarshal(contentType string, data []byte, v any) error {
	return unmarshal(contentType, data, v)
}

// fault writes a fault outside of huma.
func (r *request) writeFault(w http.ResponseWriter, f *Fault) {
	f = f.in(r.service.Dialect, r)
	body, err := f.render(nil)
	if err != nil {
		body = nil
	}
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", f.dialect.contentType())
	w.WriteHeader(f.Status)
	w.Write(body)
}

// unauthorized is the answer of the auth filter, which is the same before every service.
func (r *request) unauthorized(w http.ResponseWriter) {
	f := Fail(http.StatusUnauthorized, "The request you have made requires authentication.").
		with("WWW-Authenticate", `Keystone uri="`+r.base()+`/identity"`).in(IdentityDialect, r)
	body, _ := f.render(nil)
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.Status)
	w.Write(body)
}

func (r *request) operationName() string {
	if r.operation == nil {
		return "none"
	}
	return r.operation.Method + " " + r.operation.Path
}

// trimmed is a path without its slashes at the end: both forms are the same.
func trimmed(path string) string { return strings.TrimRight(path, "/") }
