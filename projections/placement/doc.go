// Package placement is what is known of resource providers, compute hosts among
// them, and of what clients allocate of them. What servers take of hosts isn't
// here: it is what the compute service's tables say, and projections.World puts
// the two together.
package placement

import (
	computeevt "skylog/events/compute"

	"skylog/events"
	evt "skylog/events/placement"
)

// Tables are the tables of the placement service.
type Tables struct {
	Providers       Providers
	Consumers       Consumers
	Allocations     Allocations
	ResourceClasses Names
	Traits          Names
}

// New makes the service's tables, empty.
func New() Tables {
	return Tables{Providers: newProviders(), Consumers: newConsumers(), Allocations: newAllocations(),
		ResourceClasses: newNames(), Traits: newNames()}
}

// Apply folds one event into every table that it concerns.
func (t *Tables) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ResourceClassCreated:
		t.ResourceClasses.Put(e.Name, Name{m.Time})
	case evt.ResourceClassRenamed:
		t.ResourceClasses.Delete(e.Name)
		t.ResourceClasses.Put(e.To, Name{m.Time})
	case evt.ResourceClassDeleted:
		t.ResourceClasses.Delete(e.Name)
	case evt.TraitCreated:
		t.Traits.Put(e.Name, Name{m.Time})
	case evt.TraitDeleted:
		t.Traits.Delete(e.Name)
	case evt.AllocationsSet:
		t.Consumers.Apply(e, m)
		t.Allocations.Apply(e, m)
		t.Providers.count(e, m)
	case evt.AllocationsRemoved:
		t.Consumers.Apply(e, m)
		t.Allocations.Apply(e, m)
	case computeevt.HostJoined:
		t.Providers.join(e, m)
	case computeevt.HostForgotten:
		t.Providers.part(e, m)
	default:
		t.Providers.Apply(e, m)
	}
}
