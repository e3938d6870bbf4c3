// Package identity is what has happened in the identity service.
package identity

import "skylog/events"

// Catalog lists the event types of the service.
func Catalog() []events.Type {
	return []events.Type{}
}
