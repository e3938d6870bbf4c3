// Package compute has the rules of the compute service.
package compute

import "skylog/handlers"

// Register registers the service's deciders.
func Register(r *handlers.Registry) {
	handlers.On(r, ImportKeypair)
	handlers.On(r, DeleteKeypair)
}
