// Package placement is what has happened to resource providers, and to what
// clients allocate of them. What servers take of hosts are events of the
// compute service.
package placement

import "skylog/events"

// Catalog lists the event types of the service.
func Catalog() []events.Type {
	return []events.Type{
		events.Of[ProviderCreated](),
		events.Of[ProviderRenamed](),
		events.Of[ProviderMoved](),
		events.Of[ProviderDeleted](),
		events.Of[InventoriesSet](),
		events.Of[TraitsSet](),
		events.Of[AggregatesSet](),
		events.Of[AllocationsSet](),
		events.Of[AllocationsRemoved](),
		events.Of[ResourceClassCreated](),
		events.Of[ResourceClassRenamed](),
		events.Of[ResourceClassDeleted](),
		events.Of[TraitCreated](),
		events.Of[TraitDeleted](),
	}
}
