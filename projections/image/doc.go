// Package image is what is known in the image service: a fold of its events.
package image

import "skylog/events"

// Tables are the tables of the image service.
type Tables struct{}

// New makes the service's tables, empty.
func New() Tables { return Tables{} }

// Apply folds one event into every table that it concerns.
func (t *Tables) Apply(e events.Event, m events.Meta) {}
