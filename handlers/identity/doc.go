// Package identity has the rules of the identity service.
package identity

import "skylog/handlers"

// Register registers the service's deciders.
func Register(r *handlers.Registry) {}
