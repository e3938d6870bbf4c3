package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// maxDepth is how deep the JSON of a request may be nested. The deepest that
// OpenStack's own requests go is some ten levels, templates excepted.
const maxDepth = 64

// tooDeep says whether JSON is nested deeper than maxDepth, without decoding it.
func tooDeep(body []byte) bool {
	depth, text := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// history is where in a request body fields are that not every microversion has.
type history struct {
	fields map[string]historyField
	elem   *history // of a list's or a map's members
}

type historyField struct {
	span
	tagged bool
	inside *history
}

// historyOf is nil for a type without such fields.
func historyOf(t reflect.Type, seen ...reflect.Type) *history {
	switch t.Kind() {
	case reflect.Pointer:
		return historyOf(t.Elem(), seen...)
	case reflect.Slice, reflect.Map:
		if elem := historyOf(t.Elem(), seen...); elem != nil {
			return &history{elem: elem}
		}
		return nil
	case reflect.Struct:
	default:
		return nil
	}
	if slices.Contains(seen, t) {
		return nil
	}
	h := &history{fields: map[string]historyField{}}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		inside := historyOf(f.Type, append(seen, t)...)
		if f.Anonymous && name == "" {
			if inside != nil {
				for n, field := range inside.fields {
					h.fields[n] = field
				}
			}
			continue
		}
		s, tagged := spanOf(f.Tag.Get("since"), f.Tag.Get("until"))
		if tagged || inside != nil {
			h.fields[name] = historyField{s, tagged, inside}
		}
	}
	if len(h.fields) == 0 {
		return nil
	}
	return h
}

// unknown names a key that the body has and the microversion hasn't.
func (h *history) unknown(v any, at Version) (string, bool) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			if h.elem != nil {
				if name, found := h.elem.unknown(one, at); found {
					return name, true
				}
			}
		}
	case map[string]any:
		for name, one := range v {
			inside := h.elem
			if f, ok := h.fields[name]; ok {
				if !f.holds(at) {
					return name, true
				}
				inside = f.inside
			}
			if inside != nil {
				if name, found := inside.unknown(one, at); found {
					return name, true
				}
			}
		}
	}
	return "", false
}

// suits says whether a body has only what the microversion has.
func (h *history) suits(body []byte, at Version) error {
	if h == nil || len(body) == 0 || at == (Version{}) {
		return nil
	}
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil // huma says it better
	}
	if name, found := h.unknown(v, at); found {
		return Fail(http.StatusBadRequest, "Additional properties are not allowed ('%.100s' was unexpected)", name)
	}
	return nil
}

// forget empties the query parameters that the microversion doesn't have.
func forget(v reflect.Value, at Version) {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			forget(v.Field(i), at)
		}
		if f.Tag.Get("query") == "" {
			continue
		}
		if s, tagged := spanOf(f.Tag.Get("since"), f.Tag.Get("until")); tagged && !s.holds(at) {
			v.Field(i).SetZero()
		}
	}
}

// unmarshal reads a request body of one of JSON's media types.
func unmarshal(contentType string, data []byte, v any) error {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	if kind != "" && kind != "application/json" && !strings.HasSuffix(kind, "-json-patch") && !strings.HasSuffix(kind, "+json") {
		return fmt.Errorf("%w: %.60s", huma.ErrUnknownContentType, kind)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("malformed JSON: %w", err)
	}
	return nil
}
