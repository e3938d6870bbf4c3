package network

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	view "skylog/projections/network"
)

// standard are the attributes that all things have; it is embedded in each.
type standard struct {
	Description string   `json:"description"`
	Revision    int      `json:"revision_number"`
	CreatedAt   string   `json:"created_at"`
	UpdatedAt   string   `json:"updated_at"`
	Tags        []string `json:"tags"`
}

func showStandard(s view.Standard, description string) standard {
	return standard{Description: description, Revision: s.Revision, CreatedAt: stamp(s.CreatedAt), UpdatedAt: stamp(s.UpdatedAt), Tags: list(s.Tags)}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// list is a list that is shown as [] where it is empty.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// texts are values in the form in which they are shown.
func texts[T fmt.Stringer](l []T) []string {
	out := make([]string, len(l))
	for i, v := range l {
		out[i] = v.String()
	}
	return out
}

// null is nil for the empty text.
func null(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// attribute is a field of a wire struct by its name in JSON.
type attribute struct {
	name  string
	index []int
}

// shape is what attributes a wire struct has.
type shape struct{ attributes []attribute }

var shapes sync.Map // of shape by reflect.Type: as many as wire structs

func shapeOf(t reflect.Type) shape {
	if s, ok := shapes.Load(t); ok {
		return s.(shape)
	}
	var s shape
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			s.attributes = append(s.attributes, attribute{name, f.Index})
		}
	}
	shapes.Store(t, s)
	return s
}

// attributeOf is the value of an attribute of a wire struct.
func attributeOf(wire any, name string) any {
	v := reflect.ValueOf(wire)
	for _, a := range shapeOf(v.Type()).attributes {
		if a.name == name {
			return v.FieldByIndex(a.index).Interface()
		}
	}
	return nil
}

// agentTime is how Neutron shows the times of agents: without a zone.
func agentTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }
