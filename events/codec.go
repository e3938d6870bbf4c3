package events

import (
	"fmt"

	"github.com/goccy/go-json"
)

// Type is an event type that a codec knows.
type Type struct {
	Name   string
	Decode func([]byte) (Event, error)
}

// Of makes the Type of E. The event's zero value must know its own name.
func Of[E Event]() Type {
	var zero E
	return Type{Name: zero.EventType(), Decode: func(data []byte) (Event, error) {
		var e E
		err := json.Unmarshal(data, &e)
		return e, err
	}}
}

// Codec turns events into their wire form and back.
type Codec struct{ types map[string]Type }

// NewCodec makes a codec of the catalogs of all services. Two types of one name
// are a mistake in the program and panic.
func NewCodec(catalogs ...[]Type) *Codec {
	c := &Codec{types: map[string]Type{}}
	for _, catalog := range catalogs {
		for _, t := range catalog {
			if _, taken := c.types[t.Name]; taken {
				panic("two event types named " + t.Name)
			}
			c.types[t.Name] = t
		}
	}
	return c
}

// UnknownType is the error for an event that this build can't fold: the node
// that meets one must stop serving, as its world would be wrong from there on.
type UnknownType struct{ Name string }

func (u UnknownType) Error() string { return fmt.Sprintf("unknown event type %q", u.Name) }

// Encode makes the record of an event.
func (c *Codec) Encode(e Event) (Record, error) {
	name := e.EventType()
	if _, ok := c.types[name]; !ok {
		return Record{}, UnknownType{name}
	}
	data, err := json.Marshal(e)
	if err != nil {
		return Record{}, fmt.Errorf("encode %s: %w", name, err)
	}
	return Record{Type: name, Data: data}, nil
}

// Decode reads the event of a record.
func (c *Codec) Decode(r Record) (Event, error) {
	t, ok := c.types[r.Type]
	if !ok {
		return nil, UnknownType{r.Type}
	}
	e, err := t.Decode(r.Data)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", r.Type, err)
	}
	return e, nil
}

// Names lists all types the codec knows, in no order.
func (c *Codec) Names() []string {
	names := make([]string, 0, len(c.types))
	for n := range c.types {
		names = append(names, n)
	}
	return names
}
