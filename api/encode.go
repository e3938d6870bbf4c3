package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// encode appends v as JSON in the shape it has at a microversion: fields whose
// since and until tags don't hold then are left out. Lists that are nil are [],
// objects {}; a pointer that is nil is null, as is the zero time.
func encode(b []byte, v any, at Version) ([]byte, error) {
	if v == nil {
		return append(b, "null"...), nil
	}
	rv := reflect.ValueOf(v)
	return encoderOf(rv.Type(), at)(b, rv)
}

// An encoder appends one value. They are made once for each type and version.
type encoder func(b []byte, v reflect.Value) ([]byte, error)

type encoderKey struct {
	reflect.Type
	Version
}

var encoders sync.Map // of encoder by encoderKey: as many as wire types times versions

func encoderOf(t reflect.Type, at Version) encoder {
	key := encoderKey{t, at}
	if e, ok := encoders.Load(key); ok {
		return e.(encoder)
	}
	// A type may hold itself: what asks for it meanwhile gets one that waits.
	var wait sync.WaitGroup
	var made encoder
	wait.Add(1)
	other, loaded := encoders.LoadOrStore(key, encoder(func(b []byte, v reflect.Value) ([]byte, error) {
		wait.Wait()
		return made(b, v)
	}))
	if loaded {
		return other.(encoder)
	}
	made = newEncoder(t, at)
	wait.Done()
	encoders.Store(key, made)
	return made
}

var (
	marshalerType = reflect.TypeFor[json.Marshaler]()
	timeType      = reflect.TypeFor[time.Time]()
	itemsType     = reflect.TypeFor[items]()
)

func newEncoder(t reflect.Type, at Version) encoder {
	switch {
	case t == timeType:
		return timeEncoder(seconds)
	case t == chosenType:
		return chosenEncoder(at)
	case t.Implements(itemsType):
		elem := encoderOf(reflect.Zero(t).Interface().(items).item(), at)
		return func(b []byte, v reflect.Value) ([]byte, error) { return v.Interface().(items).encode(b, elem) }
	case t.Implements(marshalerType):
		return func(b []byte, v reflect.Value) ([]byte, error) {
			if k := v.Kind(); (k == reflect.Pointer || k == reflect.Interface) && v.IsNil() {
				return append(b, "null"...), nil
			}
			text, err := v.Interface().(json.Marshaler).MarshalJSON()
			return append(b, text...), err
		}
	}
	switch t.Kind() {
	case reflect.String:
		return func(b []byte, v reflect.Value) ([]byte, error) { return quote(b, v.String()), nil }
	case reflect.Bool:
		return func(b []byte, v reflect.Value) ([]byte, error) { return strconv.AppendBool(b, v.Bool()), nil }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(b []byte, v reflect.Value) ([]byte, error) { return strconv.AppendInt(b, v.Int(), 10), nil }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(b []byte, v reflect.Value) ([]byte, error) { return strconv.AppendUint(b, v.Uint(), 10), nil }
	case reflect.Float32, reflect.Float64:
		return func(b []byte, v reflect.Value) ([]byte, error) { return float(b, v.Float()) }
	case reflect.Pointer:
		elem := encoderOf(t.Elem(), at)
		return func(b []byte, v reflect.Value) ([]byte, error) {
			if v.IsNil() {
				return append(b, "null"...), nil
			}
			return elem(b, v.Elem())
		}
	case reflect.Interface:
		return func(b []byte, v reflect.Value) ([]byte, error) {
			if v.IsNil() {
				return append(b, "null"...), nil
			}
			return encoderOf(v.Elem().Type(), at)(b, v.Elem())
		}
	case reflect.Slice, reflect.Array:
		return listEncoder(t, at)
	case reflect.Map:
		return mapEncoder(t, at)
	case reflect.Struct:
		return structEncoder(t, at)
	}
	panic(fmt.Sprintf("api: %s can't be shown as JSON", t))
}

func float(b []byte, f float64) ([]byte, error) {
	text, err := json.Marshal(f)
	return append(b, text...), err
}

const seconds = "2006-01-02T15:04:05Z"

func timeEncoder(layout string) encoder {
	return func(b []byte, v reflect.Value) ([]byte, error) {
		var t time.Time
		if v.CanAddr() {
			t = *v.Addr().Interface().(*time.Time)
		} else {
			t = v.Interface().(time.Time)
		}
		if t.IsZero() {
			return append(b, "null"...), nil
		}
		b = append(b, '"')
		return append(t.UTC().AppendFormat(b, layout), '"'), nil
	}
}

func listEncoder(t reflect.Type, at Version) encoder {
	elem := encoderOf(t.Elem(), at)
	return func(b []byte, v reflect.Value) ([]byte, error) {
		b = append(b, '[')
		var err error
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = elem(b, v.Index(i)); err != nil {
				return b, err
			}
		}
		return append(b, ']'), nil
	}
}

func mapEncoder(t reflect.Type, at Version) encoder {
	if t.Key().Kind() != reflect.String {
		panic(fmt.Sprintf("api: the keys of %s aren't strings", t))
	}
	if t == reflect.TypeFor[map[string]string]() {
		return func(b []byte, v reflect.Value) ([]byte, error) {
			return texts(b, v.Interface().(map[string]string)), nil
		}
	}
	elem := encoderOf(t.Elem(), at)
	return func(b []byte, v reflect.Value) ([]byte, error) {
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		b = append(b, '{')
		var err error
		for i, k := range keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(quote(b, k.String()), ':')
			if b, err = elem(b, v.MapIndex(k)); err != nil {
				return b, err
			}
		}
		return append(b, '}'), nil
	}
}

// texts appends what many things have, metadata.
func texts(b []byte, of map[string]string) []byte {
	var room [16]string
	keys := room[:0]
	for k := range of {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = quote(append(quote(b, k), ':'), of[k])
	}
	return append(b, '}')
}

type fieldEncoder struct {
	index  []int
	bare   string
	name   []byte // with quotes and colon
	encode encoder
	omit   func(reflect.Value) bool // nil: never
}

func structEncoder(t reflect.Type, at Version) encoder {
	fields := fieldEncoders(t, nil, at)
	return func(b []byte, v reflect.Value) ([]byte, error) { return encodeFields(b, v, fields, nil) }
}

// encodeFields appends a struct's fields, but those that c leaves out.
func encodeFields(b []byte, v reflect.Value, fields []fieldEncoder, c *Chosen) (_ []byte, err error) {
	b = append(b, '{')
	first := true
	for i := range fields {
		f := &fields[i]
		if c != nil && !c.has(f.bare) {
			continue
		}
		fv := v.Field(f.index[0])
		for _, n := range f.index[1:] {
			if fv.Kind() == reflect.Pointer {
				fv = fv.Elem() // invalid, if it is nil
			}
			if !fv.IsValid() {
				break
			}
			fv = fv.Field(n)
		}
		if !fv.IsValid() || f.omit != nil && f.omit(fv) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, f.name...)
		if b, err = f.encode(b, fv); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

func fieldEncoders(t reflect.Type, prefix []int, at Version) []fieldEncoder {
	var out []fieldEncoder
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(slices.Clone(prefix), i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if s, _ := spanOf(f.Tag.Get("since"), f.Tag.Get("until")); !s.holds(at) || name == "-" {
			continue
		}
		if f.Anonymous && name == "" {
			if inside := f.Type; inside.Kind() == reflect.Struct {
				out = append(out, fieldEncoders(inside, index, at)...)
				continue
			} else if inside.Kind() == reflect.Pointer && inside.Elem().Kind() == reflect.Struct { // nil: none of its fields
				out = append(out, fieldEncoders(inside.Elem(), index, at)...)
				continue
			}
		}
		if !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		field := fieldEncoder{index: index, bare: name, name: append(quote(nil, name), ':')}
		if layout := f.Tag.Get("layout"); layout != "" && f.Type == timeType {
			field.encode = timeEncoder(layout)
		} else {
			field.encode = encoderOf(f.Type, at)
		}
		switch {
		case strings.Contains(options, "omitempty"):
			field.omit = empty
		case strings.Contains(options, "omitzero"):
			field.omit = reflect.Value.IsZero
		}
		out = append(out, field)
	}
	return out
}

func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.String, reflect.Array:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// quote appends a JSON string. Unlike encoding/json it leaves <, > and & alone.
func quote(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += n
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = fmt.Appendf(b, "\\u%04x", c)
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
