// Package conform runs other people's tests and clients against the built
// binary on simulated hosts: gophercloud's acceptance suite, and Debian's
// openstack client through a script. What they find different from OpenStack
// must stand in docs/differences.md, and what stands there must be found. It
// takes minutes and the Go module proxy, so it runs by make conform only.
package conform
