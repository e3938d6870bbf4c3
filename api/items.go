package api

import (
	"bytes"
	"fmt"
	"reflect"
	"runtime"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// Items is a list in a body whose items are made one by one while it is written,
// so that a long page isn't in memory twice. It comes in parts that may be made
// side by side. What a part yields may be used again for its next item.
type Items[T any] []func(yield func(*T) bool)

// partLength is how many items make it worth while to have a part of their own.
const partLength = 200

// PartsOf cuts what a page is made of into parts for as many processors as there
// are, each made into items by its own make.
func PartsOf[S, T any](page []S, part func([]S) func(yield func(*T) bool)) Items[T] {
	n := min(runtime.GOMAXPROCS(0), max(1, len(page)/partLength))
	all := make(Items[T], n)
	for i := range n {
		all[i] = part(page[i*len(page)/n : (i+1)*len(page)/n])
	}
	return all
}

// items is what is asked of Items of any type.
type items interface {
	item() reflect.Type
	encode(b []byte, item encoder) ([]byte, error)
}

func (Items[T]) item() reflect.Type { return reflect.TypeFor[T]() }

func (all Items[T]) encode(b []byte, item encoder) (_ []byte, err error) {
	b = append(b, '[')
	begin := len(b)
	var others sync.WaitGroup
	rooms, errs := make([]*bytes.Buffer, len(all)), make([]error, len(all))
	for i := 1; i < len(all); i++ {
		rooms[i] = bodies.Get().(*bytes.Buffer)
		others.Go(func() {
			defer func() {
				if p := recover(); p != nil { // as the request itself would be told
					errs[i] = fmt.Errorf("a part of a page: panic: %v", p)
				}
			}()
			var made []byte
			made, errs[i] = encodePart(rooms[i].AvailableBuffer(), all[i], item)
			rooms[i].Write(made)
		})
	}
	if len(all) > 0 {
		b, err = encodePart(b, all[0], item)
	}
	others.Wait()
	for i := 1; i < len(all); i++ {
		if made := rooms[i].Bytes(); err == nil && errs[i] == nil && len(made) > 0 {
			if len(b) > begin {
				b = append(b, ',')
			}
			b = append(b, made...)
		}
		giveBack(rooms[i])
		if err == nil {
			err = errs[i]
		}
	}
	return append(b, ']'), err
}

// encodePart appends items with commas between them.
func encodePart[T any](b []byte, part func(yield func(*T) bool), item encoder) (_ []byte, err error) {
	first := true
	for one := range part {
		if !first {
			b = append(b, ',')
		}
		first = false
		if b, err = item(b, reflect.ValueOf(one).Elem()); err != nil {
			return b, err
		}
	}
	return b, nil
}

// Schema is that of a list.
func (Items[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[[]T]())
}
