// Package api is the edge: one HTTP gateway that speaks the OpenStack dialects.
// It authenticates, asks policy, checks what was sent, turns it into commands
// and shows what the world holds. It decides nothing: rules of the services are
// in handlers, and whoever asks for a change holds a commands.Do.
//
// The root knows how any operation is served: faults, microversions, paging,
// limits, request ids, documents. Its subpackages hold the operations of one
// service each, mounted with Handle, which takes no operation without a policy
// rule. A resource is a file: its wire structs, its view functions, its
// operations.
package api
