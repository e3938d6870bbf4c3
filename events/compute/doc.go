// Package compute is what has happened to servers and what belongs to them.
package compute

import "skylog/events"

// Catalog lists the event types of the service.
func Catalog() []events.Type {
	return []events.Type{
		events.Of[KeypairImported](),
		events.Of[KeypairDeleted](),
	}
}
