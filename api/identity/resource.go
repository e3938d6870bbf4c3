package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	view "skylog/projections/identity"
)

// keyed is a wire struct that knows under which key it stands in a body, alone and in a list.
type keyed interface{ keys() (one, all string) }

func keyOne[T keyed]() string {
	var t T
	one, _ := t.keys()
	return one
}

func keyAll[T keyed]() string {
	var t T
	_, all := t.keys()
	return all
}

// only is a body with one thing: {"role": {…}}.
type only[T keyed] struct{ with[T] }

// UnmarshalJSON takes the thing from under its key.
func (o *only[T]) UnmarshalJSON(data []byte) error {
	var body map[string]json.RawMessage
	if err := json.Unmarshal(data, &body); err != nil {
		return err
	}
	return o.with.UnmarshalJSON(body[keyOne[T]()])
}

// MarshalJSON puts the thing under its key.
func (o only[T]) MarshalJSON() ([]byte, error) {
	inner, err := o.with.MarshalJSON()
	return fmt.Appendf(nil, `{%q:%s}`, keyOne[T](), inner), err
}

// Schema is how huma asks what may be sent.
func (o only[T]) Schema(r huma.Registry) *huma.Schema {
	key := keyOne[T]()
	s := &huma.Schema{Type: huma.TypeObject, Required: []string{key}, AdditionalProperties: true,
		Properties: map[string]*huma.Schema{key: o.with.Schema(r)}}
	s.PrecomputeMessages()
	return s
}

// list is a body with many things: {"roles": […], "links": {…}}.
type list[T keyed] struct {
	Items []with[T]
	Links api.Links
}

// MarshalJSON puts the things under their key.
func (l list[T]) MarshalJSON() ([]byte, error) {
	b := fmt.Appendf(nil, `{%q:[`, keyAll[T]())
	for i, item := range l.Items {
		if i > 0 {
			b = append(b, ',')
		}
		text, err := item.MarshalJSON()
		if err != nil {
			return nil, err
		}
		b = append(b, text...)
	}
	links, err := json.Marshal(l.Links)
	return fmt.Appendf(b, `],"links":%s}`, links), err
}

// Schema is what the document says of it.
func (l list[T]) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{
		keyAll[T](): {Type: huma.TypeArray, Items: with[T]{}.Schema(r)}, "links": huma.SchemaFromType(r, reflect.TypeFor[api.Links]())}}
}

type (
	oneIn[T keyed]   struct{ Body only[T] }
	patchIn[T keyed] struct {
		ByID
		Body only[T]
	}
	oneOut[T keyed]  struct{ Body only[T] }
	listOut[T keyed] struct{ Body list[T] }
	// Everything is the input of a list that is filtered by what its things say.
	Everything struct{ api.Paging }
)

// wish is what a caller wants made: under which id, by which command, and what rules may ask of it.
type wish struct {
	id    string
	do    []commands.Command
	attrs map[string]string
}

// resource is how the edge makes, shows, lists, changes and deletes one sort of thing, which is
// always the same but for what stands here. S is a row, C and P what is sent to make and to
// change one, W what is shown.
type resource[S any, C, P, W keyed] struct {
	*Service
	path string // "/roles"; the things' ids follow
	name string // of its rules: "role"
	what string // in words: "role"
	get  func(t *view.Tables, id string) (S, bool)
	// attrs is what rules may ask of a row; nil: nothing.
	attrs func(S) map[string]string
	// may refuses what rules can't say; nil: nothing.
	may    func(context.Context, S) error
	show   func(context.Context, S) with[W]
	make   func(context.Context, *with[C]) (wish, error)
	change func(context.Context, S, *with[P]) (commands.Command, error)
	delete func(S) commands.Command
	// all goes through the rows behind a marker, those that the caller's filters allow by an
	// index; nil: there is no list. listed is what the rule may ask; nil: nothing.
	all    func(context.Context, *view.Tables, string) iter.Seq[S]
	listed func(context.Context) map[string]string
	id     func(*S) string
	plural string // of the list's rule; empty: name + "s"
}

// mount mounts what the resource has functions for; reads are further traits of those that show it.
func (r resource[S, C, P, W]) mount(a huma.API, reads ...api.Option) {
	rule := "identity:"
	if r.make != nil {
		api.Handle(a, "POST "+r.path, rule+"create_"+r.name, http.StatusCreated, r.post)
	}
	if r.all != nil {
		plural := r.plural
		if plural == "" {
			plural = r.name + "s"
		}
		api.Handle(a, "GET "+r.path, rule+"list_"+plural, http.StatusOK, r.list, reads...)
	}
	api.Handle(a, "GET "+r.path+"/{id}", rule+"get_"+r.name, http.StatusOK, r.one, reads...)
	if r.change != nil {
		api.Handle(a, "PATCH "+r.path+"/{id}", rule+"update_"+r.name, http.StatusOK, r.patch)
	}
	if r.delete != nil {
		api.Handle(a, "DELETE "+r.path+"/{id}", rule+"delete_"+r.name, http.StatusNoContent, r.remove)
	}
}

// find finds a row and asks whether the caller may do this to it.
func (r resource[S, C, P, W]) find(ctx context.Context, id string) (S, error) {
	s, ok := r.get(&api.World(ctx).Identity, id)
	var attrs map[string]string
	if r.attrs != nil {
		attrs = r.attrs(s)
	}
	if err := allow(ctx, attrs); err != nil {
		return s, err
	}
	if !ok {
		return s, missing(r.what, id)
	}
	if r.may != nil {
		return s, r.may(ctx, s)
	}
	return s, nil
}

func (r resource[S, C, P, W]) shown(ctx context.Context, s S) *oneOut[W] {
	return &oneOut[W]{only[W]{r.show(ctx, s)}}
}

func (r resource[S, C, P, W]) post(ctx context.Context, in *oneIn[C]) (*oneOut[W], error) {
	want, err := r.make(ctx, &in.Body.with)
	if ruled := allow(ctx, want.attrs); ruled != nil { // who may not, isn't told what else is wrong
		return nil, ruled
	}
	if err != nil {
		return nil, err
	}
	w, err := r.Do(ctx, want.do...)
	if err != nil {
		return nil, err
	}
	s, _ := r.get(&w.Identity, want.id)
	return r.shown(ctx, s), nil
}

func (r resource[S, C, P, W]) one(ctx context.Context, in *ByID) (*oneOut[W], error) {
	s, err := r.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return r.shown(ctx, s), nil
}

func (r resource[S, C, P, W]) patch(ctx context.Context, in *patchIn[P]) (*oneOut[W], error) {
	s, err := r.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	c, err := r.change(ctx, s, &in.Body.with)
	if err != nil {
		return nil, err
	}
	w, err := r.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	s, _ = r.get(&w.Identity, in.ID)
	return r.shown(ctx, s), nil
}

func (r resource[S, C, P, W]) remove(ctx context.Context, in *ByID) (*api.Empty, error) {
	s, err := r.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return done(r.Do(ctx, r.delete(s)))
}

func (r resource[S, C, P, W]) list(ctx context.Context, in *Everything) (*listOut[W], error) {
	var attrs map[string]string
	if r.listed != nil {
		attrs = r.listed(ctx)
	}
	if err := allow(ctx, attrs); err != nil {
		return nil, err
	}
	out := &listOut[W]{}
	var err error
	all := r.all(ctx, &api.World(ctx).Identity, in.Marker)
	out.Body.Items, out.Body.Links, err = page(ctx, in.Paging, all, r.id, r.show)
	return out, err
}

// comparisons are the inexact ones by which a list may be filtered, as name__icontains.
var comparisons = map[string]func(value, want string) bool{
	"contains": strings.Contains, "startswith": strings.HasPrefix, "endswith": strings.HasSuffix,
	"equals": func(value, want string) bool { return value == want },
}

// filters reads the caller's filters on these attributes: equal to one, or alike in one of the
// ways that the parameter's name ends with. What it returns takes the attributes in that order.
// Inexact filters have no index: they look at every row that the exact ones leave.
func filters(ctx context.Context, names ...string) func(values ...string) bool {
	var conditions []func(values []string) bool
	query := api.Query(ctx)
	for i, name := range names {
		if want := query.Get(name); want != "" {
			conditions = append(conditions, func(values []string) bool { return values[i] == want })
		}
		for how, holds := range comparisons {
			if want := query.Get(name + "__" + how); want != "" {
				conditions = append(conditions, func(values []string) bool { return holds(values[i], want) })
			}
			if want := strings.ToLower(query.Get(name + "__i" + how)); want != "" {
				conditions = append(conditions, func(values []string) bool { return holds(strings.ToLower(values[i]), want) })
			}
		}
	}
	return func(values ...string) bool {
		for _, holds := range conditions {
			if !holds(values) {
				return false
			}
		}
		return true
	}
}
