package identity

import (
	"strings"

	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections/table"
)

// Domain is what is known of one domain.
type Domain struct {
	ID, Name, Description string
	Enabled, Immutable    bool
	Extra                 string
	// TokensSince is the frame before which no token had in or for the domain holds.
	TokensSince uint64
}

// Domains is the table of domains, in the order of ids.
type Domains struct {
	table.Of[string, Domain]
	byName table.Index[string, string, Domain]
}

func newDomains() Domains {
	t := Domains{Of: table.New[string, Domain](strings.Compare)}
	t.byName = table.By(&t.Of, strings.Compare, func(d *Domain, emit func(string)) { emit(d.Name) })
	return t
}

// Named returns the domain of a name.
func (t *Domains) Named(name string) (Domain, bool) { return table.First(t.byName, &t.Of, name) }

// Apply folds one event into the table.
func (t *Domains) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.DomainCreated:
		t.Put(e.ID, Domain{ID: e.ID, Name: e.Name, Description: e.Description, Enabled: e.Enabled, Immutable: e.Immutable, Extra: e.Extra})
	case evt.DomainDescribed:
		t.Update(e.ID, func(d *Domain) {
			d.Name, d.Description, d.Immutable, d.Extra = e.Name, e.Description, e.Immutable, e.Extra
		})
	case evt.DomainEnabled:
		t.Update(e.ID, func(d *Domain) { d.Enabled = true })
	case evt.DomainDisabled:
		t.Update(e.ID, func(d *Domain) { d.Enabled, d.TokensSince = false, m.Seq })
	case evt.DomainDeleted:
		t.Delete(e.ID)
	}
}
