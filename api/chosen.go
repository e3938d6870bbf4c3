package api

import (
	"reflect"
	"slices"
	"sync"
)

// Chosen is a struct in a body of which some fields are left out: those not asked
// for, and those that the caller may not see.
type Chosen struct {
	Value any      // a struct
	Only  []string // by their names in JSON; empty: all
	Hide  []string
}

var chosenType = reflect.TypeFor[Chosen]()

func (c *Chosen) has(name string) bool {
	return (len(c.Only) == 0 || slices.Contains(c.Only, name)) && !slices.Contains(c.Hide, name)
}

// chosenEncoder keeps the encoders of the fields of each type that it meets.
func chosenEncoder(at Version) encoder {
	var known sync.Map // of []fieldEncoder by reflect.Type: as many as wire types
	return func(b []byte, v reflect.Value) ([]byte, error) {
		c := v.Interface().(Chosen)
		value := reflect.ValueOf(c.Value)
		fields, ok := known.Load(value.Type())
		if !ok {
			fields, _ = known.LoadOrStore(value.Type(), fieldEncoders(value.Type(), nil, at))
		}
		return encodeFields(b, value, fields.([]fieldEncoder), &c)
	}
}
