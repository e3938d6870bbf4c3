// Package image has the rules of the image service.
package image

import "skylog/handlers"

// Register registers the service's deciders.
func Register(r *handlers.Registry) {}
