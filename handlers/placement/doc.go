// Package placement has the rules of the placement service.
package placement

import "skylog/handlers"

// Register registers the service's deciders.
func Register(r *handlers.Registry) {
	handlers.On(r, CreateProvider)
	handlers.On(r, ChangeProvider)
	handlers.On(r, DeleteProvider)
	handlers.On(r, SetInventories)
	handlers.On(r, AddInventory)
	handlers.On(r, ChangeInventory)
	handlers.On(r, RemoveInventory)
	handlers.On(r, SetTraits)
	handlers.On(r, SetAggregates)
	handlers.On(r, CreateTrait)
	handlers.On(r, DeleteTrait)
	handlers.On(r, SetAllocations)
	handlers.On(r, RemoveAllocations)
	handlers.On(r, ReshapeProviders)
	handlers.On(r, CreateResourceClass)
	handlers.On(r, RenameResourceClass)
	handlers.On(r, DeleteResourceClass)
}
