// Package network has the rules of the network service.
package network

import "skylog/handlers"

// Register registers the service's deciders.
func Register(r *handlers.Registry) {}
