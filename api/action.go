package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// Actions are the operations behind one path which the only key of the body
// tells apart, as in POST /servers/{id}/action with {"os-start": null}.
type Actions struct {
	m         *mount
	operation *Operation
	named     map[string]*action
	document  *huma.Schema
}

type action struct {
	rule    string
	span    span
	history *history
	schema  *huma.Schema // nil: whatever was sent is taken
	call    func(ctx context.Context, id string, data []byte) (*Respond, error)
}

type actionIn struct {
	ID      string `path:"id" maxLength:"255"`
	RawBody []byte `contentType:"application/json"`
}

// NewActions mounts an action path; its parameter must be named id.
func NewActions(a huma.API, path string) *Actions {
	s := &Actions{m: a.(*mount), named: map[string]*action{}, document: &huma.Schema{}}
	Handle(a, "POST "+path, Authenticated, http.StatusAccepted, s.do, func(o *Operation, op *huma.Operation) {
		s.operation, op.SkipValidateBody = o, true
	})
	s.m.OpenAPI().Paths[path].Post.RequestBody.Content["application/json"].Schema = s.document
	return s
}

// On adds an action with its policy rule. The output's status is 202 unless fn
// sets another. Versions may be an option Between.
func On[I any](s *Actions, name, rule string, fn func(ctx context.Context, id string, in *I) (*Respond, error), options ...Option) {
	t := reflect.TypeFor[I]()
	a := &action{rule: rule, history: historyOf(t), call: func(ctx context.Context, id string, data []byte) (*Respond, error) {
		in := new(I)
		if err := json.Unmarshal(data, in); err != nil && t.NumField() > 0 {
			return nil, Fail(http.StatusBadRequest, "The body of %s is malformed.", name)
		}
		return fn(ctx, id, in)
	}}
	schema := &huma.Schema{}
	if t.Kind() != reflect.Struct || t.NumField() > 0 {
		schema = s.m.OpenAPI().Components.Schemas.Schema(t, true, name)
		a.schema = schema
	}
	var probe Operation
	for _, option := range options {
		option(&probe, &huma.Operation{})
	}
	a.span = probe.span
	s.named[name] = a
	s.operation.Actions = append(s.operation.Actions, Action{Name: name, Rule: rule, Versions: changesOf(a.span, t)})
	s.m.gateway.know(s.m, s.operation.Method+" "+s.operation.Path, rule)
	s.document.OneOf = append(s.document.OneOf, &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{name: schema},
		Required: []string{name}, AdditionalProperties: false, Extensions: map[string]any{"x-policy": rule}})
}

func (s *Actions) do(ctx context.Context, in *actionIn) (*Respond, error) {
	var body map[string]json.RawMessage
	if json.Unmarshal(in.RawBody, &body) != nil || len(body) == 0 {
		return nil, Fail(http.StatusBadRequest, "Malformed request body")
	}
	if len(body) > 1 {
		return nil, Fail(http.StatusBadRequest, "The body must name exactly one action.")
	}
	for name, data := range body {
		a, ok := s.named[name]
		r := of(ctx)
		if !ok || !a.span.holds(r.version) {
			return nil, Fail(http.StatusBadRequest, "There is no such action: %.100s", name)
		}
		r.rule = a.rule
		if !r.mayEver(a.rule) {
			return nil, forbidden(a.rule)
		}
		if err := s.check(a, data, r.version); err != nil {
			return nil, err
		}
		out, err := a.call(ctx, in.ID, data)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = &Respond{}
		}
		if out.Status == 0 {
			out.Status = http.StatusAccepted
		}
		return out, nil
	}
	return nil, nil
}

// check validates the body of one action against its schema.
func (s *Actions) check(a *action, data []byte, at Version) error {
	if err := a.history.suits(data, at); err != nil || a.schema == nil {
		return err
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return Fail(http.StatusBadRequest, "Malformed request body")
	}
	path, result := huma.NewPathBuffer(make([]byte, 0, 64), 0), &huma.ValidateResult{}
	path.Push("body")
	huma.Validate(s.m.OpenAPI().Components.Schemas, a.schema, path, huma.ModeWriteToServer, v, result)
	for _, err := range result.Errors {
		if d, ok := err.(huma.ErrorDetailer); ok {
			return Fail(http.StatusBadRequest, "%s", complaint(d.ErrorDetail()))
		}
	}
	return nil
}
