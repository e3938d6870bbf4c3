// Package image is what has happened in the image service.
package image

import "skylog/events"

// Catalog lists the event types of the service.
func Catalog() []events.Type {
	return []events.Type{}
}
