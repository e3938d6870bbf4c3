package api

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// Items is a list in a body whose items are made one by one while it is written,
// so that a long page isn't in memory twice. What it yields may be used again for
// the next one. The microversion's shape is that of a slice.
type Items[T any] func(yield func(*T) bool)

// items is what is asked of Items of any type.
type items interface {
	item() reflect.Type
	encode(b []byte, item encoder) ([]byte, error)
}

func (Items[T]) item() reflect.Type { return reflect.TypeFor[T]() }

func (all Items[T]) encode(b []byte, item encoder) (_ []byte, err error) {
	b = append(b, '[')
	first := true
	if all == nil {
		return append(b, ']'), nil
	}
	for one := range all {
		if !first {
			b = append(b, ',')
		}
		first = false
		if b, err = item(b, reflect.ValueOf(one).Elem()); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// Schema is that of a list.
func (Items[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[[]T]())
}
