package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"skylog/api/policy"
	"skylog/commands"
	"skylog/projections"
)

// Who is the caller of a request, as the token says and the world confirms.
// The zero Who is nobody.
type Who struct {
	UserID, UserName, UserDomainID          string
	ProjectID, ProjectName, ProjectDomainID string
	DomainID                                string   // the domain a token is scoped to
	System                                  bool     // scoped to the whole deployment
	Roles                                   []string // names, implied ones too
	ServiceRoles                            []string // those of the service token beside the caller's
	Version                                 Version  // the microversion asked for
	// AccessRules are the only calls that the caller may make; nil: whatever policy allows.
	AccessRules []AccessRule
	// Rights is what the caller's roles were read from, and those of the service
	// token; the decider holds it against the head. None: they can't change.
	Rights []commands.Rights
	// Claims is what the authenticator knows besides; only its own service reads it.
	Claims any
}

// Authenticator tells whose a token is. It answers from the world, so that a
// role withdrawn a moment ago is gone. An error is a 401, whatever it says.
type Authenticator func(w *projections.World, token string) (Who, error)

// request is what the edge knows of one request.
type request struct {
	gateway   *Gateway
	service   *Service
	operation *Operation
	who       Who
	version   Version
	world     *projections.World
	http      *http.Request
	id        string // req-<uuid>
	global    string // the request id that the client sent
	project   string // the project in the path, where there is one
	command   uuid.UUID
	last      uuid.UUID   // the command that was asked for last
	header    http.Header // of the reply
	keyed     bool
	body      []byte
	ordinal   uint64
	asked     int
	rule      string
	until     uint64              // the frame as of which the world is asked for; zero: the newest
	rehearsal *commands.Rehearsal // nil: what is asked for is done
}

type requestKey struct{}

func of(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	panic("api: called outside of a request")
}

// From returns the caller of a request.
func From(ctx context.Context) Who { return of(ctx).who }

// World returns the world that the request is served from: one instant, however
// often it is asked for.
func World(ctx context.Context) *projections.World { return of(ctx).world }

// RequestID is the id that every reply carries.
func RequestID(ctx context.Context) string { return of(ctx).id }

// Body returns the body of a request as it was sent, where it isn't streamed.
func Body(ctx context.Context) []byte { return of(ctx).body }

// HTTP returns the request itself, for what no input struct can say: streamed
// bodies, filters by any attribute.
func HTTP(ctx context.Context) *http.Request { return of(ctx).http }

// NewID makes the next id of this request. A request repeated under one
// idempotency key makes the same ids in the same order.
func NewID(ctx context.Context) string {
	r := of(ctx)
	r.ordinal++
	return uuid.NewSHA1(r.command, []byte("id/"+strconv.FormatUint(r.ordinal, 10))).String()
}

// NewHexID is NewID without dashes, as the identity service has it.
func NewHexID(ctx context.Context) string { return strings.ReplaceAll(NewID(ctx), "-", "") }

// CommandHeader names each command that a call asked for, in this order: what
// became of it can be read at /v1/commands/{id}. It stands in the replies of calls
// that were refused, too, and that of who asks again under an idempotency key is
// the same.
const CommandHeader = "X-Skylog-Command-Id"

// Ask is do as operations use it: when one request asks more than once, each
// batch after the first gets a command id of its own. The reply names them.
func Ask(do commands.Do[*projections.World]) commands.Do[*projections.World] {
	return func(ctx context.Context, cs ...commands.Command) (*projections.World, error) {
		if r, ok := ctx.Value(requestKey{}).(*request); ok {
			if r.asked++; r.asked > 1 {
				r.last = uuid.NewSHA1(r.command, []byte("batch/"+strconv.Itoa(r.asked)))
				caller := commands.From(ctx)
				caller.CommandID = r.last.String()
				ctx = commands.With(ctx, caller)
			}
			if r.rehearsal == nil { // else there is no such command
				r.header.Add(CommandHeader, r.last.String())
			}
		}
		return do(ctx, cs...)
	}
}

// Target is what a caller wants to act on, as far as policy cares.
type Target struct {
	ProjectID, UserID, DomainID string
	// Attrs are further attributes that rules speak of, such as "target.user.id"
	// or "network:tenant_id".
	Attrs map[string]string
	// Missing is the answer to who may not know that the target exists; nil: a
	// plain 404 if it is another project's, else 403.
	Missing error
}

func (t Target) lookup(name string) (string, bool) {
	if v, ok := t.Attrs[name]; ok {
		return v, true
	}
	switch name {
	case "project_id", "tenant_id", "target.project.id", "target.project_id":
		return t.ProjectID, t.ProjectID != ""
	case "user_id", "target.user.id", "target.user_id":
		return t.UserID, t.UserID != ""
	case "domain_id", "target.domain_id", "target.domain.id":
		return t.DomainID, t.DomainID != ""
	}
	return "", false
}

// Allow asks the rule of the operation, or of the action in its body, whether
// the caller may do this to the target.
func Allow(ctx context.Context, t Target) error { return AllowRule(ctx, of(ctx).rule, t) }

// AllowRule asks another rule than the operation's own.
func AllowRule(ctx context.Context, rule string, t Target) error {
	r := of(ctx)
	if Can(ctx, rule, t) {
		return nil
	}
	if foreign := t.ProjectID != "" && t.ProjectID != r.who.ProjectID; foreign {
		if t.Missing != nil {
			return t.Missing
		}
		return commands.Refuse(commands.NotFound, "The resource could not be found.")
	}
	return forbidden(rule)
}

// Can says whether a rule lets the caller do something to the target: for what
// is shown or left out depending on it.
func Can(ctx context.Context, rule string, t Target) bool {
	r := of(ctx)
	return r.gateway.policy.Allows(rule, credentials(&r.who), t.lookup)
}

func forbidden(rule string) error {
	return commands.RefuseAs(commands.Forbidden, "PolicyNotAuthorized", "Policy doesn't allow %s to be performed.", rule)
}

func credentials(w *Who) *policy.Credentials {
	return &policy.Credentials{
		UserID: w.UserID, ProjectID: w.ProjectID, DomainID: w.DomainID, System: w.System,
		UserDomainID: w.UserDomainID, ProjectDomainID: w.ProjectDomainID, Roles: w.Roles, ServiceRoles: w.ServiceRoles,
	}
}

// mayEver says whether there is a target at all for which the operation's rule
// lets the caller pass: what is denied anyway never reaches the operation.
func (r *request) mayEver(rule string) bool {
	own := Target{ProjectID: r.who.ProjectID, UserID: r.who.UserID, DomainID: r.who.DomainID}
	return r.gateway.policy.MayAllow(rule, credentials(&r.who), own.lookup)
}

// Sent says whether the body has a member, as opposed to its zero value. The
// path is that of objects within objects.
func Sent(ctx context.Context, path ...string) bool {
	var v any
	if json.Unmarshal(of(ctx).body, &v) != nil {
		return false
	}
	for _, name := range path {
		object, _ := v.(map[string]any)
		inner, ok := object[name]
		if !ok {
			return false
		}
		v = inner
	}
	return true
}
