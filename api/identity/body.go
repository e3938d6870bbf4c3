package identity

import (
	"context"
	"encoding/json"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
)

// with is a body's object of attributes that the service knows, T, and whatever
// else was sent: Keystone files and shows such attributes.
type with[T any] struct {
	Known T
	// Extra is a JSON object in its text form; empty: there are none.
	Extra string
	nulls []string // the known ones that were sent as null
}

// null says whether an attribute was sent as null, which takes it away.
func (w *with[T]) null(name string) bool { return slices.Contains(w.nulls, name) }

// reserved are attributes that are never filed as extra: the service makes or
// shows them itself somewhere.
var reserved = []string{"id", "links", "enabled", "options", "tags", "domain_id", "parent_id", "is_domain", "password",
	"original_password", "password_expires_at", "default_project_id", "type", "interface", "region", "region_id", "parent_region_id",
	"service_id", "url", "domain", "federated"}

func namesOf(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// UnmarshalJSON takes what is known apart from what isn't.
func (w *with[T]) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &w.Known); err != nil {
		return err
	}
	rest := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &rest); err != nil {
		return err
	}
	for _, name := range namesOf(reflect.TypeFor[T]()) {
		if string(rest[name]) == "null" {
			w.nulls = append(w.nulls, name)
		}
		delete(rest, name)
	}
	maps.DeleteFunc(rest, func(name string, _ json.RawMessage) bool { return slices.Contains(reserved, name) })
	if len(rest) == 0 {
		return nil
	}
	text, err := json.Marshal(rest)
	w.Extra = string(text)
	return err
}

// MarshalJSON puts the extra attributes behind the known ones.
func (w with[T]) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(w.Known)
	if err != nil || w.Extra == "" {
		return text, err
	}
	return append(append(text[:len(text)-1], ','), w.Extra[1:]...), nil
}

// Schema is T's, open to other attributes, and to null for known ones.
func (w with[T]) Schema(r huma.Registry) *huma.Schema {
	s := *huma.SchemaFromType(r, reflect.TypeFor[T]())
	properties := make(map[string]*huma.Schema, len(s.Properties))
	for name, p := range s.Properties {
		c := *p
		c.Nullable = c.Ref == "" && !slices.Contains(s.Required, name)
		properties[name] = &c
	}
	s.Properties, s.AdditionalProperties = properties, true
	return &s
}

// self is the links object of every entity.
type self struct {
	Self string `json:"self"`
}

func link(ctx context.Context, path ...string) self {
	return self{Self: api.Root(ctx) + "/" + strings.Join(path, "/")}
}

// options are an entity's; immutable is the one of projects, domains and roles.
type options struct {
	Immutable *bool `json:"immutable,omitempty"`
}

func shownOptions(immutable bool) options {
	if !immutable {
		return options{}
	}
	return options{Immutable: &immutable}
}

func (o *options) immutable() *bool {
	if o == nil {
		return nil
	}
	return o.Immutable
}

// yes is what a flag says that is true unless it is sent as false.
func yes(flag *bool) bool { return flag == nil || *flag }

// value is what a pointer points to, or nothing.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// orNull is a text to show, null where it is empty.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// cleared is a change of a text that null empties.
func cleared[T any](w *with[T], name string, change *string) *string {
	if w.null(name) {
		return new(string)
	}
	return change
}

func missing(what, id string) error {
	return commands.Refuse(commands.NotFound, "Could not find %s: %.100s.", what, id)
}

// allow asks the operation's rule. Who may not know of a thing gets a 403
// whether it is there or not: a caller asks for the target first, and what isn't
// there has none of the attributes that rules ask for.
func allow(ctx context.Context, attrs map[string]string) error {
	return api.Allow(ctx, api.Target{Attrs: attrs})
}

// rows makes a sequence of rows out of one with keys.
func rows[K, S any](all iter.Seq2[K, S]) iter.Seq[S] {
	return func(yield func(S) bool) {
		for _, s := range all {
			if !yield(s) {
				return
			}
		}
	}
}

// where keeps the rows that a filter lets through.
func where[S any](all iter.Seq[S], keep func(*S) bool) iter.Seq[S] {
	return func(yield func(S) bool) {
		for s := range all {
			if keep(&s) && !yield(s) {
				return
			}
		}
	}
}

// after skips the rows up to the marker, where the sequence doesn't begin behind it.
func after[S any](all iter.Seq[S], marker string, id func(*S) string) iter.Seq[S] {
	if marker == "" {
		return all
	}
	return func(yield func(S) bool) {
		behind := false
		for s := range all {
			if behind && !yield(s) {
				return
			}
			behind = behind || id(&s) == marker
		}
	}
}

// unlimited is how many items a list has for which no limit was asked: clients
// of this service take the first page for the whole list.
const unlimited = 10_000

// page takes the part of a list that was asked for and shows it.
func page[S, W any](ctx context.Context, p api.Paging, all iter.Seq[S], id func(*S) string, show func(context.Context, S) W) ([]W, api.Links, error) {
	size, err := p.Size(ctx)
	if err != nil {
		return nil, api.Links{}, err
	}
	if p.Limit == "" {
		size = unlimited
	}
	found, more := api.Take(all, size)
	shown := make([]W, len(found))
	last := ""
	for i := range found {
		shown[i], last = show(ctx, found[i]), id(&found[i])
	}
	return shown, api.LinksOf(ctx, more && size > 0, last), nil
}

// flag reads a boolean query parameter as Keystone does: there, and not one of
// the ways to say no, is yes.
func flag(ctx context.Context, name string) bool {
	values, ok := api.Query(ctx)[name]
	return ok && !slices.Contains([]string{"0", "false", "False", "FALSE", "no", "off"}, values[0])
}

// enabledAs says whether the filter ?enabled= lets a thing through.
func enabledAs(ctx context.Context, enabled bool) bool {
	return !api.Query(ctx).Has("enabled") || flag(ctx, "enabled") == enabled
}
