// Package compute is what is known of servers and what belongs to them: a fold
// of the compute service's events.
package compute

import (
	"skylog/events"
)

// Tables are the tables of the compute service.
type Tables struct {
	Keypairs Keypairs
}

// New makes the service's tables, empty.
func New() Tables {
	return Tables{Keypairs: newKeypairs()}
}

// Apply folds one event into every table that it concerns.
func (t *Tables) Apply(e events.Event, m events.Meta) {
	t.Keypairs.Apply(e, m)
}
