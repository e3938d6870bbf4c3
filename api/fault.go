package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"skylog/commands"
)

// Fault is an error as a client gets it. Operations return refusals; a Fault is
// for what only HTTP knows, such as 410 for a call that is gone.
type Fault struct {
	Status  int
	Reason  string // the error's name in the dialect, if it has names
	Message string
	Header  http.Header
	// Extra are further members of the body's inner object.
	Extra map[string]any

	dialect   *Dialect
	requestID string
	version   Version
}

// Fail makes a fault of a status.
func Fail(status int, format string, args ...any) *Fault {
	return &Fault{Status: status, Message: fmt.Sprintf(format, args...)}
}

// FailAs makes a fault that has a name in its dialect.
func FailAs(status int, reason, format string, args ...any) *Fault {
	return &Fault{Status: status, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func (f *Fault) Error() string { return f.Message }

// GetStatus is how huma asks for the status.
func (f *Fault) GetStatus() int { return f.Status }

// GetHeaders is how huma asks for the headers.
func (f *Fault) GetHeaders() http.Header { return f.Header }

// ContentType is how huma asks for the type of the body.
func (f *Fault) ContentType(string) string { return f.dialect.contentType() }

func (f *Fault) with(name, value string) *Fault {
	if f.Header == nil {
		f.Header = http.Header{}
	}
	f.Header.Set(name, value)
	return f
}

// in returns the fault as it is said in a dialect, in answer to a request.
func (f *Fault) in(d *Dialect, r *request) *Fault {
	c := *f
	c.dialect, c.requestID, c.version = d, r.id, r.version
	return &c
}

// Dialect is how a service says that something is wrong.
type Dialect struct {
	name string
	// status overrides the number of a kind of refusal.
	status map[commands.Kind]int
	body   func(*Fault) any
	html   bool
	// complain words a violation of the schema; nil: complaint does.
	complain func(*huma.ErrorDetail) string
}

// kinds are the numbers of refusals where a dialect has none of its own.
var kinds = map[commands.Kind]int{
	commands.Invalid:   http.StatusBadRequest,
	commands.Forbidden: http.StatusForbidden,
	commands.NotFound:  http.StatusNotFound,
	commands.Conflict:  http.StatusConflict,
	commands.OverLimit: http.StatusForbidden,
	commands.Exhausted: http.StatusConflict,
	commands.Stale:     http.StatusPreconditionFailed,
	commands.Expired:   http.StatusServiceUnavailable,
	commands.Mismatch:  http.StatusUnprocessableEntity,
}

// The dialects.
var (
	ComputeDialect = &Dialect{name: "compute", body: computeFault,
		status: map[commands.Kind]int{commands.Exhausted: http.StatusBadRequest}}
	BlockDialect = &Dialect{name: "block", body: computeFault,
		status: map[commands.Kind]int{commands.OverLimit: http.StatusRequestEntityTooLarge}}
	IdentityDialect = &Dialect{name: "identity", body: identityFault}
	NetworkDialect  = &Dialect{name: "network", body: networkFault, complain: networkComplaint,
		status: map[commands.Kind]int{commands.OverLimit: http.StatusConflict}}
	ImageDialect = &Dialect{name: "image", html: true,
		status: map[commands.Kind]int{commands.OverLimit: http.StatusRequestEntityTooLarge}}
	PlacementDialect = &Dialect{name: "placement", body: placementFault,
		status: map[commands.Kind]int{commands.Stale: http.StatusConflict}}
	OrchestrationDialect = &Dialect{name: "orchestration", body: orchestrationFault}
	SkylogDialect        = &Dialect{name: "skylog", body: skylogFault}
)

func (d *Dialect) contentType() string {
	if d.html {
		return "text/html; charset=UTF-8"
	}
	return "application/json"
}

var computeNames = map[int]string{
	400: "badRequest", 401: "unauthorized", 403: "forbidden", 404: "itemNotFound", 405: "badMethod",
	409: "conflictingRequest", 413: "overLimit", 415: "badMediaType", 429: "overLimit", 501: "notImplemented", 503: "serviceUnavailable",
}

func computeFault(f *Fault) any {
	name, ok := computeNames[f.Status]
	if !ok {
		name = "computeFault"
	}
	inner := map[string]any{"code": f.Status, "message": f.Message}
	if f.Status == http.StatusTooManyRequests || f.Status == http.StatusRequestEntityTooLarge {
		if after := f.Header.Get("Retry-After"); after != "" {
			inner["retryAfter"] = after
		}
	}
	maps.Copy(inner, f.Extra)
	return map[string]any{name: inner}
}

func identityFault(f *Fault) any {
	inner := map[string]any{"code": f.Status, "title": http.StatusText(f.Status), "message": f.Message}
	maps.Copy(inner, f.Extra)
	return map[string]any{"error": inner}
}

var networkNames = map[int]string{400: "HTTPBadRequest", 403: "HTTPForbidden", 404: "HTTPNotFound", 405: "HTTPMethodNotAllowed",
	409: "HTTPConflict", 412: "RevisionNumberConstraintFailed", 500: "HTTPInternalServerError", 503: "HTTPServiceUnavailable"}

func networkFault(f *Fault) any {
	name := f.Reason
	if name == "" {
		name = networkNames[f.Status]
	}
	if name == "" {
		name = "HTTP" + strings.ReplaceAll(http.StatusText(f.Status), " ", "")
	}
	inner := map[string]any{"type": name, "message": f.Message, "detail": ""}
	maps.Copy(inner, f.Extra)
	return map[string]any{"NeutronError": inner}
}

func placementFault(f *Fault) any {
	inner := map[string]any{"status": f.Status, "title": http.StatusText(f.Status), "detail": f.Message, "request_id": f.requestID}
	if !f.version.Before(1, 23) {
		inner["code"] = "placement.undefined_code"
		if strings.HasPrefix(f.Reason, "placement.") {
			inner["code"] = f.Reason
		}
	}
	maps.Copy(inner, f.Extra)
	return map[string]any{"errors": []any{inner}}
}

func orchestrationFault(f *Fault) any {
	reason := f.Reason
	if reason == "" {
		reason = "HTTP" + strings.ReplaceAll(http.StatusText(f.Status), " ", "")
	}
	return map[string]any{"code": f.Status, "title": http.StatusText(f.Status), "explanation": f.Message,
		"error": map[string]any{"type": reason, "message": f.Message, "traceback": nil}}
}

func skylogFault(f *Fault) any {
	inner := map[string]any{"code": f.Status, "title": http.StatusText(f.Status), "message": f.Message, "request_id": f.requestID}
	maps.Copy(inner, f.Extra)
	return map[string]any{"error": inner}
}

var htmlText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

// render appends the fault's body.
func (f *Fault) render(b []byte) ([]byte, error) {
	if f.dialect.html {
		title := fmt.Sprintf("%d %s", f.Status, http.StatusText(f.Status))
		return fmt.Appendf(b, "<html>\n <head>\n  <title>%s</title>\n </head>\n <body>\n  <h1>%s</h1>\n  %s<br /><br />\n\n\n\n </body>\n</html>",
			title, title, htmlText.Replace(f.Message)), nil
	}
	return encode(b, f.dialect.body(f), Version{})
}

// fault turns whatever an operation returned into what the client gets. What is
// broken is logged with its cause and shown without.
func (r *request) fault(err error) *Fault {
	d := r.service.Dialect
	var f *Fault
	if errors.As(err, &f) {
		return f.in(d, r)
	}
	if refusal, ok := commands.Refused(err); ok {
		status, ok := d.status[refusal.Kind]
		if !ok {
			status = kinds[refusal.Kind]
		}
		f := FailAs(status, refusal.Reason, "%s", refusal.Message)
		if status == http.StatusServiceUnavailable || status == http.StatusRequestEntityTooLarge {
			f.with("Retry-After", "0")
		}
		return f.in(d, r)
	}
	switch {
	case errors.Is(err, commands.ErrBusy):
		return Fail(http.StatusServiceUnavailable, "Too many requests are waiting. Try again.").with("Retry-After", "1").in(d, r)
	case errors.Is(err, commands.ErrFull):
		return Fail(http.StatusServiceUnavailable, "The cloud's disk is nearly full: only what makes room is accepted.").with("Retry-After", "60").in(d, r)
	case errors.Is(err, commands.ErrUndecided):
		at := r.base() + "/v1/commands/" + r.last.String()
		return Fail(http.StatusGatewayTimeout, "The outcome of the request is not known yet. It can be asked for at %s.", at).
			with("Link", "<"+at+">; rel=\"monitor\"").in(d, r)
	case errors.Is(err, context.Canceled):
		return Fail(499, "The client went away.").in(d, r)
	}
	r.gateway.log.Error("request broken", "request", r.id, "operation", r.operationName(), "err", err)
	return broken().in(d, r)
}

func broken() *Fault {
	return Fail(http.StatusInternalServerError, "The server has either erred or is incapable of performing the requested operation. Report it with the request id.")
}

// humaError is how huma's own complaints about a request become the dialect's.
func humaError(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
	r := of(ctx.Context())
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	if status >= http.StatusInternalServerError {
		return r.fault(errors.Join(append(errs, errors.New(message))...))
	}
	for _, err := range errs {
		if d, ok := err.(huma.ErrorDetailer); ok {
			words := complaint
			if r.service.Dialect.complain != nil {
				words = r.service.Dialect.complain
			}
			return Fail(status, "%s", words(d.ErrorDetail())).in(r.service.Dialect, r)
		}
	}
	return Fail(status, "%s", capital(message)+".").in(r.service.Dialect, r)
}

// maxShown is how much of a bad value is quoted back.
const maxShown = 100

// complaint words a violation of the schema. Passwords and the like are sent in
// bodies, so only short plain values of fields that don't look secret are quoted.
func complaint(d *huma.ErrorDetail) string {
	where := d.Location[strings.LastIndexByte(d.Location, '.')+1:]
	if where == "" || where == "body" {
		return capital(d.Message) + "."
	}
	if d.Message == validation.MsgUnexpectedProperty {
		return fmt.Sprintf("Additional properties are not allowed ('%.100s' was unexpected)", where)
	}
	value := ""
	switch v := d.Value.(type) {
	case string:
		value = v
	case float64, bool:
		value = fmt.Sprint(v)
	}
	if value == "" || len(value) > maxShown || secret(where) {
		return fmt.Sprintf("Invalid input for field/attribute %s. %s.", where, capital(d.Message))
	}
	return fmt.Sprintf("Invalid input for field/attribute %s. Value: %s. %s.", where, value, capital(d.Message))
}

// networkComplaint words a violation of the schema as Neutron does.
func networkComplaint(d *huma.ErrorDetail) string {
	where := d.Location[strings.LastIndexByte(d.Location, '.')+1:]
	if where == "" || where == "body" {
		return capital(d.Message) + "."
	}
	if d.Message == validation.MsgUnexpectedProperty {
		return fmt.Sprintf("Unrecognized attribute(s) '%.100s'", where)
	}
	return fmt.Sprintf("Invalid input for %.100s. Reason: %s.", where, strings.TrimSuffix(d.Message, "."))
}

func secret(name string) bool {
	name = strings.ToLower(name)
	for _, s := range []string{"pass", "secret", "key", "token", "blob", "user_data", "totp", "signature"} {
		if strings.Contains(name, s) {
			return true
		}
	}
	return false
}

func capital(s string) string {
	s = strings.TrimSuffix(s, ".")
	if s == "" {
		return s
	}
	return string(bytes.ToUpper([]byte(s[:1]))) + s[1:]
}
