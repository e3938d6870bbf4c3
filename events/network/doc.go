// Package network is what has happened in the network service.
package network

import "skylog/events"

// Catalog lists the event types of the service.
func Catalog() []events.Type {
	return []events.Type{}
}
