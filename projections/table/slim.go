package table

import (
	"hash/maphash"
	"reflect"
)

// Strings are those that were seen lately: rows that are read one behind the
// other say the same of many things, and shall say it by the same string. The
// zero Strings has seen none. It is not safe for concurrent use.
type Strings struct {
	seen [1024]string
}

var seed = maphash.MakeSeed()

func (s *Strings) one(text string) string {
	if len(text) < 8 { // hardly anything to spare
		return text
	}
	at := &s.seen[maphash.String(seed, text)%uint64(len(s.seen))]
	if *at != text {
		*at = text
	}
	return *at
}

// slim gives back what reading a value has taken beyond its need: strings that
// are there already, and room behind the ends of lists.
func (s *Strings) slim(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s.one(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				s.slim(f)
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			s.slim(v.Elem())
		}
	case reflect.Slice:
		if v.Len() < v.Cap() {
			exact := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(exact, v)
			v.Set(exact)
		}
		switch v.Type().Elem().Kind() {
		case reflect.String, reflect.Struct, reflect.Pointer, reflect.Slice:
			for i := range v.Len() {
				s.slim(v.Index(i))
			}
		}
	}
}
