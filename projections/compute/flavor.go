package compute

import (
	"cmp"
	"iter"
	"strings"
	"time"

	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections/table"
)

// Flavor is what is known of one flavor. The zero Flavor doesn't exist.
type Flavor struct {
	evt.FlavorCreated
	CreatedAt, UpdatedAt time.Time
}

// Flavors is the table of flavors by id.
type Flavors struct {
	table.Of[string, Flavor]
	byName table.Index[string, string, Flavor]
}

func newFlavors() Flavors {
	t := Flavors{Of: table.New[string, Flavor](strings.Compare)}
	t.byName = table.By(&t.Of, strings.Compare, func(f *Flavor, emit func(string)) { emit(f.Name) })
	return t
}

// Named returns the flavor of a name; there is at most one.
func (t *Flavors) Named(name string) (Flavor, bool) { return table.First(t.byName, &t.Of, name) }

// Apply folds one event into the table.
func (t *Flavors) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.FlavorCreated:
		t.Put(e.ID, Flavor{e, m.Time, time.Time{}})
	case evt.FlavorDescribed:
		t.Update(e.ID, func(f *Flavor) { f.Description, f.UpdatedAt = e.Description, m.Time })
	case evt.FlavorSpecsChanged:
		t.Update(e.ID, func(f *Flavor) { f.ExtraSpecs, f.UpdatedAt = e.ExtraSpecs, m.Time })
	case evt.FlavorDeleted:
		t.Delete(e.ID)
	}
}

// Access is that a project may use a flavor which isn't public.
type Access struct{ FlavorID, ProjectID string }

// FlavorAccess is the table of who may use which flavor.
type FlavorAccess struct{ table.Of[Access, Access] }

func newFlavorAccess() FlavorAccess {
	return FlavorAccess{table.New[Access, Access](func(a, b Access) int {
		return cmp.Or(strings.Compare(a.FlavorID, b.FlavorID), strings.Compare(a.ProjectID, b.ProjectID))
	})}
}

// OfFlavor goes through the projects that may use a flavor.
func (t *FlavorAccess) OfFlavor(id string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for a := range t.From(Access{FlavorID: id}) {
			if a.FlavorID != id || !yield(a.ProjectID) {
				return
			}
		}
	}
}

// Apply folds one event into the table.
func (t *FlavorAccess) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.FlavorAccessGranted:
		a := Access{e.ID, e.ProjectID}
		t.Put(a, a)
	case evt.FlavorAccessRevoked:
		t.Delete(Access{e.ID, e.ProjectID})
	case evt.FlavorDeleted:
		var gone []Access
		for p := range t.OfFlavor(e.ID) {
			gone = append(gone, Access{e.ID, p})
		}
		for _, a := range gone {
			t.Delete(a)
		}
	}
}
