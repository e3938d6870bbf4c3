package api

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Open is the rule of operations that anybody may call without a token.
const Open = "open"

// Authenticated is the rule of operations that anybody with a good token may
// call, and which ask for what they show.
const Authenticated = "authenticated"

// Operation is one mounted call.
type Operation struct {
	Service, Method, Path, Rule string
	// Actions are the operations behind one path by the key of their body; each
	// has its own rule.
	Actions []Action
	// Versions are those from which on something is another than before in what is
	// sent or answered, as far as that has types; the first one a service has is left out.
	Versions []Version
	// Status is that of success, where the operation chooses no other.
	Status int

	history *history
	query   bool // the input has query parameters that not all microversions have
	stream  bool
	present bool // see PresentOnly
	span    span // the microversions that have the operation

	unrehearsed bool // see Unrehearsed
}

// Action is one of the operations behind an action path.
type Action struct {
	Name, Rule string
	Versions   []Version // as an operation's
}

const operationKey = "skylog.operation"

// Empty is the output of an operation that shows nothing.
type Empty struct{ Status int }

// Option is a rarely needed trait of an operation.
type Option func(*Operation, *huma.Operation)

// Stream leaves the body unread: the operation reads HTTP(ctx).Body itself, and
// bounds it.
func Stream(o *Operation, _ *huma.Operation) { o.stream = true }

// Between mounts an operation for the microversions from since to until only,
// both included; either may be empty. Before and after it is a 404.
func Between(since, until string) Option {
	return func(o *Operation, _ *huma.Operation) { o.span, _ = spanOf(since, until) }
}

// Summary says in the document what the operation is for.
func Summary(text string) Option {
	return func(_ *Operation, op *huma.Operation) { op.Summary = text }
}

// Handle mounts an operation: "POST /os-keypairs" with the policy rule that is
// asked with the caller before anything is read, and again by Allow with the
// target. Input and output are huma's structs; what fn returns as an error
// becomes a fault in the service's dialect.
func Handle[I, O any](a huma.API, operation, rule string, status int, fn func(context.Context, *I) (*O, error), options ...Option) {
	m, ok := a.(*mount)
	if !ok {
		panic("api: Handle wants the API that Mount was given")
	}
	method, path, _ := strings.Cut(operation, " ")
	o := &Operation{Service: m.service.Name, Method: method, Path: path, Rule: rule, Status: status}
	op := huma.Operation{
		OperationID: m.service.Name + ":" + method + path, Method: method, Path: path, DefaultStatus: status,
		Tags: []string{m.service.Name}, Metadata: map[string]any{operationKey: o}, MaxBodyBytes: -1, BodyReadTimeout: -1,
		Extensions: map[string]any{"x-policy": rule},
	}
	if _, raw := reflect.TypeFor[I]().FieldByName("RawBody"); raw {
		op.SkipValidateBody = true // its schema is that of bytes; who takes it raw checks it
	}
	for _, option := range options {
		option(o, &op)
	}
	m.gateway.register(m, o)
	o.learn(reflect.TypeFor[I]())
	o.Versions = changesOf(o.span, reflect.TypeFor[I](), reflect.TypeFor[O]())
	if body, ok := reflect.TypeFor[O]().FieldByName("Body"); ok && body.Type.Kind() != reflect.Func {
		encoderOf(body.Type, Version{}) // panics now rather than at the first request
	}
	chosen, choice := reflect.TypeFor[O]().FieldByName("Status")
	choice = choice && chosen.Type.Kind() == reflect.Int
	huma.Register(m, op, func(ctx context.Context, in *I) (*O, error) {
		r := of(ctx)
		if o.query {
			forget(reflect.ValueOf(in).Elem(), r.version)
		}
		out, err := fn(ctx, in)
		if err != nil {
			return nil, r.fault(err)
		}
		if choice && out != nil {
			if f := reflect.ValueOf(out).Elem().FieldByIndex(chosen.Index); f.IsZero() {
				f.SetInt(int64(status)) // what chose no status has that of the mount
			}
		}
		return out, nil
	})
}

// learn finds what of the input depends on the microversion.
func (o *Operation) learn(in reflect.Type) {
	if body, ok := in.FieldByName("Body"); ok {
		o.history = historyOf(body.Type)
	}
	for _, f := range reflect.VisibleFields(in) {
		if _, tagged := spanOf(f.Tag.Get("since"), f.Tag.Get("until")); tagged && f.Tag.Get("query") != "" {
			o.query = true
		}
	}
}

// register adds an operation to those that are mounted.
func (g *Gateway) register(m *mount, o *Operation) {
	g.know(m, o.Method+" "+o.Path, o.Rule)
	g.operations = append(g.operations, o)
}

// know refuses operations without a rule, and rules that no service has.
func (g *Gateway) know(m *mount, operation, rule string) {
	if rule != Open && rule != Authenticated && !g.policy.Has(rule) {
		panic(fmt.Sprintf("api: %s of %s has the policy rule %q, which no service knows", operation, m.service.Name, rule))
	}
}

// Operations are all mounted operations.
func (g *Gateway) Operations() []Operation {
	out := make([]Operation, 0, len(g.operations))
	for _, o := range g.operations {
		c := *o
		s := g.byName[o.Service].service
		c.Path = s.Root + s.Prefix + o.Path
		out = append(out, c)
	}
	return out
}

// Respond is the output of operations that choose status, headers and body
// themselves; Body may be nil.
type Respond struct {
	Status   int
	Location string `header:"Location"`
	Body     any
}
