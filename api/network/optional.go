package network

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// optional is an attribute of which it matters whether it was sent, and whether
// as null: no gateway is not the same as no word of one.
type optional[T any] struct {
	Sent, Null bool
	Value      T
}

// UnmarshalJSON reads the attribute. It is called for null too.
func (o *optional[T]) UnmarshalJSON(b []byte) error {
	o.Sent, o.Null = true, bytes.Equal(b, []byte("null"))
	return json.Unmarshal(b, &o.Value)
}

// Schema is the attribute's own, or null.
func (o optional[T]) Schema(r huma.Registry) *huma.Schema {
	s := *huma.SchemaFromType(r, reflect.TypeFor[T]())
	s.Nullable = true
	return &s
}

// or is the value sent, or another where none was.
func (o optional[T]) or(other T) T {
	if o.Sent && !o.Null {
		return o.Value
	}
	return other
}
